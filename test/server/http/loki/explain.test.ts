/** `/explain` over HTTP: what a query of LogQL is turned into, and what is read for it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../../server/main.ts';
import { MS_PER_DAY } from '../../../../shared/time.ts';
import { batchOf, TODAY } from '../../engines/embedded/batches.ts';
import { startQuietServer } from '../../quiet-server.ts';

const ADMIN = 'admin-token-0123456789';
const SHOP = 'shop-token-0123456789';
const COUNT = 300;

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-explain-'));
  const tokensFile = join(folder, 'tokens.yaml');
  const tokens = [
    { name: 'admin', token: ADMIN, scopes: ['admin'] },
    { name: 'shop', token: SHOP, scopes: ['read'], namespaces: ['shop'] },
  ];
  await writeFile(tokensFile, JSON.stringify(tokens));
  server = await startQuietServer(join(folder, 'data'), { access: { tokensFile } });
  const lines = Array.from({ length: COUNT }, (_, n) => ({
    text: `{"n":${n},"path":"/p${n % 3}"}`,
    timeNs: n * 1e9,
    labels: { namespace: n % 2 === 0 ? 'shop' : 'other', app: n % 2 === 0 ? 'api' : 'web' },
  }));
  const response = await fetch(`${server.url}/agent/batch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN}` },
    body: new Uint8Array(batchOf({ lines })),
  });
  expect(response.status, await response.text()).toBe(200);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const SINCE = new Date(TODAY * MS_PER_DAY).toISOString();
const UNTIL = new Date(TODAY * MS_PER_DAY + 600_000).toISOString();

interface Explained {
  readonly query: string;
  readonly kind: string;
  readonly since: string;
  readonly until: string;
  readonly step_seconds?: number;
  readonly selections: readonly {
    readonly lines: string;
    readonly conditions: readonly { readonly condition: string; readonly by: readonly string[] }[];
    readonly stages: readonly string[];
  }[];
  readonly reads?: readonly {
    readonly what: string;
    readonly conditions: readonly { readonly condition: string }[];
    readonly rows_matched: number;
    readonly row_groups?: { readonly considered: number; readonly read: number };
    readonly bytes?: { readonly considered: number; readonly read: number };
  }[];
  readonly total?: Readonly<Record<string, unknown>>;
}

async function explain(parameters: Record<string, string>, token = ADMIN): Promise<Explained> {
  const query = new URLSearchParams({ since: SINCE, until: UNTIL, ...parameters });
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${server.url}/explain?${String(query)}`, { headers });
  expect(response.status).toBe(200);
  return (await response.json()) as Explained;
}

test('a query of plain filters is decided by the store alone', async () => {
  const { query, kind, selections, reads, total } = await explain({ query: '{app="api"} |= "/p1" != "x"' });
  expect({ query, kind }).toEqual({ query: '{app="api"} |= "/p1" != "x"', kind: 'lines' });
  expect(selections).toEqual([
    {
      lines: '{app="api"} |= "/p1" != "x"',
      conditions: expect.arrayContaining([
        { condition: 'label.app:api', by: ['labels'] },
        { condition: '"/p1"', by: ['text'] },
        { condition: '-"x"', by: ['text'] },
      ]) as unknown,
      stages: [],
    },
  ]);
  expect(reads!.map(({ what }) => what)).toEqual(['lines']);
  expect(reads![0]).toMatchObject({ rows_matched: COUNT / 6, row_groups: { considered: 1, read: 1 } });
  expect(reads![0]!.bytes!.considered).toBeGreaterThan(0);
  expect(total).toMatchObject({ lines_read: COUNT / 6, lines: COUNT / 6, rows_matched: COUNT / 6 });
});

test('what the store cannot decide are stages over the lines that are read', async () => {
  const { selections, total } = await explain({
    query: '{app="api"} | json n="n" | n > 100',
    limit: '7',
    order: 'oldest',
  });
  expect(selections[0]!.stages).toEqual(['| json n="n"', '| n>100']);
  expect(total).toMatchObject({ lines: 7 });
  expect(Number(total!['lines_read'])).toBeGreaterThan(7);
});

test('a metric says for each of its parts whether columns were enough', async () => {
  const query =
    'sum(count_over_time({app="api"}[1m])) / sum by () (sum_over_time({app="web"} | pattern "<_>:<n>,<_>" | unwrap n [1m]))';
  const { kind, step_seconds, selections, reads, total } = await explain({ query, step: '1m' });
  expect({ kind, step_seconds }).toEqual({ kind: 'metric', step_seconds: 60 });
  expect(selections.map(({ lines }) => lines)).toEqual(['{app="api"}', '{app="web"} | pattern "<_>:<n>,<_>"']);
  expect(reads!.map(({ what }) => what).filter((what) => what !== 'labels')).toEqual(['columns', 'lines']);
  expect(total).toMatchObject({ series: 1 });
});

test.each(['{app="api"} | json | n>100', 'sum by (path)(rate({app="api"} | json | n>100 [1m]))'])(
  'the plan has what columns decide, which is what is read: %s',
  async (query) => {
    const { selections, reads } = await explain({ query, step: '1m' });
    const finds = `| json finds ${query.startsWith('sum') ? 'n, path' : 'n'} in columns`;
    expect(selections[0]!.conditions).toEqual([
      { condition: 'label.app:api', by: ['labels'] },
      { condition: `(((${finds}) field.n>100) or -(${finds} or nothing))`, by: ['columns'] },
    ]);
    expect(selections[0]!.stages).toEqual(['| json', '| n>100']);
    const conditions = reads!.flatMap((read) => read.conditions.map(({ condition }) => condition));
    expect(conditions).toContain('field.n>100');
  },
);

test('without running, only the plan and the times are told', async () => {
  const { since, until, reads, total } = await explain({
    query: '{app="api"}',
    since: '2h',
    until: '1h',
    run: 'false',
  });
  expect(Date.parse(until) - Date.parse(since)).toBe(3_600_000);
  expect([reads, total]).toEqual([undefined, undefined]);
});

test('a token of some namespaces is not told how much others have stored', async () => {
  const { reads, total } = await explain({ query: '{app=~".+"}' }, SHOP);
  expect(total).toMatchObject({ lines: COUNT / 2 > 100 ? 100 : COUNT / 2 });
  for (const each of [...reads!, total!]) {
    expect(each).not.toHaveProperty('row_groups');
    expect(each).not.toHaveProperty('bytes');
  }
});

test.each<[parameters: string, status: number, message: RegExp]>([
  ['', 400, /^parse error : syntax error: unexpected \$end|^parse error/],
  ['query={app="api"', 400, /^parse error at line 1/],
  ['query={app="api"}&query={app="web"}', 400, /given more than once/],
  ['query={app="api"}&order=up', 400, /newest, oldest/],
  ['query={app="api"}&step=soon', 400, /step: "soon" is not a step of this range/],
  ['query={app="api"}&step=1ms&since=30d', 400, /step: "1ms" is not a step of this range/],
  ['query={app="api"}&since=1h&until=2h', 400, /until: it is not after since/],
  ['query={app="api"}&limit=100000', 400, /limit: "100000" is out of range/],
  ['query={app="api"}&app=api', 400, /app: not a parameter of this route/],
  ['query=rate({app="api"}[1m]) + &since=1h', 400, /^parse error/],
  ['query={app="api"}&since=900d', 400, /the query time range exceeds the limit/],
])('%s is refused', async (parameters, status, message) => {
  const encoded = parameters
    .replaceAll('{', '%7B')
    .replaceAll('}', '%7D')
    .replaceAll('"', '%22')
    .replaceAll(' + ', '%20%2B%20');
  const headers = { authorization: `Bearer ${ADMIN}` };
  const response = await fetch(`${server.url}/explain?${encoded}`, { headers });
  const { error } = (await response.json()) as { error: { message: string } };
  expect(error.message).toMatch(message);
  expect(response.status).toBe(status);
});
