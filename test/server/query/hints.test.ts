/** Advice costs little, however much is stored beside what the question has read. */
import { expect, test } from 'vitest';
import { hintsOf } from '../../../server/query/hints.ts';
import { newQueryBudgets, QueryEngine } from '../../../server/query/engine.ts';
import { HINTS_GROUP_BYTES, HINTS_READ_BYTES_MIN, HINTS_READ_FACTOR } from '../../../server/limits.ts';
import type { Aggregation, AggregatePlan } from '../../../server/store/aggregate-plan.ts';
import { leavesOf } from '../../../server/store/predicate.ts';
import type { Query } from '../../../server/store/query.ts';
import { SOMEBODY } from '../store/asking.ts';
import { fakeReader } from './fake-reader.ts';

const NOW_MS = Date.UTC(2026, 10, 23, 12);
const STORED_GROUPS = 1000;
const GROUP_BYTES = 1536 * 1024;
const GROUP_COST = GROUP_BYTES + HINTS_GROUP_BYTES;
const NONE: Aggregation = { cells: [], groupCount: 0, groupCountError: 0 };

/** A store of a thousand row groups, ten in the last hour; which lines they have is in bounds alone, unless text is searched for. */
function storeThatReads(groupBytes: number, onRead: (groups: number) => void): QueryEngine {
  const aggregate = async ({ from, to, where }: AggregatePlan, query: Query): Promise<Aggregation> => {
    const texts = leavesOf(where).filter((leaf) => leaf.kind === 'text');
    if (texts.length === 0) return { ...NONE, cells: [{ bucket: 0, by: [], rows: 500, measures: [] }], groupCount: 1 };
    const groups = from === undefined && to !== undefined ? STORED_GROUPS - 10 : 10;
    for (let group = 0; group < groups; group++) {
      await Promise.resolve();
      query.signal.throwIfAborted();
      onRead(1);
      query.statistics.rowGroupBytesRead += groupBytes;
      query.statistics.rowGroupsRead++;
    }
    return NONE;
  };
  return new QueryEngine(fakeReader({ aggregate }), { budgets: newQueryBudgets() });
}

const MERGED_GROUPS = Math.floor(HINTS_READ_BYTES_MIN / GROUP_COST);

test.each([
  ['a few row groups', GROUP_BYTES, 0, MERGED_GROUPS + 1],
  ['a multiple of what the question has read', GROUP_BYTES, 200 * GROUP_COST, 200 * HINTS_READ_FACTOR + 1],
  ['all row groups where they are those of batches', 1024, 0, STORED_GROUPS - 10],
])(
  'the wider range is looked through for %s, and the filters are then left out all the same',
  async (_, groupBytes, read, most) => {
    let groups = 0;
    const engine = storeThatReads(groupBytes, (count) => (groups += count));
    const question = {
      query: { since: '1h', q: 'no such text' },
      namespaces: 'all',
      ownNames: [],
      nowMs: NOW_MS,
    } as const;
    const answer = { emptyNames: [], read };
    const { answer: hints } = await engine.run(SOMEBODY, (view, query) => hintsOf(question, answer, view, query));
    expect(hints.map(({ message }) => message)).toEqual(['without q=no such text: 500 lines']);
    // Then the text in any case is looked for in the range itself.
    expect(groups).toBe(most + 10);
  },
);
