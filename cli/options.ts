/**
 * From the command line and the environment to what a command runs with. Every mistake is a UsageError with one line
 * that says what to write instead.
 */
import { parseArgs } from 'node:util';
import type { Multiline } from '../agent/rules/multiline.ts';
import type { AccessOptions } from '../server/auth/access.ts';
import type { LogqlLimits } from '../server/query/logql/query-limits.ts';
import { UsageError } from '../shared/errors.ts';
import { didYouMean } from '../shared/nearest.ts';
import type { ListenAddress } from './flag-values/address.ts';
import type { LogLevel } from './flag-values/choice.ts';
import {
  COMMAND_NAMES,
  type CommandName,
  ENVIRONMENT_PREFIX,
  environmentName,
  type Flag,
  type ReadFlag,
} from './flag.ts';
import * as flags from './flags.ts';
import { type ImportOptions, importOptions, withoutSource } from './import-options.ts';

export interface ServerOptions {
  readonly dataDir: string;
  readonly listen: ListenAddress;
  readonly retentionMs: number;
  /** Infinity when only time counts. */
  readonly maxSizeBytes: number;
  readonly retentionRulesPath: string | undefined;
  readonly rulesPath: string | undefined;
  readonly indexedFields: readonly string[];
  readonly access: AccessOptions;
  /** What Loki's API adds to streams and lines. */
  readonly lokiDiscovery: { readonly serviceName: boolean; readonly logLevels: boolean; readonly fields: boolean };
  readonly lokiLimits: LogqlLimits;
  /** 0 without tenants. */
  readonly tenantsMax: number;
  /** Undefined outside a cluster. */
  readonly kubernetes:
    { readonly api: string; readonly podLabels: readonly string[]; readonly isSampled: boolean } | undefined;
  readonly logLevel: LogLevel;
}

export interface AgentOptions {
  readonly podsDir: string;
  readonly linkedDirs: readonly string[];
  readonly server: string;
  readonly tokenFile: string | undefined;
  readonly node: string;
  readonly metricsListen: ListenAddress | undefined;
  /** Bytes a second. */
  readonly containerRateLimit: number | undefined;
  readonly multiline: Multiline;
  readonly logLevel: LogLevel;
}

export interface UpOptions extends ServerOptions {
  readonly podsDir: string;
  /** Whether a flag or the environment names the folder. The sample workload replaces only the default one. */
  readonly isPodsDirGiven: boolean;
  readonly linkedDirs: readonly string[];
  readonly node: string;
  readonly multiline: Multiline;
}

export interface CheckOptions {
  readonly dataDir: string;
  /** The fields that a repair indexes in the segments that it rewrites. */
  readonly indexedFields: readonly string[];
  readonly repair: boolean;
  readonly json: boolean;
}

export interface ForwardOptions {
  /** Undefined: where kubectl looks. */
  readonly kubeconfig: string | undefined;
  readonly namespace: string;
  readonly service: string;
  readonly listen: ListenAddress;
  readonly logLevel: LogLevel;
}

export type Invocation =
  | { readonly kind: 'help'; readonly about: CommandName | undefined }
  | { readonly kind: 'version' }
  | { readonly kind: 'up'; readonly options: UpOptions }
  | { readonly kind: 'server'; readonly options: ServerOptions }
  | { readonly kind: 'agent'; readonly options: AgentOptions }
  | { readonly kind: 'forward'; readonly options: ForwardOptions }
  | { readonly kind: 'check'; readonly options: CheckOptions }
  | { readonly kind: 'import'; readonly options: ImportOptions };

type Environment = Readonly<Record<string, string | undefined>>;

/** Flag name → text, for a command's flags that were given on the command line. */
type Given = ReadonlyMap<string, string>;

/**
 * @param args  what follows `podlog`
 * @throws UsageError
 */
export function parseInvocation(args: readonly string[], env: Environment): Invocation {
  const [first, ...rest] = args;
  if (first === undefined)
    throw new UsageError(`which command? ${COMMAND_NAMES.join(', ')}; podlog --help explains them`);
  if (first === '--help' || first === '-h' || first === 'help') return { kind: 'help', about: commandNamed(rest[0]) };
  if (first === '--version' || first === '-V' || first === 'version') return { kind: 'version' };
  const command = commandNamed(first);
  if (command === undefined) {
    if (first.startsWith('-')) throw new UsageError(`the command comes before its flags: podlog up ${first}`);
    throw new UsageError(
      `there is no command ${quote(first)}${didYouMean(first, COMMAND_NAMES)}; podlog --help lists them`,
    );
  }
  const given = givenFlags(command, command === 'import' ? withoutSource(rest) : rest);
  if (given === 'help') return { kind: 'help', about: command };
  expectKnownVariables(command, env);
  const read: ReadFlag = (flag) => readFlag(flag, given, env);
  switch (command) {
    case 'server':
      return { kind: command, options: serverOptions(read, env) };
    case 'agent':
      return { kind: command, options: agentOptions(read) };
    case 'forward':
      return {
        kind: command,
        options: {
          kubeconfig: read(flags.kubeconfig),
          namespace: read(flags.namespace),
          service: read(flags.service),
          listen: read(flags.listen),
          logLevel: read(flags.logLevel),
        },
      };
    case 'check':
      return {
        kind: command,
        options: {
          dataDir: read(flags.dataDir),
          indexedFields: read(flags.indexFields),
          repair: read(flags.repair),
          json: read(flags.json),
        },
      };
    case 'import':
      return { kind: command, options: importOptions(read) };
    case 'up':
      return {
        kind: command,
        options: {
          ...serverOptions(read, env),
          podsDir: read(flags.podsDir),
          isPodsDirGiven: isGiven(flags.podsDir, given, env),
          linkedDirs: read(flags.linkedDirs),
          node: read(flags.node),
          multiline: multilineOptions(read),
        },
      };
  }
}

function serverOptions(read: ReadFlag, env: Environment): ServerOptions {
  return {
    dataDir: read(flags.dataDir),
    listen: read(flags.listen),
    retentionMs: read(flags.retention),
    maxSizeBytes: read(flags.maxSize),
    retentionRulesPath: read(flags.retentionRules),
    rulesPath: read(flags.rules),
    indexedFields: read(flags.indexFields),
    access: {
      tokensFile: read(flags.tokensFile),
      usersFile: read(flags.usersFile),
      tokenReview: read(flags.tokenReview),
      agentAccounts: read(flags.agentAccounts),
      openMetrics: read(flags.openMetrics),
      insecureNoAuth: read(flags.insecureNoAuth),
    },
    lokiLimits: {
      seriesMax: read(flags.lokiMaxSeries),
      linesMax: read(flags.lokiMaxLines),
      answerBytesMax: read(flags.lokiMaxBytes),
      pointsMax: read(flags.lokiMaxPoints),
      rangeMsMax: read(flags.lokiMaxRange),
      runMsMax: read(flags.lokiMaxTime),
    },
    tenantsMax: read(flags.tenants),
    lokiDiscovery: {
      serviceName: read(flags.lokiService),
      logLevels: read(flags.lokiLevel),
      fields: read(flags.lokiFields),
    },
    kubernetes: kubernetesOptions(read, env),
    logLevel: read(flags.logLevel),
  };
}

/** `auto` means a cluster where there is the variable that Kubernetes sets in each container. */
function kubernetesOptions(read: ReadFlag, env: Environment): ServerOptions['kubernetes'] {
  const api = read(flags.kubernetes);
  const podLabels = read(flags.podLabels);
  if (api === 'off' || (api === 'auto' && env['KUBERNETES_SERVICE_HOST'] === undefined)) return undefined;
  return { api, podLabels, isSampled: read(flags.usage) };
}

function agentOptions(read: ReadFlag): AgentOptions {
  return {
    podsDir: read(flags.podsDir),
    linkedDirs: read(flags.linkedDirs),
    server: read(flags.server),
    tokenFile: read(flags.tokenFile),
    node: read(flags.node),
    metricsListen: read(flags.metricsListen),
    containerRateLimit: read(flags.containerRateLimit),
    multiline: multilineOptions(read),
    logLevel: read(flags.logLevel),
  };
}

function multilineOptions(read: ReadFlag): Multiline {
  const pattern = read(flags.multilineStart);
  if (!read(flags.multiline)) return { kind: 'off' };
  return pattern === undefined ? { kind: 'traces' } : { kind: 'start', pattern };
}

/** The command's flags in `args`; or `help` when that is among them. */
function givenFlags(command: CommandName, args: readonly string[]): Given | 'help' {
  const own = flags.FLAGS.filter((flag) => flag.commands.includes(command));
  // Not strict: parseArgs' own messages do not say what to write instead. The tokens have all that is needed.
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(own.map((flag) => [flag.name, { type: isSwitch(flag) ? 'boolean' : 'string' }])),
    strict: false,
    tokens: true,
  });
  const given = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional')
      throw new UsageError(`${quote(token.value)} is not a flag; podlog ${command} takes only flags`);
    if (token.name === 'help' || token.name === 'h') return 'help';
    if (!own.some((flag) => flag.name === token.name)) throw unknownFlag(command, token.rawName, token.name);
    if (token.value === undefined && own.some((flag) => flag.name === token.name && isSwitch(flag))) {
      given.set(token.name, 'true');
      continue;
    }
    if (token.value === undefined || token.value === '' || (!token.inlineValue && token.value.startsWith('--'))) {
      throw new UsageError(`${token.rawName} needs a value; podlog ${command} --help shows which`);
    }
    given.set(token.name, token.value);
  }
  return given;
}

function unknownFlag(command: CommandName, rawName: string, name: string): UsageError {
  const elsewhere = flags.FLAGS.find((flag) => flag.name === name);
  if (elsewhere !== undefined) {
    return new UsageError(
      `${rawName} is not a flag of podlog ${command}, but of podlog ${elsewhere.commands.join(' and ')}`,
    );
  }
  const own = flags.FLAGS.filter((flag) => flag.commands.includes(command)).map((flag) => `--${flag.name}`);
  return new UsageError(`there is no flag ${rawName}${didYouMean(rawName, own)}; podlog ${command} --help lists them`);
}

/**
 * Variables that Kubernetes sets for a service called podlog or podlog-…: PODLOG_SERVICE_HOST, PODLOG_SERVICE_PORT_HTTP,
 * PODLOG_PORT, PODLOG_PORT_3100_TCP_ADDR, ….
 */
const OF_A_SERVICE = /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/;
const SERVICE_ADDRESS = /^(tcp|udp|sctp):\/\//;

/**
 * A variable of another command is not wrong: an environment may be shared.
 * @throws UsageError  one begins with PODLOG_ and is not a flag's
 */
function expectKnownVariables(command: CommandName, env: Environment): void {
  const known = flags.FLAGS.map(environmentName);
  for (const [name, text = ''] of Object.entries(env)) {
    if (!name.startsWith(ENVIRONMENT_PREFIX) || known.includes(name)) continue;
    if (OF_A_SERVICE.test(name) || SERVICE_ADDRESS.test(text)) continue;
    throw new UsageError(
      `there is no variable ${name}${didYouMean(name, known)}; podlog ${command} --help shows their names`,
    );
  }
}

/** The flag's value from the command line, the environment or its default, in this order. */
function readFlag<T>(flag: Flag<T>, given: Given, env: Environment): T {
  const argument = given.get(flag.name);
  if (argument !== undefined) return parseText(flag, `--${flag.name} ${quote(argument)}`, argument);
  const variable = environmentName(flag);
  const text = env[variable];
  // An empty variable is how a manifest leaves an optional setting out.
  if (text !== undefined && text !== '') return parseText(flag, `${variable}=${quote(text)}`, text);
  return flag.parse(flag.defaultText);
}

function isSwitch(flag: Flag<unknown>): boolean {
  return flag.placeholder === '';
}

function isGiven(flag: Flag<unknown>, given: Given, env: Environment): boolean {
  return given.has(flag.name) || (env[environmentName(flag)] ?? '') !== '';
}

function parseText<T>(flag: Flag<T>, shown: string, text: string): T {
  try {
    return flag.parse(text);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new UsageError(`${shown} ${cause.message}`, 2, { cause });
  }
}

function commandNamed(name: string | undefined): CommandName | undefined {
  return COMMAND_NAMES.find((command) => command === name);
}

function quote(text: string): string {
  return JSON.stringify(text);
}
