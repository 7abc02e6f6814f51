/** `/stats`: room, intake, retention, and whose lines they are, against the lines themselves. */
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HOUSEKEEPING_MS } from '../../../server/limits.ts';
import type { Server } from '../../../server/main.ts';
import { MS_PER_DAY } from '../../../shared/time.ts';
import { eventually } from '../../eventually.ts';
import { batchOf, type Line } from '../engines/embedded/batches.ts';
import { startQuietServer } from '../quiet-server.ts';

const ADMIN = 'admin-token-0123456789';
const SHOP = 'shop-token-0123456789';
const MAX_SIZE = 2 ** 31;

let folder: string;
let server: Server;

const NOW_MS = Date.now();
const line = (namespace: string, pod: string, ageMs: number, text: string): Line => {
  const ms = NOW_MS - ageMs;
  const day = Math.floor(ms / MS_PER_DAY);
  return { text, day, timeNs: (ms - day * MS_PER_DAY) * 1e6, labels: { namespace, pod, stream: 'stdout' } };
};
const HOUR_MS = 3_600_000;
const TODAYS = Array.from({ length: 300 }, (_, n) =>
  line(n % 3 === 0 ? 'jobs' : 'shop', `api-${n % 4}`, 1000 + n * 60_000, `{"n":${n},"text":"${'é'.repeat(n % 17)}"}`),
);
const OLD = Array.from({ length: 50 }, (_, n) => line('shop', 'api-0', 40 * HOUR_MS + n, `{"old":${n}}`));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-stats-'));
  const tokensFile = join(folder, 'tokens.yaml');
  const tokens = [
    { name: 'admin', token: ADMIN, scopes: ['admin'] },
    { name: 'shop', token: SHOP, scopes: ['read'], namespaces: ['shop'] },
  ];
  await writeFile(tokensFile, JSON.stringify(tokens));
  const retentionRulesPath = join(folder, 'retention.yaml');
  await writeFile(
    retentionRulesPath,
    '- selector: { namespace: jobs, pod: "api-*" }\n  age: 36h\n- selector: { namespace: audit }\n  age: forever\n',
  );
  server = await startQuietServer(join(folder, 'data'), {
    access: { tokensFile },
    retentionMs: 30 * MS_PER_DAY,
    maxSizeBytes: MAX_SIZE,
    retentionRulesPath,
  });
  for (const lines of [OLD, TODAYS]) {
    const headers = { authorization: `Bearer ${ADMIN}` };
    const body = new Uint8Array(batchOf({ lines }));
    const response = await fetch(`${server.url}/agent/batch`, { method: 'POST', headers, body });
    expect(response.status, await response.text()).toBe(200);
  }
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function get(path: string, token = ADMIN): Promise<{ status: number; json: Record<string, unknown> }> {
  const response = await fetch(server.url + path, { headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

const bytesOf = (lines: readonly Line[]): number => lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);

test('what came in the last day, and the rules that hold', async () => {
  const { json } = await get('/stats');
  expect(json['rows']).toBe(TODAYS.length + OLD.length);
  expect(json['intake']).toEqual({
    hours: 24,
    lines: TODAYS.length,
    raw: bytesOf(TODAYS),
    stored: expect.any(Number),
  });
  expect(json['retention']).toEqual({
    age: '30d',
    maxSize: MAX_SIZE,
    rules: [
      { selector: { namespace: 'jobs', pod: 'api-*' }, age: '36h' },
      { selector: { namespace: 'audit' }, age: 'forever' },
    ],
  });
  // 30 and 1.5 days of a few kilobytes.
  const { stored } = json['intake'] as { stored: number };
  const { outlook, daysLeft, bytes } = json['forecast'] as { outlook: string; daysLeft: null; bytes: number };
  expect([outlook, daysLeft]).toEqual(['level', null]);
  expect(bytes / stored).toBeGreaterThan(1.5);
  expect(bytes / stored).toBeLessThan(30);
});

test('the room that the volume has', { timeout: HOUSEKEEPING_MS * 6 }, async () => {
  const { bsize, blocks } = await statfs(folder);
  await eventually(async () => {
    const { room } = (await get('/stats')).json as { room: { free: number; total: number; keptFree: number } | null };
    expect(room?.total).toBe(bsize * blocks);
    expect(room!.free).toBeGreaterThan(0);
    expect(room!.free).toBeLessThan(room!.total);
    expect(room!.keptFree).toBeLessThanOrEqual(2 ** 28);
  });
});

test('by namespace, or by any other label: lines and bytes as in the files', async () => {
  const all = [...TODAYS, ...OLD];
  const truth = (lines: readonly Line[], name: string): unknown[] =>
    [...Map.groupBy(lines, ({ labels }) => labels![name]!)].map(([value, own]) => ({
      [name]: value,
      lines: own.length,
      raw: bytesOf(own),
    }));
  const shown = async (path: string, token?: string): Promise<unknown[]> => {
    const { by } = (await get(path, token)).json as { by: { lines: number; raw: number; stored?: number }[] };
    return by.map(({ stored, ...rest }) => {
      expect(stored! / rest.raw).toBeGreaterThan(0);
      return rest;
    });
  };
  expect(new Set(await shown('/stats?by=namespace'))).toEqual(new Set(truth(all, 'namespace')));
  expect(new Set(await shown('/stats?by=pod'))).toEqual(new Set(truth(all, 'pod')));
  expect(new Set(await shown('/stats?by=pod&namespace=jobs&since=25h'))).toEqual(
    new Set(
      truth(
        TODAYS.filter(({ labels }) => labels!['namespace'] === 'jobs'),
        'pod',
      ),
    ),
  );
  const { by } = (await get('/stats?by=namespace')).json as { by: { stored: number }[] };
  const { bytes } = (await get('/stats')).json as { bytes: { stored: number } };
  expect(Math.abs(by.reduce((sum, { stored }) => sum + stored, 0) - bytes.stored)).toBeLessThanOrEqual(by.length);
});

test('a token of one namespace sees that one, and nothing of how others compress', async () => {
  const own = [...TODAYS, ...OLD].filter(({ labels }) => labels!['namespace'] === 'shop');
  expect((await get('/stats?by=namespace', SHOP)).json).toEqual({
    by: [{ namespace: 'shop', lines: own.length, raw: bytesOf(own) }],
  });
  const { status, json } = await get('/stats', SHOP);
  expect([status, json]).toEqual([
    403,
    {
      error: { code: 'PODLOG_FORBIDDEN', message: expect.stringMatching(/shop sees only shop.*\/stats\?by=namespace/) },
    },
  ]);
});

test.each([
  [
    '/stats?namespace=shop',
    'namespace: not a parameter of /stats as a whole; allowed: by, and with it filters, since and until; example: by=namespace&namespace=…',
  ],
  ['/stats?by=', 'by: "" is not a name'],
  ['/stats?by=*', 'by: "*" is not a name'],
  [
    '/stats?by=lines',
    'by: "lines" is a number of the answer; allowed: another label or field; example: by=field.lines',
  ],
  ['/stats?by=namespace&by=pod', 'by: given more than once'],
  ['/stats?by=namespace&limit=5', 'limit: not a parameter of this route'],
])('%s is refused', async (path, message) => {
  const { status, json } = await get(path);
  expect([status, json]).toEqual([
    400,
    { error: { code: 'PODLOG_BAD_PARAMETER', message: expect.stringContaining(message) } },
  ]);
});
