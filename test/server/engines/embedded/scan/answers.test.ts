/** Fields that a line has twice and arrays: scan, counts and drop rules say what a look at every line with JSON.parse says. */
import fc from '../../../../fast-check.ts';
import { describe, expect, it, test } from 'vitest';
import { compileDrop, isDropped } from '../../../../../agent/rules/drop.ts';
import { RowGroupBuilder } from '../../../../../shared/row-group/builder.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { instantOf } from '../../../../../shared/time.ts';
import { facetsOf } from '../../../../../server/engines/embedded/aggregate/facets.ts';
import { fieldFingerprints, fingerprintOf } from '../../../../../server/engines/embedded/index/fingerprint.ts';
import { indexClauses, pruneByIndexes } from '../../../../../server/engines/embedded/scan/index-lookup.ts';
import { matchRows } from '../../../../../server/engines/embedded/scan/match-rows.ts';
import { parsePattern } from '../../../../../server/store/value-test.ts';
import type { ValueFilter } from '../filters.ts';
import { scan } from '../../../../../server/engines/embedded/scan/scan.ts';
import type { RowGroupRef } from '../../../../../server/engines/embedded/segment/row-group-ref.ts';
import { planOf } from '../query-context.ts';
import { type Line, rowGroupOf, TODAY } from '../batches.ts';
import { isWanted, valuesOf } from '../../../store/naive-search.ts';

/** In an array without escapes, which are part of its text. */
const plain = ['7', '8', '70', '"7"', '"x"', 'null', 'true', '"info"', '"error"', '""', '-1.5'];
const element = fc.constantFrom(...plain);
const scalar = fc.constantFrom(...plain, '"\\u0078"');
const array = fc.letrec<{ array: string; element: string }>((tie) => ({
  array: fc.array(tie('element'), { maxLength: 3 }).map((elements) => `[${elements.join(',')}]`),
  element: fc.oneof(
    { weight: 4, arbitrary: element },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom('id', 'id.x', 'tags'), element).map(([key, each]) => `{"${key}":${each}}`),
    },
    { weight: 1, arbitrary: tie('array').map((each) => `{"tags":${each},"id":8}`) },
    { weight: 1, arbitrary: tie('array') },
  ),
})).array;
/** `n` is nested and there once, as is its flat twin: which of two equal keys counts when both are objects is not of concern. */
const line = fc
  .record({
    members: fc.array(
      fc.tuple(fc.constantFrom('u', 'u', 'level', 'severity', 'items', 'm'), fc.oneof(scalar, scalar, array)),
      { maxLength: 4 },
    ),
    nested: fc.option(fc.tuple(fc.oneof(scalar, array), fc.oneof(scalar, array), fc.boolean())),
  })
  .map(({ members, nested }): Line => {
    const own = members.map(([name, value]) => `"${name}":${value}`);
    if (nested === null) return { text: `{${own.join(',')}}` };
    const [inner, flat, isFirst] = nested;
    const both = [`"n":{"b":${inner}}`, `"n.b":${flat}`];
    return { text: `{${[...own, ...(isFirst ? both : both.toReversed())].join(',')}}` };
  });
const asked = fc
  .constantFrom('7', 'x', '8', '*', '7*', '*7*', 'error', 'info', 'null', '[*', '', '-1.5')
  .map(parsePattern);
const name = fc.constantFrom(
  'u',
  'level',
  'severity',
  'items',
  'items.id',
  'items.id.x',
  'items.tags',
  'n.b',
  'n.b.id',
  'u.id',
);
const filter = fc.record<ValueFilter>({
  name,
  any: fc.array(asked, { maxLength: 2 }),
  none: fc.array(asked, { maxLength: 2 }),
});

/** With so many more shapes, lines are kept whole. */
const SHAPES: readonly Line[] = Array.from({ length: 80 }, (_, i) => ({ text: `{"k${i}":1}` }));
const PLACES = [
  ['columns', []],
  ['lines that are kept whole', SHAPES],
] as const;

const groupOf = (lines: readonly Line[]): RowGroup => new RowGroup(rowGroupOf(lines));
const isMatch = (each: Line, wanted: ValueFilter): boolean =>
  isWanted({ text: each.text, labels: {}, instant: instantOf(TODAY, 0) }, planOf({ values: [wanted] }));

describe.each(PLACES)('in %s', (_, before) => {
  it('filters', () => {
    let matched = 0;
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), filter, (lines, wanted) => {
        const all = [...before, ...lines];
        const want = all.flatMap((each, row) => (isMatch({ ...each, labels: {} }, wanted) ? [row] : []));
        expect([...matchRows(groupOf(all), planOf({ values: [wanted] }))]).toEqual(want);
        matched += want.length;
      }),
      { numRuns: before.length === 0 ? 1500 : 300 },
    );
    expect(matched).toBeGreaterThan(1000);
  });

  it('counts', () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), (lines) => {
        const all = [...before, ...lines];
        const { facets } = facetsOf(groupOf(all), planOf(), ['u', 'n.b', 'items'], new Set());
        for (const each of ['u', 'n.b', 'items']) {
          const want = new Map<string, number>();
          for (const { text } of all) {
            const [value = ''] = valuesOf(text, {}, each);
            if (value !== '') want.set(value, (want.get(value) ?? 0) + 1);
          }
          expect(facets.find((facet) => facet.name === each)?.values ?? new Map()).toEqual(want);
        }
      }),
      { numRuns: before.length === 0 ? 500 : 100 },
    );
  });
});

it('drop rules', () => {
  fc.assert(
    fc.property(line, name, fc.constantFrom('7', 'x', '8', '*', '7*', 'error', 'null'), ({ text }, field, value) => {
      const drop = compileDrop({ name: 'r', where: { [field]: value } });
      const builder = new RowGroupBuilder();
      const bytes = Buffer.from(text);
      const at = builder.append(bytes, 0, bytes.length);
      const shredded = builder.shred(at, at + bytes.length);
      const want = isMatch({ text, labels: {} }, { name: field, any: [parsePattern(value)], none: [] });
      expect(isDropped(drop, shredded, at, at + bytes.length)).toBe(want);
    }),
    { numRuns: 1500 },
  );
});

describe('indexes', () => {
  const lines = ['{"user_id":7}', '{"user_id":[8,"\\u0078",[9]]}', '{"a":[{"b":[10]},{"b":11}]}'];
  const group = groupOf(lines.map((text) => ({ text })));
  const fingerprints = (field: string, hasElements: boolean): Set<number> =>
    new Set(fieldFingerprints(group, field, hasElements));
  const of = (...texts: readonly string[]): Set<number> =>
    new Set(texts.map((text) => fingerprintOf(Buffer.from(text))));

  test('have the elements of arrays', () => {
    expect(fingerprints('user_id', true)).toEqual(of('7', '[8,"\\u0078",[9]]', '8', 'x', '9'));
    expect(fingerprints('user_id', false)).toEqual(of('7', '[8,"\\u0078",[9]]'));
    expect(fingerprints('a.b', true)).toEqual(of('10', '11'));
  });

  test('of older segments rule out no row group that has arrays', () => {
    const place = (hasElements: boolean) => ({ path: 's', offset: 0, sizeBytes: 1, checksum: 0, hasElements });
    const ref = (hasElements: boolean): RowGroupRef => ({
      path: 's',
      offset: 0,
      sizeBytes: 1,
      rowCount: 3,
      lineBytes: 1,
      baseDay: TODAY,
      minTimeNs: 0,
      maxTimeNs: 1,
      order: 0,
      streams: [{}],
      indexed: { indexes: place(hasElements), ordinal: 0 },
    });
    const filters = (field: string): ValueFilter[] => [{ name: field, any: [parsePattern('8')], none: [] }];
    const pruned = (field: string, hasElements: boolean): RowGroupRef[] => {
      const one = ref(hasElements);
      return pruneByIndexes(
        [one],
        indexClauses(planOf({ values: filters(field) }).where),
        [one.indexed!.indexes],
        [[new Uint32Array()]],
      );
    };
    expect(pruned('user_id', true)).toEqual([]);
    const rowsOf = (field: string): number[] => {
      const [kept] = pruned(field, false);
      const plan = { ...planOf({ values: filters(field) }) };
      return [...scan({ places: [kept!], plan }, { visit: (_, work) => work(group) }).scanned[0]!.rows];
    };
    expect(rowsOf('user_id')).toEqual([1]);
    // Without arrays of the name, nothing but the header is read.
    expect(rowsOf('other')).toEqual([]);
  });
});
