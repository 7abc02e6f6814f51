import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeFailure } from '../../cli/failure.ts';
import { COMMAND_NAMES, environmentName } from '../../cli/flag.ts';
import { FLAGS } from '../../cli/flags.ts';
import { helpText } from '../../cli/help.ts';
import { LOGQL_LIMITS } from '../../server/query/logql/query-limits.ts';
import { parseInvocation } from '../../cli/options.ts';
import { PodlogError, UsageError } from '../../shared/errors.ts';

const up = {
  podsDir: '/var/log/pods',
  isPodsDirGiven: false,
  linkedDirs: [],
  multiline: { kind: 'traces' },
  dataDir: resolve('data'),
  listen: { host: '127.0.0.1', port: 3100 },
  retentionMs: 30 * 86_400_000,
  maxSizeBytes: Infinity,
  retentionRulesPath: undefined,
  rulesPath: undefined,
  indexedFields: ['request_id', 'user_id', 'trace_id', 'path'],
  access: {
    tokensFile: undefined,
    tokenReview: false,
    agentAccounts: ['podlog/podlog-agent'],
    openMetrics: false,
    insecureNoAuth: false,
  },
  lokiDiscovery: { serviceName: true, logLevels: true, fields: true },
  lokiLimits: LOGQL_LIMITS,
  tenantsMax: 0,
  kubernetes: undefined,
  node: hostname(),
  logLevel: 'info',
};

const { access } = up;

describe('up', () => {
  test.each<[args: string, env: Record<string, string>, want: Partial<Record<keyof typeof up, unknown>>]>([
    ['', {}, {}],
    ['--listen 0.0.0.0:80', {}, { listen: { host: '0.0.0.0', port: 80 } }],
    ['--listen=[::1]:3100', {}, { listen: { host: '::1', port: 3100 } }],
    ['--listen :0', {}, { listen: { host: '0.0.0.0', port: 0 } }],
    ['--retention 12h', {}, { retentionMs: 43_200_000 }],
    ['--retention 8w', {}, { retentionMs: 8 * 7 * 86_400_000 }],
    ['--retention forever', {}, { retentionMs: Infinity }],
    ['--max-size 20GB', {}, { maxSizeBytes: 20e9 }],
    ['--max-size 1.5TiB', {}, { maxSizeBytes: 1.5 * 2 ** 40 }],
    ['--max-size 20G', {}, { maxSizeBytes: 20e9 }],
    ['--max-size 20Gi', {}, { maxSizeBytes: 20 * 2 ** 30 }],
    ['--max-size 1.5T', {}, { maxSizeBytes: 1.5e12 }],
    ['--max-size 20gib', {}, { maxSizeBytes: 20 * 2 ** 30 }],
    ['', { PODLOG_MAX_SIZE: '2GiB' }, { maxSizeBytes: 2 ** 31 }],
    ['--retention-rules rules.yaml', {}, { retentionRulesPath: resolve('rules.yaml') }],
    ['--rules keep.yaml', {}, { rulesPath: resolve('keep.yaml') }],
    ['--index-fields level,path', {}, { indexedFields: ['path'] }],
    ['--tokens-file t.yaml', {}, { access: { ...access, tokensFile: resolve('t.yaml') } }],
    [
      '--token-review --agent-accounts=a/b,c',
      {},
      { access: { ...access, tokenReview: true, agentAccounts: ['a/b', 'c'] } },
    ],
    [
      '--open-metrics',
      { PODLOG_INSECURE_NO_AUTH: 'true' },
      { access: { ...access, openMetrics: true, insecureNoAuth: true } },
    ],
    ['--loki-service off', {}, { lokiDiscovery: { serviceName: false, logLevels: true, fields: true } }],
    [
      '--loki-max-series 1 --loki-max-lines=100000 --loki-max-bytes 1Mi --loki-max-points 5',
      { PODLOG_LOKI_MAX_RANGE: 'unlimited', PODLOG_LOKI_MAX_TIME: '1m30s' },
      {
        lokiLimits: {
          seriesMax: 1,
          linesMax: 100_000,
          answerBytesMax: 2 ** 20,
          pointsMax: 5,
          rangeMsMax: Infinity,
          runMsMax: 90_000,
        },
      },
    ],
    ['--tenants 64', {}, { tenantsMax: 64 }],
    ['--tenants off', {}, {}],
    ['--loki-fields off', {}, { lokiDiscovery: { serviceName: true, logLevels: true, fields: false } }],
    ['--loki-level=off', {}, { lokiDiscovery: { serviceName: true, logLevels: false, fields: true } }],
    ['--linked-dirs /a,b', {}, { linkedDirs: ['/a', resolve('b')] }],
    ['--pods-dir pods', {}, { podsDir: resolve('pods'), isPodsDirGiven: true }],
    ['', { PODLOG_PODS_DIR: '/pods' }, { podsDir: '/pods', isPodsDirGiven: true }],
    ['', { PODLOG_DATA_DIR: '/from/env' }, { dataDir: '/from/env' }],
    ['--data-dir /from/flag', { PODLOG_DATA_DIR: '/from/env' }, { dataDir: '/from/flag' }],
    ['', { PODLOG_DATA_DIR: '' }, {}],
    ['--log-level debug --node a --node b', {}, { logLevel: 'debug', node: 'b' }],
  ])('%s %j', (args, env, want) => {
    expect(parseInvocation(['up', ...words(args)], env)).toEqual({ kind: 'up', options: { ...up, ...want } });
  });
});

test('each command has its own flags', () => {
  const agent = {
    podsDir: '/var/log/pods',
    linkedDirs: [],
    server: 'http://podlog:3100',
    tokenFile: resolve('token'),
    node: 'n1',
    metricsListen: undefined,
    containerRateLimit: undefined,
    multiline: { kind: 'traces' },
    logLevel: 'warn',
  };
  expect(
    parseInvocation(words('agent --server http://podlog:3100/ --token-file token --node n1'), {
      PODLOG_LOG_LEVEL: 'warn',
    }),
  ).toEqual({
    kind: 'agent',
    options: agent,
  });
  expect(parseInvocation(words('agent --node n1 --container-rate-limit 1.5MB/s'), {})).toMatchObject({
    options: { containerRateLimit: 1_500_000 },
  });
  expect(parseInvocation(['agent', '--node', 'n1', '--multiline-start', '^\\d{4}-'], {})).toMatchObject({
    options: { multiline: { kind: 'start', pattern: '^\\d{4}-' } },
  });
  expect(parseInvocation(words('up --multiline off --multiline-start ^x'), {})).toMatchObject({
    options: { multiline: { kind: 'off' } },
  });
  const {
    dataDir,
    listen,
    retentionMs,
    maxSizeBytes,
    retentionRulesPath,
    indexedFields,
    lokiDiscovery,
    lokiLimits,
    tenantsMax,
    kubernetes,
    logLevel,
  } = up;
  expect(parseInvocation(['server'], {})).toEqual({
    kind: 'server',
    options: {
      dataDir,
      listen,
      retentionMs,
      maxSizeBytes,
      retentionRulesPath,
      indexedFields,
      access,
      lokiDiscovery,
      lokiLimits,
      tenantsMax,
      kubernetes,
      logLevel,
    },
  });
});

const IN_POD = { KUBERNETES_SERVICE_HOST: '10.43.0.1' };
test.each<[args: string, env: Record<string, string>, api: string | undefined]>([
  ['', {}, undefined],
  ['', IN_POD, 'auto'],
  ['--kubernetes off', IN_POD, undefined],
  ['--kubernetes in-cluster', {}, 'in-cluster'],
  ['--kubernetes http://127.0.0.1:8001/', {}, 'http://127.0.0.1:8001'],
  ['--kubernetes admin.conf', IN_POD, resolve('admin.conf')],
  ['', { PODLOG_KUBERNETES: 'off', ...IN_POD }, undefined],
])('a cluster is asked when there is one: %s %j', (args, env, api) => {
  const kubernetes = api && { api, podLabels: [], isSampled: true };
  expect(parseInvocation(['server', ...words(args)], env)).toMatchObject({ options: { kubernetes } });
});

test('the usage of pods and nodes is kept unless that is switched off', () => {
  expect(parseInvocation(words('server --kubernetes in-cluster --usage off'), {})).toMatchObject({
    options: { kubernetes: { isSampled: false } },
  });
});

test('pod labels are chosen by their keys', () => {
  const args = words('server --kubernetes in-cluster --pod-labels app.kubernetes.io/part-of,team,team');
  const podLabels = ['app.kubernetes.io/part-of', 'team'];
  expect(parseInvocation(args, {})).toMatchObject({ options: { kubernetes: { podLabels } } });
});

test('a switch is true when it is there, or as its twin or its text says', () => {
  const check = { dataDir: resolve('data'), indexedFields: up.indexedFields, repair: false, json: false };
  for (const [args, env, want] of [
    ['', {}, {}],
    ['--repair', {}, { repair: true }],
    ['--json --repair=false', { PODLOG_REPAIR: 'true' }, { json: true }],
    ['', { PODLOG_JSON: 'true' }, { json: true }],
  ] as const) {
    expect(parseInvocation(['check', ...words(args)], env)).toEqual({ kind: 'check', options: { ...check, ...want } });
  }
});

test('import', () => {
  const options = {
    from: 'http://127.0.0.1:3100',
    fromTokenFile: undefined,
    orgId: undefined,
    server: 'http://127.0.0.1:3100',
    tokenFile: undefined,
    toTenant: undefined,
    selector: undefined,
    since: { kind: 'ago', ms: 30 * 86_400_000 },
    until: { kind: 'ago', ms: 0 },
    statePath: resolve('loki-import.json'),
  };
  for (const [args, env, want] of [
    ['', {}, {}],
    ['--from http://loki:3100/ --org-id shop', {}, { from: 'http://loki:3100', orgId: 'shop' }],
    ['--selector {app="a"}', { PODLOG_TO_TENANT: 't' }, { selector: '{app="a"}', toTenant: 't' }],
    ['--since 1970-01-02T00:00:00Z', {}, { since: { kind: 'at', instant: 86_400_000_000_000n } }],
    ['--until 12h', {}, { until: { kind: 'ago', ms: 43_200_000 } }],
  ] as const) {
    const parsed = parseInvocation(['import', 'loki', ...words(args)], env);
    expect(parsed).toEqual({ kind: 'import', options: { ...options, ...want } });
  }
});

test.each<[args: string, env: Record<string, string>, want: string]>([
  ['', {}, 'which command? up, server, agent, forward, check, import; podlog --help explains them'],
  ['serve', {}, 'there is no command "serve"; did you mean server?; podlog --help lists them'],
  ['frobnicate', {}, 'there is no command "frobnicate"; podlog --help lists them'],
  [
    'import --from http://loki',
    {},
    'podlog import needs what to import from: podlog import loki --from http://loki:3100',
  ],
  [
    'import loki --selector {a="b"}|json',
    {},
    '--selector "{a=\\"b\\"}|json" must be a stream selector, such as {namespace="shop"}; or all',
  ],
  ['import loki --org-id a/b', {}, '--org-id "a/b" must be the name of a tenant, as X-Scope-OrgID has it'],
  ['--listen x', {}, 'the command comes before its flags: podlog up --listen'],
  ['up --lisen x', {}, 'there is no flag --lisen; did you mean --listen?; podlog up --help lists them'],
  ['up -x', {}, 'there is no flag -x; podlog up --help lists them'],
  ['server --pods-dir /x', {}, '--pods-dir is not a flag of podlog server, but of podlog up and agent'],
  ['up here', {}, '"here" is not a flag; podlog up takes only flags'],
  ['up --listen', {}, '--listen needs a value; podlog up --help shows which'],
  ['up --listen --node n', {}, '--listen needs a value; podlog up --help shows which'],
  ['up --listen=', {}, '--listen needs a value; podlog up --help shows which'],
  ['up --listen 3100', {}, '--listen "3100" must be an address and a port, such as 127.0.0.1:3100 or [::1]:3100'],
  ['up --listen a:70000', {}, '--listen "a:70000" must be an address and a port, such as 127.0.0.1:3100 or [::1]:3100'],
  [
    'up',
    { PODLOG_LISTEN: 'x' },
    'PODLOG_LISTEN="x" must be an address and a port, such as 127.0.0.1:3100 or [::1]:3100',
  ],
  [
    'up --retention 0d',
    {},
    '--retention "0d" must be a duration of a minute or more, such as 12h, 30d or 8w; or forever',
  ],
  [
    'up --max-size 20',
    {},
    '--max-size "20" must be 1GiB or more, with its unit, such as 20GB, 20Gi or 1.5T; or unlimited',
  ],
  [
    'up --max-size 900MB',
    {},
    '--max-size "900MB" must be 1GiB or more, with its unit, such as 20GB, 20Gi or 1.5T; or unlimited',
  ],
  ['agent --server podlog:3100', {}, '--server "podlog:3100" must be an http or https URL, such as http://podlog:3100'],
  [
    'server --agent-accounts podlog/',
    {},
    '--agent-accounts "podlog/" must be namespaces and names, separated by commas, such as podlog/podlog-agent',
  ],
  [
    'agent --container-rate-limit 1000',
    {},
    '--container-rate-limit "1000" must be 100KB or more, with its unit, such as 500KB, 2Mi or 2MiB/s; or off',
  ],
  ['agent --multiline maybe', {}, '--multiline "maybe" must be true or false, yes or no, on or off, 1 or 0'],
  [
    'agent --multiline-start (?!x)',
    {},
    '--multiline-start "(?!x)" is not a valid regular expression: invalid or unsupported Perl syntax: "(?!" at character 1; RE2 has no look-around and no back references',
  ],
  ['agent --node a/b', {}, '--node "a/b" must be a name without spaces and slashes, as `kubectl get nodes` shows it'],
  ['up --kubernetes https://', {}, '--kubernetes "https://" must be an http or https URL, such as http://podlog:3100'],
  ['up --pod-labels app', {}, '--pod-labels "app" must leave the label app to one: two would have this name'],
  ['up --pod-labels a.b,a_b', {}, '--pod-labels "a.b,a_b" must leave the label a_b to one: two would have this name'],
  [
    'up --pod-labels team=x',
    {},
    '--pod-labels "team=x" must be none, or up to 16 keys of pod labels separated by commas, such as team,example.com/tier',
  ],
  ['up --loki-max-series 0', {}, '--loki-max-series "0" must be a number from 1 to 50000'],
  ['up --loki-max-lines 100001', {}, '--loki-max-lines "100001" must be a number from 1 to 100000'],
  ['up --loki-max-points x', {}, '--loki-max-points "x" must be a number from 1 to 100000'],
  [
    'up --loki-max-bytes 129MiB',
    {},
    '--loki-max-bytes "129MiB" must be a size from 1MiB to 128MiB, with its unit, such as 16MiB',
  ],
  [
    'up --loki-max-range 5s',
    {},
    '--loki-max-range "5s" must be a duration of a minute or more, such as 12h or 90d; or unlimited',
  ],
  ['up --loki-max-time 11m', {}, '--loki-max-time "11m" must be a duration from 1s to 10m, such as 90s'],
  ['up --tenants 65', {}, '--tenants "65" must be a number from 1 to 64, or off'],
  ['up --tenants=0', {}, '--tenants "0" must be a number from 1 to 64, or off'],
  ['up --log-level loud', {}, '--log-level "loud" must be one of trace, debug, info, warn, error, fatal, silent'],
])('refuses: podlog %s', (args, env, want) => {
  expect(failureOf(() => parseInvocation(words(args), env))).toEqual({ text: `podlog: ${want}\n`, exitCode: 2 });
});

test.each([
  ['--help', undefined],
  ['-h', undefined],
  ['help', undefined],
  ['help agent', 'agent'],
  ['up --help', 'up'],
  ['up --listen x -h', 'up'],
])('helps: podlog %s', (args, about) => {
  expect(parseInvocation(words(args), {})).toEqual({ kind: 'help', about });
});

test('help names every flag of a command with its default and its twin, in lines that fit a terminal', () => {
  for (const command of COMMAND_NAMES) {
    const text = helpText(command);
    for (const flag of FLAGS) {
      expect(text.includes(`--${flag.name} `)).toBe(flag.commands.includes(command));
      if (flag.commands.includes(command)) expect(text).toContain(environmentName(flag));
    }
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(130);
  }
});

test.each([
  [
    Object.assign(new Error('x'), { code: 'EROFS', syscall: 'mkdir', path: '/data' }),
    /^\/data cannot be used: its file system is read-only; /,
  ],
  [
    Object.assign(new Error('x'), { code: 'EACCES', syscall: 'open', path: '/data' }),
    /^\/data cannot be used: .* may not use it; /,
  ],
  [
    new PodlogError('PODLOG_X', 500, 'the data folder is locked by process 7'),
    'the data folder is locked by process 7',
  ],
  [new UsageError('/pods does not exist', 1), '/pods does not exist'],
])('a failure is one line', (error, want) => {
  const { text, exitCode } = describeFailure(error);
  expect(exitCode).toBe(1);
  expect(text).toMatch(/^podlog: [^\n]+\n$/);
  if (typeof want === 'string') expect(text).toBe(`podlog: ${want}\n`);
  else expect(text.slice('podlog: '.length)).toMatch(want);
});

test('a bug keeps its stack', () => {
  expect(describeFailure(new TypeError('BUG: x')).text).toContain('options.test.ts');
});

function words(text: string): string[] {
  return text === '' ? [] : text.split(' ');
}

function failureOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return describeFailure(error);
  }
  return undefined;
}
