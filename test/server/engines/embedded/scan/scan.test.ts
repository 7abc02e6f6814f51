/** Which rows of a row group a search takes: the first of all, whether they are picked out before they are sorted or after. */
import { expect, test } from 'vitest';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { scanGroup, type ScannedRows } from '../../../../../server/engines/embedded/scan/scan.ts';
import { streamRank } from '../../../../../server/store/cursor.ts';
import type { Plan } from '../../../../../server/store/search-plan.ts';
import { Random } from '../../../../corpus/random.ts';
import { rowGroupOf, TODAY } from '../batches.ts';
import { planOf } from '../query-context.ts';

const ROWS = 2000;
const ORIGIN = { order: 100 };

/** Few times, so that many rows share theirs, in several streams. */
function groupOf(random: Random, times: number): RowGroup {
  const lines = Array.from({ length: ROWS }, (_, n) => ({
    text: `{"n":${n}}`,
    timeNs: random.below(times) * 1000,
    labels: { pod: `api-${random.below(3)}` },
  }));
  return new RowGroup(rowGroupOf(lines));
}

function first(group: RowGroup, plan: Plan, limit: number): readonly (readonly number[])[] {
  const all = scanGroup(group, ORIGIN, { ...plan, limit: Infinity });
  return rowsOf(all).slice(0, limit);
}

function rowsOf({ rows, timesNs, streams }: ScannedRows): readonly (readonly number[])[] {
  return Array.from(rows, (row, i) => [row, timesNs[i]!, streams?.[i] ?? 0]);
}

test.each([1, 5, 100, 5000])('a limit takes the first rows, of %i times', (times) => {
  const random = new Random(times);
  const group = groupOf(random, times);
  for (const direction of ['forward', 'backward'] as const) {
    const plan = planOf({ direction });
    const all = scanGroup(group, ORIGIN, { ...plan, limit: Infinity });
    const cursors = [0, 1, 700, ROWS - 1].map((at) => ({
      day: TODAY,
      timeNs: all.timesNs[at]!,
      stream: streamRank(group.info.streams[all.streams?.[at] ?? 0]!),
      arrival: ORIGIN.order + all.rows[at]!,
    }));
    for (const limit of [1, 2, 10, ROWS / 16, ROWS / 4]) {
      const got = scanGroup(group, ORIGIN, { ...plan, limit });
      expect(rowsOf(got)).toEqual(first(group, plan, limit));
      expect(got.matchedCount).toBe(ROWS);
      for (const after of cursors) {
        const from = { ...plan, after };
        expect(rowsOf(scanGroup(group, ORIGIN, { ...from, limit }))).toEqual(first(group, from, limit));
        if (direction === 'forward') continue;
        const upTo = { ...plan, upTo: after };
        expect(rowsOf(scanGroup(group, ORIGIN, { ...upTo, limit }))).toEqual(first(group, upTo, limit));
      }
    }
  }
});
