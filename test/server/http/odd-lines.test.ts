/** Lines that are not quite JSON, of fields that are there twice, of arrays and of loggers' own ways: every door finds them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Server, startServer } from '../../../server/main.ts';

/** Each of user 7. */
const OF_USER: Readonly<Record<string, readonly string[]>> = {
  error: [
    '{"level":"error","user_id":7,"n":NaN}',
    '{"level":"error","user_id":7,}',
    '{"level":"error","b":,"user_id":7}',
    "{'level': 'error', 'user_id': 7, 'x': None}",
    '{"level":"error","user_id":7',
    ' {"level":"error","user_id":7}',
    '\t{"level":"error","user_id":7}',
    '\ufeff{"level":"error","user_id":7}',
    '\x1b[31m{"level":"error","user_id":7}\x1b[0m',
    'app-1 | {"level":"error","user_id":7}',
    '2026-11-23T15:01:12Z INFO {"level":"error","user_id":7}',
    '{"a":1}{"level":"error","user_id":7}',
    '{"level":"error","user_id":7} and more',
    '{"level":"info","user_id":8,"level":"error","user_id":7}',
    '{"level":"error","user_id":[8,7]}',
    '{"level":"error","user_id":["8",["7"]]}',
    '{"t":{"$date":"2026-11-23T15:01:12Z"},"s":"E","c":"NETWORK","user_id":7}',
    '{"prio":1,"err_code":10051,"label":"Error","user_id":7}',
    '[2026-11-23T15:01:12.123456+00:00] production.ERROR: no stock {"user_id":7} []',
    '<3>failed {"user_id":7}',
    'Traceback (most recent call last): {"user_id":7}',
  ],
  info: [
    '{"@t":"2026-11-23T15:01:12Z","@mt":"done","user_id":7}',
    '2026-11-23T15:01:12.123Z\tINFO\tctl\tmain.go:12\tdone\t{"user_id":7}',
  ],
};
/** Of another user, or of nobody. */
const OTHERS = [
  '{"level":"error","user_id":7,"level":"info","user_id":8}',
  '{"level":"info","user_id":[8,70,"x7"]}',
  '{"level":"info","user_ids":[7]}',
  '2026-11-23 15:01:12 INFO user_id {7} is "user_id":7',
];
const LINES = [...Object.values(OF_USER).flat(), ...OTHERS];

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-odd-lines-'));
  server = await startServer({
    dataDir: join(folder, 'data'),
    listen: { host: '127.0.0.1', port: 0 },
    retentionMs: Infinity,
    indexedFields: ['user_id'],
    log: pino({ level: 'silent' }),
  });
  for (const line of LINES) {
    const response = await fetch(`${server.url}/ingest?app=odd`, { method: 'POST', body: line });
    expect(response.status).toBe(200);
  }
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function found(query: string): Promise<string[]> {
  const response = await fetch(`${server.url}/logs?app=odd&format=raw&limit=1000&${query}`);
  expect(response.status).toBe(200);
  return (await response.text()).split('\n').slice(0, -1).toSorted();
}

const sorted = (lines: readonly string[]): string[] => lines.toSorted();

describe('before a flush', () => {
  test('every line comes back as it was', async () => {
    expect(await found('')).toEqual(sorted(LINES));
  });

  test('a field finds them, and its negation all others', async () => {
    expect(await found('user_id=7')).toEqual(sorted(Object.values(OF_USER).flat()));
    expect(await found('user_id=!7')).toEqual(sorted(OTHERS));
    expect(await found('n=NaN')).toEqual([OF_USER['error']![0]]);
  });

  test.each(Object.entries(OF_USER))('level=%s', async (level, lines) => {
    expect(await found(`level=${level}&user_id=7`)).toEqual(sorted(lines));
    expect(await found(`level=!${level}`)).toEqual(sorted(LINES.filter((line) => levelOf(line) !== level)));
  });

  test('counts', async () => {
    const response = await fetch(`${server.url}/aggregate?app=odd&by=level`);
    const { groups } = (await response.json()) as { groups: { by: { level: string }; rows: number }[] };
    const want = Map.groupBy(LINES, levelOf);
    expect(new Map(groups.map(({ by, rows }) => [by.level, rows]))).toEqual(
      new Map([...want].map(([level, lines]) => [level, lines.length])),
    );
  });
});

test('an erasure takes what a search finds', async () => {
  const response = await fetch(`${server.url}/logs?app=odd&user_id=7`, { method: 'DELETE' });
  const { id } = (await response.json()) as { id: string };
  const job = async (): Promise<unknown> => (await fetch(`${server.url}/erasures/${id}`)).json();
  await expect.poll(job).toMatchObject({ state: 'done', rows: LINES.length - OTHERS.length });
  expect(await found('')).toEqual(sorted(OTHERS));
  // From segments now, whose indexes have the elements.
  expect(await found('user_id=70')).toEqual([OTHERS[1]]);
  expect(await found('user_id=x7')).toEqual([OTHERS[1]]);
  expect(await found('user_id=7')).toEqual([]);
});

function levelOf(line: string): string {
  return Object.entries(OF_USER).find(([, lines]) => lines.includes(line))?.[0] ?? 'info';
}
