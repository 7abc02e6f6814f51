/** Row groups of any bytes, also behind checksums that match: a reader reports corruption, and never anything else. */
import { expect, test } from 'vitest';
import { mergeRowGroups } from '../../shared/row-group/merge/merge.ts';
import { ENCODING_LAST, LAYOUT_PACKED, LAYOUT_PAGED } from '../../shared/row-group/format.ts';
import { RowGroup } from '../../shared/row-group/reader.ts';
import { verifyRowGroup } from '../../shared/row-group/verify.ts';
import { formatTime, instantOf, NS_PER_DAY } from '../../shared/time.ts';
import { parsePattern } from '../../server/store/value-test.ts';
import { matchRows } from '../../server/engines/embedded/scan/match-rows.ts';
import type { Plan } from '../../server/store/search-plan.ts';
import { whereOf } from '../server/engines/embedded/filters.ts';
import { fuzz, mutated, overwritten, randomBytes } from './fuzz.ts';
import { LARGE, SMALL, withHeader, withPages } from './row-groups.ts';

test('the samples have both layouts, and all encodings', () => {
  expect([SMALL[4], LARGE[4]]).toEqual([LAYOUT_PACKED, LAYOUT_PAGED]);
  for (const sample of [SMALL, LARGE]) {
    const encodings = new Set(new RowGroup(sample).columns.map(({ chunk }) => chunk.encoding));
    expect(encodings).toEqual(new Set(Array.from({ length: ENCODING_LAST + 1 }, (_, id) => id)));
  }
});

const PLAN: Plan = {
  from: instantOf(20_780, 5e6),
  to: instantOf(20_780, 1e12),
  where: whereOf({
    values: [
      { name: 'u', any: [parsePattern('00000000-*'), parsePattern('7')], none: [parsePattern('x')] },
      { name: 'n', any: [], none: [parsePattern('14')] },
      { name: 'p', any: [parsePattern('/users/7/*'), parsePattern('/users/8/items/48')], none: [] },
    ],
    text: { any: [Buffer.from('plain'), Buffer.from('"c":"k"')], none: [Buffer.from('nowhere')] },
  }),
  direction: 'backward',
  limit: 10,
};

/** Everything that a reader can be asked. */
function readAll(bytes: Buffer): void {
  const group = new RowGroup(bytes);
  group.verifyPages();
  const { info } = group;
  group.flags();
  group.ranks();
  for (const [index, column] of group.columns.entries()) {
    group.values(index);
    group.valueRows(column);
  }
  matchRows(group, PLAN);
  const rows = Array.from({ length: Math.min(info.rowCount, 2000) }, (_, row) => row);
  group.lines(rows);
  for (const row of rows) formatTime(info.baseDay, group.timesNs()[row]!);
  const day = info.baseDay + Math.floor(info.minTimeNs / NS_PER_DAY);
  for (const merged of mergeRowGroups([group, group], { day, level: 1 })) verifyRowGroup(merged);
}

test('arbitrary bytes', () => fuzz((random) => readAll(randomBytes(random.below(300), random))));

test('mutated bytes', () => fuzz((random) => readAll(mutated(random.below(2) === 0 ? SMALL : LARGE, random))));

test('mutated packed body behind a good checksum', () =>
  fuzz((random) => readAll(withHeader(SMALL, (header) => mutated(header, random)))));

test('overwritten packed body behind a good checksum', () =>
  fuzz((random) => readAll(withHeader(SMALL, (header) => overwritten(header, random)))));

test('mutated header of a paged group behind a good checksum', () =>
  fuzz((random) => readAll(withHeader(LARGE, (header) => overwritten(header, random)))));

test('mutated pages behind good checksums', () => fuzz((random) => readAll(withPages(LARGE, random))));
