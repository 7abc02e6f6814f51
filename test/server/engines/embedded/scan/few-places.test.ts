/** Rows that one value decides are those of a plain scan, and so is what names say in them. */
import { expect, test } from 'vitest';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { rowsOfRanks } from '../../../../../shared/row-group/template-order.ts';
import { fewPlaces, fewRows, ranksByTemplate } from '../../../../../server/engines/embedded/scan/few-places.ts';
import type { Places } from '../../../../../server/engines/embedded/scan/picked-values.ts';
import { matchRows } from '../../../../../server/engines/embedded/scan/match-rows.ts';
import { pickedFields } from '../../../../../server/engines/embedded/search/picked-fields.ts';
import { rowFields } from '../../../../../server/engines/embedded/search/row-fields.ts';
import { allOf, not, type TimeRange, valueLeaf, type Where } from '../../../../../server/store/predicate.ts';
import { parsePattern } from '../../../../../server/store/value-test.ts';
import { instantOf } from '../../../../../shared/time.ts';
import { Random } from '../../../../corpus/random.ts';
import { randomLines, randomWhere } from '../../../store/random-predicates.ts';
import { type Line, rowGroupOf, TODAY } from '../batches.ts';

/** So few that each shape has a template. */
const LINES = 700;
const ALL_TIMES = { from: undefined, to: undefined };
const NAMES = ['level', 'status', 'path', 'user', 'latency_ms', 'message', 'request_id', 'tags', 'tags.x', 'absent'];
const SEEDS = Array.from({ length: 6 }, (_, seed) => seed);

function groupOf(random: Random, change: (line: Line) => Line = (line) => line): RowGroup {
  return new RowGroup(rowGroupOf(randomLines(random, LINES, 0).map(change)));
}

/** Lines without labels that are fields of others. */
const unlabelled = (line: Line): Line => ({ ...line, labels: { namespace: 'shop', pod: 'api-1' } });

/** All times, or only some of those of a group, or none of them. */
function randomTimes(random: Random): TimeRange {
  const instant = (): bigint | undefined =>
    random.below(2) === 0 ? undefined : instantOf(TODAY, random.below(LINES) * 1e6);
  return { from: instant(), to: instant() };
}

function leadsOf(random: Random): Where {
  return random.below(2) === 0
    ? valueLeaf('user', [parsePattern(String(random.below(32)))])
    : valueLeaf('status', [parsePattern(['17', '503', '7'][random.below(3)]!)]);
}

test.each(SEEDS)('rows: random trees of seed %i', (seed) => {
  const random = new Random(100 + seed);
  let decided = 0;
  for (const group of [groupOf(random), groupOf(random, unlabelled)]) {
    for (let question = 0; question < 40; question++) {
      const where = random.below(4) === 0 ? leadsOf(random) : allOf([randomWhere(random), leadsOf(random)]);
      const predicate = { ...randomTimes(random), where };
      const places = fewPlaces(group, predicate);
      if (places === undefined) continue;
      decided++;
      expect(rowsAt(group, places)).toEqual([...matchRows(group, predicate)]);
      const rows = fewRows(group, predicate);
      if (rows !== undefined) expect([...rows]).toEqual(rowsAt(group, places));
    }
  }
  expect(decided).toBeGreaterThan(10);
});

function rowsAt(group: RowGroup, places: Places): number[] {
  return [...rowsOfRanks(group.templateCodes(), group.templates.length, ranksByTemplate(places))];
}

/** A condition on a label that streams have, or not. */
function randomLabel(random: Random): Where {
  const [name, value] = [
    ['pod', 'api-1'],
    ['pod', 'web-*'],
    ['namespace', 'shop'],
    ['app', 'web'],
    ['app', 'absent'],
  ][random.below(5)]!;
  const leaf: Where = { ...valueLeaf(name!, [parsePattern(value!)]), labelOnly: true };
  return random.below(2) === 0 ? leaf : not(leaf);
}

test.each(SEEDS)('rows of some streams, by labels that differ in a row group: seed %i', (seed) => {
  const random = new Random(400 + seed);
  const group = groupOf(random);
  let found = 0;
  for (let question = 0; question < 60; question++) {
    const where = allOf([
      randomLabel(random),
      valueLeaf('user', [parsePattern(String(random.below(32)))]),
      randomLabel(random),
    ]);
    const predicate = { ...randomTimes(random), where };
    const rows = [...matchRows(group, predicate)];
    const places = fewPlaces(group, predicate);
    if (places === undefined) continue;
    found += rows.length;
    expect(rowsAt(group, places)).toEqual(rows);
    const few = fewRows(group, predicate);
    if (few !== undefined) expect([...few]).toEqual(rows);
  }
  expect(found).toBeGreaterThan(10);
});

test('only values that few rows have', () => {
  const group = groupOf(new Random(1), unlabelled);
  const where = valueLeaf('user', [parsePattern('7')]);
  expect(fewPlaces(group, { ...ALL_TIMES, where })).toBeDefined();
  const often = valueLeaf('status', ['200', '201', '404'].map(parsePattern));
  expect(fewPlaces(group, { ...ALL_TIMES, where: often })).toBeUndefined();
});

test.each(SEEDS)('values: of random rows of seed %i', (seed) => {
  const random = new Random(200 + seed);
  const group = groupOf(random, unlabelled);
  for (let question = 0; question < 20; question++) {
    const rows = Uint32Array.from(new Set(Array.from({ length: 1 + random.below(40) }, () => random.below(LINES))));
    const picked = pickedFields(group, NAMES, rows, Infinity)!;
    const { bytes, offsets } = group.lines(rows);
    const cut = rowFields(group, NAMES, rows.length);
    const sized: boolean[] = [];
    for (const [i, row] of rows.entries()) {
      picked.moveTo(row, bytes, 0, 0);
      cut.moveTo(row, bytes, offsets[i]!, offsets[i + 1]!);
      sized[i] = NAMES.some((__, field) => cut.read(field) && cut.text.toString() !== '');
      for (const field of NAMES.keys()) {
        const [isPicked, isCut] = [picked.read(field), cut.read(field)];
        expect(isPicked && picked.text.toString()).toBe(isCut && cut.text.toString());
      }
    }
    expect(picked.lines.offsets).toHaveLength(rows.length + 1);
    expect(picked.sizeBytes).toBeGreaterThan(0);
    // Up to the first row that has a value, however long it is.
    const upTo = sized.includes(true) ? sized.indexOf(true) : rows.length - 1;
    expect(pickedFields(group, NAMES, rows, 1)!.lines.offsets).toHaveLength(upTo + 2);
  }
  expect(
    pickedFields(
      group,
      NAMES,
      Uint32Array.from({ length: LINES }, (_, row) => row),
      Infinity,
    ),
  ).toBeUndefined();
});
