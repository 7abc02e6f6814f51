/** Answers about requests and users do not depend on the store: those of an array are those of a server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Server } from '../../../server/main.ts';
import { QueryEngine } from '../../../server/query/engine.ts';
import { requestOf } from '../../../server/query/request.ts';
import { userOf } from '../../../server/query/user.ts';
import { EVERYTHING } from '../../../server/store/predicate.ts';
import { decodeBatch } from '../../../shared/wire.ts';
import { Random } from '../../corpus/random.ts';
import { batchOfSaid, DAY_START, requestLines } from '../http/request-lines.ts';
import { startQuietServer } from '../quiet-server.ts';
import { SOMEBODY } from '../store/asking.ts';
import { memoryLogStore } from '../store/memory-log-store.ts';

let folder: string;
let server: Server;

const random = new Random(21);
/** The array knows the fields of JSON alone. */
const LINES = Array.from({ length: 40 }, (_, n) => requestLines(random, `r-${n % 35}`, String(n % 4), n * 400))
  .flat()
  .filter(({ text }) => text.startsWith('{'));
const store = memoryLogStore({ now: Date.now, retentionMs: Infinity });
const engine = new QueryEngine(store);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podlog-request-'));
  server = await startQuietServer(join(folder, 'data'), { indexedFields: ['request_id', 'user_id'] });
  for (const some of Map.groupBy(LINES, (_, n) => n % 3).values()) {
    const body = batchOfSaid(some);
    expect((await fetch(`${server.url}/agent/batch`, { method: 'POST', body })).status).toBe(200);
    await store.append(body, decodeBatch(body));
  }
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

async function get(path: string): Promise<object> {
  return (await (await fetch(server.url + path)).json()) as object;
}

const EVER = { from: undefined, to: undefined, where: EVERYTHING };

test.each([1, 3, 1000])('requests of up to %s lines', async (limit) => {
  for (let n = 0; n < 35; n++) {
    const question = { id: `r-${n}`, predicate: EVER, limit };
    const { answer } = await engine.run(SOMEBODY, (view, query) => requestOf(question, view, query));
    expect(answer!.lines.length).toBeGreaterThan(0);
    expect(JSON.parse(JSON.stringify(answer))).toEqual(await get(`/requests/r-${n}?limit=${limit}`));
  }
});

test.each([2, 1000])('users, %s requests of each', async (limit) => {
  const range = { from: DAY_START, to: DAY_START + 86_400_000_000_000n };
  for (let user = 0; user < 4; user++) {
    const question = { id: String(user), predicate: { ...EVER, ...range }, visible: EVER, limit };
    const { answer } = await engine.run(SOMEBODY, (view, query) => userOf(question, view, query));
    expect(answer!.requests.length).toBeGreaterThan(1);
    const shown = await get(`/users/${user}?since=2026-11-23&until=2026-11-24&limit=${limit}`);
    expect(shown).toMatchObject(
      JSON.parse(JSON.stringify({ total: answer!.total, requests: answer!.requests })) as object,
    );
  }
});
