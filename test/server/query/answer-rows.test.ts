/** Rows that answers hold: given back however a search ends. */
import { afterEach, expect, test } from 'vitest';
import { ANSWER_ROWS_FEW, ANSWER_ROWS_HELD_MAX, LIMIT_MAX, RENDER_ROWS_AT_FIRST } from '../../../server/limits.ts';
import { answerBest } from '../../../server/engines/embedded/search/answer.ts';
import type { Plan } from '../../../server/store/search-plan.ts';
import { valueLeaf } from '../../../server/store/predicate.ts';
import { parsePattern } from '../../../server/store/value-test.ts';
import { batchOf, numberedLines } from '../engines/embedded/batches.ts';
import { append, openStore } from '../engines/embedded/open-store.ts';
import { followed, planOf, queryContext, RAW } from '../engines/embedded/query-context.ts';

const releases: (() => void)[] = [];

afterEach(() => {
  for (const release of releases.splice(0)) release();
});

const LINES = 3 * RENDER_ROWS_AT_FIRST;

async function searchOf(changes: Partial<Plan> = {}) {
  const { store } = await openStore();
  await append(store, batchOf({ lines: numberedLines('x', 0, LINES) }));
  const context = queryContext(store);
  const stop = new AbortController();
  const snapshot = store.snapshot();
  releases.push(() => snapshot.release());
  const answer = answerBest(snapshot.rowGroups, planOf(changes), RAW, context, stop.signal);
  return { answer, stop, answerRows: context.answerRows };
}

test('rows are held from the first piece to the last', async () => {
  const { answer, answerRows } = await searchOf();
  expect(answerRows.held).toBe(0);
  await answer.next();
  expect(answerRows.held).toBe(LINES);
  await Array.fromAsync(answer);
  expect(answerRows.held).toBe(0);
});

test('what was not found is not held', async () => {
  const { answer, answerRows } = await searchOf({ where: valueLeaf('n', [parsePattern('7')]) });
  const first = answer.next();
  expect(answerRows.held).toBe(LINES);
  await first;
  expect(answerRows.held).toBe(1);
});

test('a client that goes away, and a search that fails', async () => {
  const gone = await searchOf();
  await gone.answer.next();
  await gone.answer.return(undefined);
  expect(gone.answerRows.held).toBe(0);
  const failed = await searchOf();
  failed.stop.abort();
  await expect(failed.answer.next()).rejects.toThrow(/abort/i);
  expect(failed.answerRows.held).toBe(0);
});

test('beyond the limit a long answer is refused, and a short one is not', async () => {
  const { answer, answerRows } = await searchOf();
  const others = Array.from({ length: ANSWER_ROWS_HELD_MAX / LIMIT_MAX }, () => answerRows.reserve(LIMIT_MAX));
  answerRows.reserve(ANSWER_ROWS_FEW)[Symbol.dispose]();
  await expect(answer.next()).rejects.toMatchObject({
    status: 503,
    message: expect.stringMatching(/too many rows in flight/),
  });
  for (const other of others) other[Symbol.dispose]();
  expect(answerRows.held).toBe(0);
});

test('a live tail goes on, whatever others hold', async () => {
  const { store } = await openStore();
  const context = queryContext(store);
  const others = Array.from({ length: ANSWER_ROWS_HELD_MAX / LIMIT_MAX }, () => context.answerRows.reserve(LIMIT_MAX));
  const tail = followed(store, planOf({ limit: 0 }), { context });
  const first = tail.next();
  await append(store, batchOf({ lines: numberedLines('x', 0, 2 * ANSWER_ROWS_FEW) }));
  expect((await first).value).toBeInstanceOf(Uint8Array);
  await tail.return(undefined);
  for (const other of others) other[Symbol.dispose]();
  expect(context.answerRows.held).toBe(0);
});
