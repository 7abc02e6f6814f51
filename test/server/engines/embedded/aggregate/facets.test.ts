/** What it costs to count facets: a number of looks that does not grow with names times templates. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { KIND_TEXT } from '../../../../../shared/row-group/format.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { FACET_NAMES_CUT, FACET_NAMES_MAX, FACET_VALUES_MAX } from '../../../../../server/limits.ts';
import { FacetTable } from '../../../../../server/engines/embedded/aggregate/facet-table.ts';
import { facetsOf } from '../../../../../server/engines/embedded/aggregate/facets.ts';
import { facetsTask } from '../../../../../server/engines/embedded/aggregate/run.ts';
import { RowGroups } from '../../../../../server/engines/embedded/scan/row-groups.ts';
import { matchRows } from '../../../../../server/engines/embedded/scan/match-rows.ts';
import type { Predicate } from '../../../../../server/store/predicate.ts';
import { parsePattern } from '../../../../../server/store/value-test.ts';
import { planOf } from '../query-context.ts';
import { type Line, rowGroupOf } from '../batches.ts';
import { facetsInMemory, facetsOfOlderSegments } from './in-memory.ts';

const NAMES = 60;

/** Lines with 5 of 60 names each, so that nearly each has a shape of its own, and many are kept whole. */
function manyShapes(lineCount: number): Line[] {
  let seed = 1;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  return Array.from({ length: lineCount }, () => {
    const names = Array.from({ length: 5 }, () => `f${random(NAMES)}`);
    return { text: JSON.stringify(Object.fromEntries(names.map((name) => [name, random(9)]))) };
  });
}

function groupOf(lines: readonly Line[]): RowGroup {
  const group = new RowGroup(rowGroupOf(lines));
  expect(group.templates.length).toBeGreaterThan(100);
  expect(group.columns.some(({ slot }) => slot.kind === KIND_TEXT)).toBe(true);
  return group;
}

/** Value → lines, by name, as a look at each line says. */
function naive(lines: readonly Line[]): Map<string, Map<string, number>> {
  const want = new Map<string, Map<string, number>>();
  for (const { text } of lines) {
    for (const [name, value] of Object.entries(JSON.parse(text) as Record<string, number>)) {
      const values = want.get(name) ?? new Map<string, number>();
      values.set(String(value), (values.get(String(value)) ?? 0) + 1);
      want.set(name, values);
    }
  }
  return want;
}

afterEach(() => vi.restoreAllMocks());

describe('facets over many shapes', () => {
  it('look at each column and each whole line once, whatever the number of names', () => {
    const lines = manyShapes(3000);
    const group = groupOf(lines);
    const putTogether = vi.spyOn(group, 'lines');
    const decoded = vi.spyOn(group, 'values');
    const { facets } = facetsOf(group, planOf(), undefined, new Set());
    expect(new Map(facets.map(({ name, values }) => [name, values])).keys().toArray().toSorted()).toEqual(
      [...naive(lines).keys(), 'container', 'namespace', 'pod', 'stream'].toSorted(),
    );
    for (const { name, values, rows } of facets) {
      const want = naive(lines).get(name);
      if (want === undefined) continue;
      expect(values).toEqual(want);
      expect(rows).toBe([...want.values()].reduce((sum, count) => sum + count, 0));
    }
    expect(putTogether).toHaveBeenCalledTimes(1);
    // Once to see whether there are too many values, once to count them; and the text of the whole lines.
    expect(decoded.mock.calls.length).toBeLessThanOrEqual(2 * group.columns.length + 1);
  });

  it('cut whole lines once for all filters', () => {
    const lines = manyShapes(3000);
    const group = groupOf(lines);
    const putTogether = vi.spyOn(group, 'lines');
    const values = Array.from({ length: NAMES }, (_, i) => ({
      name: `f${i}`,
      any: i === 3 ? [parsePattern('1')] : [],
      none: i === 3 ? [] : [parsePattern('8')],
    }));
    const rows = matchRows(group, planOf({ values }));
    const want = lines.flatMap(({ text }, row) => {
      const fields = JSON.parse(text) as Record<string, number>;
      return fields['f3'] === 1 && !Object.values(fields).includes(8) ? [row] : [];
    });
    expect([...rows]).toEqual(want);
    expect(want.length).toBeGreaterThan(0);
    expect(putTogether).toHaveBeenCalledTimes(1);
  });
});

describe('lines of many shapes', () => {
  it('are put together from columns that are read once', () => {
    const lines = manyShapes(30_000);
    const bytes = rowGroupOf(lines);
    const reads: number[] = [];
    const source = {
      sizeBytes: bytes.length,
      read: (offset: number, size: number) => (reads.push(offset), bytes.subarray(offset, offset + size)),
      peek: (offset: number, size: number) => (reads.push(offset), bytes.subarray(offset, offset + size)),
    };
    const group = new RowGroup(source, { get: () => undefined, set: () => undefined });
    const few = Array.from({ length: 500 }, (_, i) => i * 60);
    reads.length = 0;
    const some = group.lines(few);
    expect(few.map((_, i) => some.bytes.toString('utf8', some.offsets[i], some.offsets[i + 1]))).toEqual(
      few.map((row) => lines[row]!.text),
    );
    // Once for each page of a column, and for the templates of the rows.
    const pages = new Set(reads);
    expect(reads.length).toBeLessThanOrEqual(pages.size + 4);
  });
});

describe('memory of facets', () => {
  it('counts fewer values of each name beyond the limit, and says how many', () => {
    const table = new FacetTable();
    const long = 'x'.repeat(64 * 1024);
    for (let i = 0; i < 600; i++) table.addValue('long', `${long}${i}`, 1);
    table.addValue('short', 'a', 600);
    const { facets, valuesMax } = table.counts();
    expect(valuesMax).toBeLessThan(FACET_VALUES_MAX);
    expect(facets).toEqual([
      { name: 'long', rows: 600, values: undefined },
      { name: 'short', rows: 600, values: new Map([['a', 600]]) },
    ]);
    const other = new FacetTable();
    other.add(table.counts());
    expect(other.counts()).toEqual(table.counts());
  });

  it('leaves out names that are too many, and says so', () => {
    const table = new FacetTable();
    for (let i = 0; i <= FACET_NAMES_MAX; i++) table.addValue(`n${i}`, 'v', 1);
    table.addValue('n0', 'v', 1);
    const { facets, isCut } = table.counts();
    expect(isCut).toBe(true);
    expect(facets).toHaveLength(FACET_NAMES_MAX);
    expect(facets[0]).toEqual({ name: 'n0', rows: 2, values: new Map([['v', 2]]) });
  });

  it('read no values of names for which there is no room', () => {
    const table = new FacetTable();
    for (let i = 0; i < FACET_NAMES_MAX - 1; i++) table.addValue(`n${i}`, 'v', 1);
    const lines = [{ text: '{"n0":"v","one":"x"}' }, { text: '{"n0":"w","two":"y"}' }];
    const before = new RowGroup(rowGroupOf(lines));
    const wanted = vi.spyOn(before, 'values');
    facetsOf(before, planOf(), undefined, { has: (name) => table.isId(name) });
    const all = wanted.mock.calls.length;
    table.addValue('last', 'v', 1);
    const group = new RowGroup(rowGroupOf(lines));
    const decoded = vi.spyOn(group, 'values');
    const counts = facetsOf(group, planOf(), undefined, { has: (name) => table.isId(name) });
    expect(decoded.mock.calls.length).toBeLessThan(all);
    table.add(counts);
    const { facets, isCut } = table.counts();
    expect(isCut).toBe(true);
    expect(facets.find(({ name }) => name === 'n0')).toEqual({
      name: 'n0',
      rows: 3,
      values: new Map([
        ['v', 2],
        ['w', 1],
      ]),
    });
    expect(facets).toHaveLength(FACET_NAMES_MAX);
  });

  it('counts the most frequent names exactly where there are too many', async () => {
    const rare = Array.from({ length: FACET_NAMES_MAX / 100 }, (_, i): Line => {
      const names = Array.from({ length: 100 }, (__, n) => `rare${i}_${n}`);
      return { text: JSON.stringify(Object.fromEntries(names.map((name) => [name, 1]))) };
    });
    const common = Array.from({ length: 40 }, (): Line => ({ text: '{"common":"x"}' }));
    const half = rare.length / 2;
    const lists = [rare.slice(0, half), common, rare.slice(half), common, common];
    const groups = lists.map((lines) => new RowGroup(rowGroupOf(lines)));
    const sides = [
      { ...planOf(), names: undefined },
      { ...planOf(), names: ['rare1_2'] },
    ];
    const [all, one] = await facetsInMemory(groups, sides);
    expect(all!.isCut).toBe(true);
    expect(all!.facets).toHaveLength(FACET_NAMES_CUT);
    expect(all!.facets).toContainEqual({ name: 'common', rows: 120, values: new Map([['x', 120]]) });
    // A side that asks for a name has that alone, however many others there are.
    expect(one!.facets).toEqual([{ name: 'rare1_2', rows: 1, values: new Map([['1', 1]]) }]);
  });

  it('are counted in each row group on those sides alone that its place names', () => {
    const groups = ['a', 'b'].map((x) => new RowGroup(rowGroupOf([{ text: JSON.stringify({ x }) }])));
    const rowGroups = Object.assign(Object.create(RowGroups.prototype) as RowGroups, {
      visit: <T>({ offset }: { offset: number }, work: (opened: RowGroup) => T) => work(groups[offset]!),
    });
    const places = groups.map((_, offset) => ({ path: '', offset, sizeBytes: 0, order: 0 }));
    const sides = [['x'], ['x'], ['x']].map((names) => ({ ...planOf(), names }));
    const input = { places, sides, sidesOfPlaces: [[2], [0, 2]], values: [], ids: [] };
    const { result } = facetsTask(input, rowGroups, () => false);
    const values = result.map(({ facets }) => facets.flatMap((facet) => [...facet.values!.keys()]));
    expect(values).toEqual([['b'], [], ['a', 'b']]);
  });

  it('read row groups of older segments for the arrays of one side, and all of them for another', async () => {
    const lists = [
      [{ text: '{"user":["7","8"],"a":"x"}' }],
      [{ text: '{"user":["9"],"a":"y"}' }],
      [{ text: '{"a":"z"}' }],
    ];
    const groups = lists.map((lines) => new RowGroup(rowGroupOf(lines)));
    const ofUser = planOf({ values: [{ name: 'user', any: [parsePattern('8')], none: [] }] });
    const countsOf = async (...predicates: readonly Predicate[]): Promise<unknown> => {
      const sides = predicates.map((side) => ({ ...side, names: ['a'] }));
      const counted = await facetsOfOlderSegments(groups, sides);
      return counted.map(({ facets }) => facets.map(({ values }) => Object.fromEntries(values!)));
    };
    expect(await countsOf(ofUser)).toEqual([[{ x: 1 }]]);
    expect(await countsOf(ofUser, ofUser)).toEqual([[{ x: 1 }], [{ x: 1 }]]);
    expect(await countsOf(ofUser, planOf())).toEqual([[{ x: 1 }], [{ x: 1, y: 1, z: 1 }]]);
  });

  it('yields between two row groups', () => {
    const group = new RowGroup(rowGroupOf(manyShapes(10)));
    let opened = 0;
    const rowGroups = Object.assign(Object.create(RowGroups.prototype) as RowGroups, {
      visit: <T>(_: object, work: (opened: RowGroup) => T) => {
        opened++;
        return work(group);
      },
    });
    const place = { path: '', offset: 0, sizeBytes: 0, order: 0 };
    const places = [place, place, place];
    const sides = [{ ...planOf(), names: undefined }];
    const input = { places, sides, sidesOfPlaces: places.map(() => [0]), values: [], ids: [] };
    expect(facetsTask(input, rowGroups, () => opened === 2).doneCount).toBe(2);
    expect(opened).toBe(2);
  });
});
