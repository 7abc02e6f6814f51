/**
 * Every flag of the podlog command, those of an import from `import-flags`: its name, who takes it, its default, what help says, and how its text becomes a
 * value. Each has an environment twin, `--data-dir` and `PODLOG_DATA_DIR`; the flag wins.
 */
import { hostname } from 'node:os';
import type { Flag } from './flag.ts';
import { type ListenAddress, parseApi, parseListen, parseOptionalListen, parseUrl } from './flag-values/address.ts';
import { parseMaxSizeBytes, parseRateLimit, parseRetentionMs } from './flag-values/amount.ts';
import { LOG_LEVELS, type LogLevel, parseLogLevel, parseSwitch } from './flag-values/choice.ts';
import {
  parseBytesMax,
  parseLinesMax,
  parsePointsMax,
  parseRangeMsMax,
  parseSeriesMax,
  parseTenantsMax,
  parseTimeMsMax,
} from './flag-values/loki-limit.ts';
import {
  parseFieldNames,
  parseNodeName,
  parseObjectName,
  parsePodLabels,
  parseServiceAccounts,
} from './flag-values/name.ts';
import { parseOptionalPath, parsePath, parsePaths } from './flag-values/path.ts';
import { parseStartPattern } from './flag-values/start-pattern.ts';
import { IMPORT_FLAGS } from './import-flags.ts';

export const podsDir: Flag<string> = {
  name: 'pods-dir',
  commands: ['up', 'agent'],
  placeholder: 'dir',
  defaultText: '/var/log/pods',
  help: "the node's pod logs, as kubelet lays them out",
  parse: parsePath,
};

export const linkedDirs: Flag<readonly string[]> = {
  name: 'linked-dirs',
  commands: ['up', 'agent'],
  placeholder: 'dirs',
  defaultText: 'none',
  help: 'where links in --pods-dir may lead, separated by commas',
  parse: parsePaths,
};

export const dataDir: Flag<string> = {
  name: 'data-dir',
  commands: ['up', 'server', 'check'],
  placeholder: 'dir',
  defaultText: './data',
  help: 'where the store keeps its files; made when missing',
  parse: parsePath,
};

export const listen: Flag<ListenAddress> = {
  name: 'listen',
  commands: ['up', 'server', 'forward'],
  placeholder: 'host:port',
  defaultText: '127.0.0.1:3100',
  help: 'address of the HTTP interface; 0.0.0.0:3100 for all interfaces',
  parse: parseListen,
};

export const retention: Flag<number> = {
  name: 'retention',
  commands: ['up', 'server'],
  placeholder: 'duration',
  defaultText: '30d',
  help: 'how long lines are kept; forever keeps them all',
  parse: parseRetentionMs,
};

export const maxSize: Flag<number> = {
  name: 'max-size',
  commands: ['up', 'server'],
  placeholder: 'size',
  defaultText: 'unlimited',
  help: 'of all files; beyond it the oldest lines go',
  parse: parseMaxSizeBytes,
};

export const retentionRules: Flag<string | undefined> = {
  name: 'retention-rules',
  commands: ['up', 'server'],
  placeholder: 'file',
  defaultText: 'none',
  help: 'YAML list of { selector, age }, see docs/operations.md',
  parse: parseOptionalPath,
};

export const rules: Flag<string | undefined> = {
  name: 'rules',
  commands: ['up', 'server'],
  placeholder: 'file',
  defaultText: 'none',
  help: 'YAML: what agents exclude, drop and redact, see docs/rules.md',
  parse: parseOptionalPath,
};

export const indexFields: Flag<readonly string[]> = {
  name: 'index-fields',
  commands: ['up', 'server', 'check'],
  placeholder: 'names',
  defaultText: 'request_id,user_id,trace_id,path',
  help: 'fields that compactions index',
  parse: parseFieldNames,
};

export const tokensFile: Flag<string | undefined> = {
  name: 'tokens-file',
  commands: ['up', 'server'],
  placeholder: 'file',
  defaultText: 'none',
  help: 'YAML list of { name, token, scopes }, see docs/access.md',
  parse: parseOptionalPath,
};

export const usersFile: Flag<string | undefined> = {
  name: 'users-file',
  commands: ['up', 'server'],
  placeholder: 'file',
  defaultText: 'none',
  help: 'YAML: sign-in by proxy or OIDC, what users may, see docs/access.md',
  parse: parseOptionalPath,
};

export const tokenReview: Flag<boolean> = {
  name: 'token-review',
  commands: ['up', 'server'],
  placeholder: '',
  defaultText: 'false',
  help: 'know agents by their ServiceAccount tokens, in a cluster',
  parse: parseSwitch,
};

export const agentAccounts: Flag<readonly string[]> = {
  name: 'agent-accounts',
  commands: ['up', 'server'],
  placeholder: 'names',
  defaultText: 'podlog/podlog-agent',
  help: "agents' ServiceAccounts, for --token-review",
  parse: parseServiceAccounts,
};

export const openMetrics: Flag<boolean> = {
  name: 'open-metrics',
  commands: ['up', 'server'],
  placeholder: '',
  defaultText: 'false',
  help: 'anybody may read /metrics',
  parse: parseSwitch,
};

export const insecureNoAuth: Flag<boolean> = {
  name: 'insecure-no-auth',
  commands: ['up', 'server'],
  placeholder: '',
  defaultText: 'false',
  help: 'anybody may read, write and erase, on any address',
  parse: parseSwitch,
};

export const lokiService: Flag<boolean> = {
  name: 'loki-service',
  commands: ['up', 'server'],
  placeholder: 'on|off',
  defaultText: 'on',
  help: "Loki's API: streams have service_name",
  parse: parseSwitch,
};

export const lokiLevel: Flag<boolean> = {
  name: 'loki-level',
  commands: ['up', 'server'],
  placeholder: 'on|off',
  defaultText: 'on',
  help: "Loki's API: lines have detected_level",
  parse: parseSwitch,
};

export const lokiFields: Flag<boolean> = {
  name: 'loki-fields',
  commands: ['up', 'server'],
  placeholder: 'on|off',
  defaultText: 'on',
  help: "Loki's API: label filters without a parser find fields",
  parse: parseSwitch,
};

export const lokiMaxSeries: Flag<number> = {
  name: 'loki-max-series',
  commands: ['up', 'server'],
  placeholder: 'n',
  defaultText: '500',
  help: "Loki's API: series of an answer",
  parse: parseSeriesMax,
};

export const lokiMaxLines: Flag<number> = {
  name: 'loki-max-lines',
  commands: ['up', 'server'],
  placeholder: 'n',
  defaultText: '5000',
  help: "Loki's API: lines of an answer",
  parse: parseLinesMax,
};

export const lokiMaxBytes: Flag<number> = {
  name: 'loki-max-bytes',
  commands: ['up', 'server'],
  placeholder: 'size',
  defaultText: '64MiB',
  help: "Loki's API: size of an answer with lines",
  parse: parseBytesMax,
};

export const lokiMaxPoints: Flag<number> = {
  name: 'loki-max-points',
  commands: ['up', 'server'],
  placeholder: 'n',
  defaultText: '11000',
  help: "Loki's API: points of a series",
  parse: parsePointsMax,
};

export const lokiMaxRange: Flag<number> = {
  name: 'loki-max-range',
  commands: ['up', 'server'],
  placeholder: 'time',
  defaultText: '30d1h',
  help: "Loki's API: time range of a query",
  parse: parseRangeMsMax,
};

export const lokiMaxTime: Flag<number> = {
  name: 'loki-max-time',
  commands: ['up', 'server'],
  placeholder: 'time',
  defaultText: '10m',
  help: "Loki's API: how long a query may take",
  parse: parseTimeMsMax,
};

export const tenants: Flag<number> = {
  name: 'tenants',
  commands: ['up', 'server'],
  placeholder: 'n|off',
  defaultText: 'off',
  help: 'how many tenants X-Scope-OrgID may name',
  parse: parseTenantsMax,
};

export const kubernetes: Flag<string> = {
  name: 'kubernetes',
  commands: ['up', 'server'],
  placeholder: 'api',
  defaultText: 'auto',
  help: 'in-cluster, a kubeconfig, a URL, off; auto: in a pod',
  parse: parseApi,
};

export const usage: Flag<boolean> = {
  name: 'usage',
  commands: ['up', 'server'],
  placeholder: 'on|off',
  defaultText: 'on',
  help: 'keep the CPU and memory of pods and nodes each minute, from the metrics API',
  parse: parseSwitch,
};

export const podLabels: Flag<readonly string[]> = {
  name: 'pod-labels',
  commands: ['up', 'server'],
  placeholder: 'keys',
  defaultText: 'none',
  help: 'pod labels that lines get, besides app and component',
  parse: parsePodLabels,
};

export const server: Flag<string> = {
  name: 'server',
  commands: ['agent', 'import'],
  placeholder: 'url',
  defaultText: 'http://127.0.0.1:3100',
  help: 'the podlog server that gets the lines',
  parse: parseUrl,
};

export const node: Flag<string> = {
  name: 'node',
  commands: ['up', 'agent'],
  placeholder: 'name',
  defaultText: hostname(),
  help: 'name of this node; in a cluster, spec.nodeName',
  parse: parseNodeName,
};

export const tokenFile: Flag<string | undefined> = {
  name: 'token-file',
  commands: ['agent', 'import'],
  placeholder: 'file',
  defaultText: 'none',
  help: 'holds the token that the server asks for; may change',
  parse: parseOptionalPath,
};

export const metricsListen: Flag<ListenAddress | undefined> = {
  name: 'metrics-listen',
  commands: ['agent'],
  placeholder: 'host:port',
  defaultText: 'off',
  help: 'address of /metrics and /healthz of the agent',
  parse: parseOptionalListen,
};

export const containerRateLimit: Flag<number | undefined> = {
  name: 'container-rate-limit',
  commands: ['agent'],
  placeholder: 'size',
  defaultText: 'off',
  help: 'of each container in a second; more is dropped',
  parse: parseRateLimit,
};

export const multiline: Flag<boolean> = {
  name: 'multiline',
  commands: ['up', 'agent'],
  placeholder: 'on|off',
  defaultText: 'on',
  help: 'join the lines of a panic or a stack trace into one entry',
  parse: parseSwitch,
};

export const multilineStart: Flag<string | undefined> = {
  name: 'multiline-start',
  commands: ['up', 'agent'],
  placeholder: 're',
  defaultText: 'none',
  help: 'matches the first line of an entry',
  parse: parseStartPattern,
};

export const logLevel: Flag<LogLevel> = {
  name: 'log-level',
  commands: ['up', 'server', 'agent', 'forward'],
  placeholder: 'level',
  defaultText: 'info',
  help: LOG_LEVELS.join(', '),
  parse: parseLogLevel,
};

export const repair: Flag<boolean> = {
  name: 'repair',
  commands: ['check'],
  placeholder: '',
  defaultText: 'false',
  help: 'move what is broken to quarantine/ and keep everything else',
  parse: parseSwitch,
};

export const json: Flag<boolean> = {
  name: 'json',
  commands: ['check'],
  placeholder: '',
  defaultText: 'false',
  help: 'one JSON object a line, for programs',
  parse: parseSwitch,
};

export const kubeconfig: Flag<string | undefined> = {
  name: 'kubeconfig',
  commands: ['forward'],
  placeholder: 'file',
  defaultText: 'none',
  help: 'instead of $KUBECONFIG or ~/.kube/config',
  parse: parseOptionalPath,
};

export const namespace: Flag<string> = {
  name: 'namespace',
  commands: ['forward'],
  placeholder: 'name',
  defaultText: 'podlog',
  help: 'where podlog runs in the cluster',
  parse: parseObjectName,
};

export const service: Flag<string> = {
  name: 'service',
  commands: ['forward'],
  placeholder: 'name',
  defaultText: 'podlog',
  help: "name of the server's Service",
  parse: parseObjectName,
};

/** In the order in which help lists them. */
export const FLAGS: readonly Flag<unknown>[] = [
  podsDir,
  linkedDirs,
  dataDir,
  listen,
  retention,
  maxSize,
  retentionRules,
  rules,
  indexFields,
  tokensFile,
  usersFile,
  tokenReview,
  agentAccounts,
  openMetrics,
  insecureNoAuth,
  lokiService,
  lokiLevel,
  lokiFields,
  lokiMaxSeries,
  lokiMaxLines,
  lokiMaxBytes,
  lokiMaxPoints,
  lokiMaxRange,
  lokiMaxTime,
  tenants,
  kubernetes,
  usage,
  podLabels,
  server,
  tokenFile,
  node,
  metricsListen,
  containerRateLimit,
  multiline,
  multilineStart,
  kubeconfig,
  namespace,
  service,
  repair,
  json,
  ...IMPORT_FLAGS,
  logLevel,
];
