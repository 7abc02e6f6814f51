/**
 * Every flag of the podlog command: its name, who takes it, its default, what help says, and how its text becomes a
 * value. Each has an environment twin, `--data-dir` and `PODLOG_DATA_DIR`; the flag wins.
 */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { compileStartPattern } from '../agent/start-pattern.ts';
import { parseDurationMs } from '../shared/duration.ts';
import { labelName } from '../shared/labels.ts';

/** Each costs the flush time and the segment bytes. */
const INDEX_FIELDS_MAX = 32;

/** Each is a label of every stream, and streams may have no more than 30. */
const POD_LABELS_MAX = 16;
/** What lines are labelled with anyway. */
const OWN_LABELS: readonly string[] = [
  'namespace',
  'pod',
  'container',
  'stream',
  'node',
  'app',
  'component',
  'owner',
  'source',
];
/** Of Kubernetes: an optional DNS prefix, and a name. */
const POD_LABEL_KEY = /^(?:[a-z0-9.-]{1,253}\/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;

export const COMMAND_NAMES = ['up', 'server', 'agent', 'check'] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

export interface Flag<T> {
  /** Without the dashes. */
  readonly name: string;
  readonly commands: readonly CommandName[];
  /** What stands for the value in help; empty for a switch, which is true when it is there. */
  readonly value: string;
  /** As text, the way a user would write it. */
  readonly defaultText: string;
  readonly help: string;
  /** @throws RangeError with what is wrong and what is allowed, as the end of a sentence that begins with the flag */
  readonly parse: (text: string) => T;
}

/** Where to listen. IPv6 addresses come without their brackets. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Below it is a mistake: the unit was forgotten, or misread. */
const RETENTION_MS_MIN = 60_000;

/** Some of it is kept free for compactions (MAX_SIZE_RESERVE_BYTES). */
const MAX_SIZE_BYTES_MIN = 2 ** 30;

/** Less is a container that should not log at all. */
const RATE_LIMIT_BYTES_MIN = 100e3;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const podsDir: Flag<string> = {
  name: 'pods-dir',
  commands: ['up', 'agent'],
  value: 'dir',
  defaultText: '/var/log/pods',
  help: "the node's pod logs, as kubelet lays them out",
  parse: parsePath,
};

export const dataDir: Flag<string> = {
  name: 'data-dir',
  commands: ['up', 'server', 'check'],
  value: 'dir',
  defaultText: './data',
  help: 'where the store keeps its files; made when missing',
  parse: parsePath,
};

export const listen: Flag<ListenAddress> = {
  name: 'listen',
  commands: ['up', 'server'],
  value: 'host:port',
  defaultText: '127.0.0.1:3100',
  help: 'address of the HTTP interface; 0.0.0.0:3100 for all interfaces',
  parse: parseListen,
};

export const retention: Flag<number> = {
  name: 'retention',
  commands: ['up', 'server'],
  value: 'duration',
  defaultText: '30d',
  help: 'how long lines are kept; forever keeps them all',
  parse: parseRetentionMs,
};

export const maxSize: Flag<number> = {
  name: 'max-size',
  commands: ['up', 'server'],
  value: 'size',
  defaultText: 'unlimited',
  help: 'of all files; beyond it the oldest lines go',
  parse: parseMaxSizeBytes,
};

export const retentionRules: Flag<string | undefined> = {
  name: 'retention-rules',
  commands: ['up', 'server'],
  value: 'file',
  defaultText: 'none',
  help: 'YAML list of { selector, age }, see the README',
  parse: parseOptionalPath,
};

export const rules: Flag<string | undefined> = {
  name: 'rules',
  commands: ['up', 'server'],
  value: 'file',
  defaultText: 'none',
  help: 'YAML: what agents exclude, drop and redact, see the README',
  parse: parseOptionalPath,
};

export const indexFields: Flag<readonly string[]> = {
  name: 'index-fields',
  commands: ['up', 'server', 'check'],
  value: 'names',
  defaultText: 'request_id,user_id,trace_id,level,path',
  help: 'fields that compactions index',
  parse: parseNames,
};

export const tokensFile: Flag<string | undefined> = {
  name: 'tokens-file',
  commands: ['up', 'server'],
  value: 'file',
  defaultText: 'none',
  help: 'YAML list of { name, token, scopes }, see the README',
  parse: parseOptionalPath,
};

export const tokenReview: Flag<boolean> = {
  name: 'token-review',
  commands: ['up', 'server'],
  value: '',
  defaultText: 'false',
  help: 'know agents by their ServiceAccount tokens, in a cluster',
  parse: parseSwitch,
};

export const agentAccounts: Flag<readonly string[]> = {
  name: 'agent-accounts',
  commands: ['up', 'server'],
  value: 'names',
  defaultText: 'podlog/podlog-agent',
  help: "agents' ServiceAccounts, for --token-review",
  parse: parseServiceAccounts,
};

export const openMetrics: Flag<boolean> = {
  name: 'open-metrics',
  commands: ['up', 'server'],
  value: '',
  defaultText: 'false',
  help: 'anybody may read /metrics',
  parse: parseSwitch,
};

export const insecureNoAuth: Flag<boolean> = {
  name: 'insecure-no-auth',
  commands: ['up', 'server'],
  value: '',
  defaultText: 'false',
  help: 'anybody may read, write and erase, on any address',
  parse: parseSwitch,
};

export const kubernetes: Flag<string> = {
  name: 'kubernetes',
  commands: ['up', 'server'],
  value: 'api',
  defaultText: 'auto',
  help: 'in-cluster, a kubeconfig, a URL, off; auto: in a pod',
  parse: (text) => (/^(?:auto|off|in-cluster)$/.test(text) ? text : parseApi(text)),
};

export const podLabels: Flag<readonly string[]> = {
  name: 'pod-labels',
  commands: ['up', 'server'],
  value: 'keys',
  defaultText: 'none',
  help: 'pod labels that lines get, besides app and component',
  parse: parsePodLabels,
};

export const server: Flag<string> = {
  name: 'server',
  commands: ['agent'],
  value: 'url',
  defaultText: 'http://127.0.0.1:3100',
  help: 'the podlog server that gets the lines',
  parse: parseUrl,
};

export const node: Flag<string> = {
  name: 'node',
  commands: ['up', 'agent'],
  value: 'name',
  defaultText: hostname(),
  help: 'name of this node; in a cluster, spec.nodeName',
  parse: parseName,
};

export const tokenFile: Flag<string | undefined> = {
  name: 'token-file',
  commands: ['agent'],
  value: 'file',
  defaultText: 'none',
  help: 'holds the token that the server asks for; may change',
  parse: parseOptionalPath,
};

export const metricsListen: Flag<ListenAddress | undefined> = {
  name: 'metrics-listen',
  commands: ['agent'],
  value: 'host:port',
  defaultText: 'off',
  help: 'address of /metrics and /healthz of the agent',
  parse: (text) => (text === 'off' ? undefined : parseListen(text)),
};

export const containerRateLimit: Flag<number | undefined> = {
  name: 'container-rate-limit',
  commands: ['agent'],
  value: 'size',
  defaultText: 'off',
  help: 'of each container in a second; more is dropped',
  parse: parseRateLimit,
};

export const multiline: Flag<boolean> = {
  name: 'multiline',
  commands: ['up', 'agent'],
  value: 'on|off',
  defaultText: 'on',
  help: 'join the lines of a panic or a stack trace into one entry',
  parse: parseOnOff,
};

export const multilineStart: Flag<string | undefined> = {
  name: 'multiline-start',
  commands: ['up', 'agent'],
  value: 're',
  defaultText: 'none',
  help: 'matches the first line of an entry',
  parse: parseStartPattern,
};

export const logLevel: Flag<LogLevel> = {
  name: 'log-level',
  commands: ['up', 'server', 'agent'],
  value: 'level',
  defaultText: 'info',
  help: LOG_LEVELS.join(', '),
  parse: parseLogLevel,
};

export const repair: Flag<boolean> = {
  name: 'repair',
  commands: ['check'],
  value: '',
  defaultText: 'false',
  help: 'set aside what is broken, in quarantine/, and keep all else',
  parse: parseSwitch,
};

export const json: Flag<boolean> = {
  name: 'json',
  commands: ['check'],
  value: '',
  defaultText: 'false',
  help: 'one JSON object a line, for programs',
  parse: parseSwitch,
};

/** In the order in which help lists them. */
export const FLAGS: readonly Flag<unknown>[] = [
  podsDir,
  dataDir,
  listen,
  retention,
  maxSize,
  retentionRules,
  rules,
  indexFields,
  tokensFile,
  tokenReview,
  agentAccounts,
  openMetrics,
  insecureNoAuth,
  kubernetes,
  podLabels,
  server,
  tokenFile,
  node,
  metricsListen,
  containerRateLimit,
  multiline,
  multilineStart,
  repair,
  json,
  logLevel,
];

/** `PODLOG_DATA_DIR` for `--data-dir`. */
export function environmentName(flag: Flag<unknown>): string {
  return `PODLOG_${flag.name.toUpperCase().replaceAll('-', '_')}`;
}

function parsePath(text: string): string {
  return resolve(text);
}

function parseOptionalPath(text: string): string | undefined {
  return text === 'none' ? undefined : parsePath(text);
}

function parseServiceAccounts(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  const name = '[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?';
  if (!names.every((each) => new RegExp(`^(?:${name}/)?${name}$`).test(each))) {
    throw new RangeError('must be namespaces and names, separated by commas, such as podlog/podlog-agent');
  }
  return names;
}

function parseName(text: string): string {
  if (/[\s/]/.test(text))
    throw new RangeError('must be a name without spaces and slashes, as `kubectl get nodes` shows it');
  return text;
}

/** Field names, separated by commas; none to index nothing. */
function parseNames(text: string): readonly string[] {
  const names = text === 'none' ? [] : text.split(',').map((name) => name.trim());
  if (names.includes('') || names.length > INDEX_FIELDS_MAX) {
    throw new RangeError(
      `must be none, or up to ${INDEX_FIELDS_MAX} names separated by commas, such as request_id,user_id`,
    );
  }
  return [...new Set(names)];
}

/** Keys of pod labels, no two of which lines would know by the same name. */
function parsePodLabels(text: string): readonly string[] {
  const keys = text === 'none' ? [] : [...new Set(text.split(',').map((key) => key.trim()))];
  const wrong = keys.find((key) => !POD_LABEL_KEY.test(key));
  if (wrong !== undefined || keys.length > POD_LABELS_MAX) {
    throw new RangeError(
      `must be none, or up to ${POD_LABELS_MAX} keys of pod labels separated by commas, such as team,example.com/tier`,
    );
  }
  const names = [...OWN_LABELS, ...keys.map(labelName)];
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new RangeError(`must leave the label ${twice} to one: two would have this name`);
  return keys;
}

function parseApi(text: string): string {
  return /^https?:/.test(text) ? parseUrl(text) : parsePath(text);
}

function parseListen(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s[\]/]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new RangeError('must be an address and a port, such as 127.0.0.1:3100 or [::1]:3100');
  }
  return { host: match[1] ?? (match[2] === '' ? '0.0.0.0' : match[2]!), port };
}

function parseUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new RangeError('must be an http or https URL, such as http://podlog:3100');
  }
  return text.replace(/\/+$/, '');
}

function parseRetentionMs(text: string): number {
  if (text === 'forever') return Infinity;
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined || durationMs < RETENTION_MS_MIN)
    throw new RangeError('must be a duration of a minute or more, such as 12h, 30d or 8w; or forever');
  return durationMs;
}

const SIZE_UNITS: Readonly<Record<string, number>> = {
  KB: 1e3,
  KiB: 2 ** 10,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** 0 for what is no size. */
function parseSizeBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([KMGT]i?B)$/.exec(text);
  return match === null ? 0 : Math.floor(Number(match[1]) * SIZE_UNITS[match[2]!]!);
}

function parseRateLimit(text: string): number | undefined {
  if (text === 'off') return undefined;
  const bytes = parseSizeBytes(text.replace(/\/s$/, ''));
  if (bytes < RATE_LIMIT_BYTES_MIN) throw new RangeError('must be 100KB or more, such as 500KB or 2MiB; or off');
  return bytes;
}

function parseOnOff(text: string): boolean {
  if (text !== 'on' && text !== 'off') throw new RangeError('must be on or off');
  return text === 'on';
}

function parseStartPattern(text: string): string | undefined {
  if (text === 'none') return undefined;
  try {
    compileStartPattern(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    const what = 'must be a regular expression without look-around and back-references, such as ^\\d{4}-';
    throw new RangeError(what, { cause });
  }
  return text;
}

function parseMaxSizeBytes(text: string): number {
  if (text === 'unlimited') return Infinity;
  const bytes = parseSizeBytes(text);
  if (bytes < MAX_SIZE_BYTES_MIN) throw new RangeError('must be 1GiB or more, such as 20GB or 1.5TB; or unlimited');
  return bytes;
}

function parseSwitch(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new RangeError('must be true or false');
  return text === 'true';
}

function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((name) => name === text);
  if (level === undefined) throw new RangeError(`must be one of ${LOG_LEVELS.join(', ')}`);
  return level;
}
