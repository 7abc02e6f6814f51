/**
 * manifests/grafana/: each query of the dashboard has an answer from a server with the sample shop, with Grafana's variables put in
 * as Grafana does; the metrics that it asks Prometheus for are the server's.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { eventually } from '../eventually.ts';
import { TestApiServer } from '../kubernetes/api-server.ts';
import { eventObject, EVENTS, podObject, PODS, restarted } from '../kubernetes/objects.ts';
import { NOW_MS, type SampleServer, startSampleServer } from './sample-server.ts';

interface Source {
  readonly type: string;
  readonly uid: string;
}

interface Target {
  readonly datasource: Source;
  readonly expr: string;
  readonly legendFormat?: string;
}

interface Variable {
  readonly name: string;
  readonly type: 'datasource' | 'query' | 'textbox';
  readonly query: string | { readonly label: string; readonly stream: string };
  readonly allValue?: string;
  readonly current?: { readonly value: string };
}

interface Dashboard {
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: { readonly list: readonly { name: string; datasource: Source; target: Target }[] };
  readonly panels: readonly { id: number; title: string; datasource?: Source; targets?: readonly Target[] }[];
}

const DASHBOARD = JSON.parse(readFileSync('manifests/grafana/dashboard.json', 'utf8')) as Dashboard;
const VARIABLES = DASHBOARD.templating.list;

/** Every query by its panel and letter; annotations, too. */
const QUERIES = [
  ...DASHBOARD.panels.flatMap(({ title, targets = [] }) =>
    targets.map((target, n) => ({ ...target, title: `${title} ${'ABCDEF'[n]!}` })),
  ),
  ...DASHBOARD.annotations.list.map(({ name, datasource, target }) => ({ ...target, datasource, title: name })),
];
const OF_LOGS = QUERIES.filter(({ datasource }) => datasource.type === 'loki');
const OF_METRICS = QUERIES.filter(({ datasource }) => datasource.type === 'prometheus');

/** What Grafana puts in for variables: `All`, and as it writes several values that were chosen. */
const CHOICES = [
  ['all', { namespace: valueOfAll('namespace'), app: valueOfAll('app') }],
  ['chosen', { namespace: 'shop', app: '(api|gateway)' }],
] as const;

function valueOfAll(name: string): string {
  return VARIABLES.find((each) => each.name === name)!.allValue!;
}

/** @throws where a variable is neither Grafana's nor the dashboard's */
function interpolated(text: string, chosen: Readonly<Record<string, string>>): string {
  const textboxes = VARIABLES.filter(({ type }) => type === 'textbox').map(({ name, current }) => [
    name,
    current!.value,
  ]);
  const values: Readonly<Record<string, string>> = { __auto: '5m', ...Object.fromEntries(textboxes), ...chosen };
  return text.replaceAll(/\$\{?(\w+)\}?/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`$${name} is not a variable of the dashboard`);
    return value;
  });
}

let sample: SampleServer;
let api: TestApiServer;

beforeAll(async () => {
  api = await new TestApiServer().start();
  sample = await startSampleServer({ kubernetes: { api: api.url, podLabels: [], isSampled: false } });
  const at = new Date(NOW_MS - 60_000).toISOString();
  const terminated = { exitCode: 1, reason: 'Error', finishedAt: at };
  const worker = podObject('worker-84b6d5c7f-9xhkl', {
    created: at,
    owner: 'ReplicaSet/worker-84b6d5c7f',
    labels: { 'pod-template-hash': '84b6d5c7f' },
    images: { worker: 'shop/worker:v1' },
    status: { containerStatuses: [restarted('worker', 1, terminated)] },
  });
  api.put(PODS, worker);
  api.put(EVENTS, eventObject('e1', { firstTimestamp: at, lastTimestamp: at }));
  for (const selector of ['{source="events"}', '{source="changes"}', '{stream="podlog"}']) {
    await eventually(async () => expect(await ask(selector)).not.toEqual([]));
  }
});
afterAll(async () => {
  await sample.server.close();
  await sample.removeFolder();
  await api.stop();
});

const LAST_HOUR = { start: `${NOW_MS - 3_600_000}000000`, end: `${NOW_MS + 1000}000000` };

interface Series {
  readonly metric?: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [time: unknown, value: string])[];
}

/** Asks as Grafana does for the last hour. */
async function ask(expr: string): Promise<readonly Series[]> {
  const parameters = new URLSearchParams({ ...LAST_HOUR, query: expr, step: '60s' });
  const response = await fetch(`${sample.server.url}/loki/api/v1/query_range?${String(parameters)}`);
  const text = await response.text();
  expect(text, expr).toMatch(/^\{"status":"success"/);
  return (JSON.parse(text) as { data: { result: Series[] } }).data.result;
}

describe.each(CHOICES)('with %s namespaces and apps', (_, chosen) => {
  test.each(OF_LOGS)('$title', async ({ expr, legendFormat = '' }) => {
    const result = await ask(interpolated(expr, chosen));
    expect(result.flatMap(({ values }) => values).length).toBeGreaterThan(0);
    const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name!);
    const unnamed = result.filter(({ metric }) => named.some((name) => metric?.[name] === undefined));
    expect(unnamed).toEqual([]);
    const numbers = result.flatMap(({ metric, values }) =>
      metric === undefined ? [] : values.map(([, n]) => Number(n)),
    );
    expect(numbers.filter((n) => !Number.isFinite(n))).toEqual([]);
  });
});

test('every panel that needs a source has queries, each of logs or of metrics', () => {
  expect(OF_LOGS.length).toBeGreaterThan(10);
  expect(OF_METRICS.length).toBeGreaterThan(2);
  expect(OF_LOGS.length + OF_METRICS.length).toBe(QUERIES.length);
  const asking = DASHBOARD.panels.filter(({ datasource }) => datasource !== undefined);
  expect(asking.filter(({ targets = [] }) => targets.length === 0)).toEqual([]);
  expect(new Set(DASHBOARD.panels.map(({ id }) => id)).size).toBe(DASHBOARD.panels.length);
});

test('the metrics of its queries are those of the server', async () => {
  const metrics = await (await fetch(`${sample.server.url}/metrics`)).text();
  const named = OF_METRICS.flatMap(({ expr }) => expr.match(/\bpodlog_\w+/g) ?? []);
  expect(named.length).toBeGreaterThanOrEqual(OF_METRICS.length);
  expect(named.filter((name) => !metrics.includes(`# TYPE ${name} `))).toEqual([]);
  expect(metrics).toMatch(/^podlog_node_lag_seconds\{node="worker-1"\} /m);
});

test.each(VARIABLES.filter(({ type }) => type === 'query'))('the variable $name has values', async ({ query }) => {
  if (typeof query === 'string') throw new Error(`${query} is not a query of labels`);
  const parameters = new URLSearchParams(LAST_HOUR);
  if (query.stream !== '') parameters.set('query', interpolated(query.stream, CHOICES[0][1]));
  const response = await fetch(`${sample.server.url}/loki/api/v1/label/${query.label}/values?${String(parameters)}`);
  const { data } = (await response.json()) as { data: string[] };
  expect(data).toContain(query.label === 'namespace' ? 'shop' : 'api');
});

test('each source is a variable, and that of logs is provisioned', () => {
  const sources = new Map(
    VARIABLES.filter(({ type }) => type === 'datasource').map(({ name, query }) => [name, query]),
  );
  const wrong = QUERIES.filter(({ datasource: { uid, type } }) => sources.get(uid.slice(2, -1)) !== type);
  expect(wrong).toEqual([]);
  const { datasources } = parse(readFileSync('manifests/grafana/data-source.yaml', 'utf8')) as {
    datasources: (Source & { url: string })[];
  };
  const provisioned = datasources.map(({ type, uid, url }) => ({ type, uid, url }));
  const { current } = VARIABLES.find(({ name }) => name === 'logs')!;
  expect(provisioned).toEqual([{ type: 'loki', uid: current!.value, url: 'http://podlog.podlog:3100' }]);
});
