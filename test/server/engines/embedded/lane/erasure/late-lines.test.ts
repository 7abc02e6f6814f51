/** Lines that may be late hold merges back only while their erasure is remembered. */
import { expect, test } from 'vitest';
import { ERASE_AGAIN_DELAY_MS } from '../../../../../../server/limits.ts';
import { LateLines, upTo } from '../../../../../../server/engines/embedded/lane/erasure/late-lines.ts';
import { parseFilters } from '../../../../../../server/query/parameters.ts';
import { batchOf, TODAY } from '../../batches.ts';
import { append, openStore } from '../../open-store.ts';
import { rowsOfUsers, user } from './users.ts';

const NOON_MS = (TODAY + 0.5) * 86_400_000;
const PREDICATE = upTo(parseFilters({ query: { user_id: user(7) }, namespaces: 'all' }, NOON_MS), NOON_MS);

test.each([
  ['rows that match', () => Promise.resolve(true)],
  ['no row that matches', () => Promise.resolve(false)],
  ['a disk that fails', () => Promise.reject(new Error('EIO'))],
])('an erasure that is forgotten while its late lines are judged leaves no barrier: %s', async (_, find) => {
  const { store } = await openStore();
  let nowMs = NOON_MS;
  const late = new LateLines(store, () => nowMs);
  late.watch('a', PREDICATE, 0);
  await append(store, batchOf({ lines: rowsOfUsers(100, TODAY) }));
  nowMs += ERASE_AGAIN_DELAY_MS;
  expect(late.isDue('a')).toBe(true);
  expect(store.isMergeBarrierBetween(-1, Infinity)).toBe(true);
  const judging = late.judge('a', async () => {
    late.forget('a');
    return find();
  });
  await judging.catch(() => undefined);
  expect(store.isMergeBarrierBetween(-1, Infinity)).toBe(false);
  late.close();
});
