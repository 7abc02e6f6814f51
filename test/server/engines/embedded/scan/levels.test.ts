/** The level of mixed lines: scan, counts and drop rules say what a look at every line says. */
import fc from '../../../../fast-check.ts';
import { describe, expect, it } from 'vitest';
import { compileDrop, isDropped } from '../../../../../agent/rules/drop.ts';
import type { Labels } from '../../../../../shared/labels.ts';
import { LEVEL, LEVELS } from '../../../../../shared/levels.ts';
import { RowGroupBuilder } from '../../../../../shared/row-group/builder.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { instantOf } from '../../../../../shared/time.ts';
import { facetsOf } from '../../../../../server/engines/embedded/aggregate/facets.ts';
import { matchRows } from '../../../../../server/engines/embedded/scan/match-rows.ts';
import { parsePattern } from '../../../../../server/store/value-test.ts';
import type { ValueFilter } from '../filters.ts';
import { planOf } from '../query-context.ts';
import { type Line, rowGroupOf, TODAY } from '../batches.ts';
import { naiveCanonical } from '../../../store/naive-level.ts';
import { isWanted, valuesOf } from '../../../store/naive-search.ts';

const SPELLINGS = LEVELS.flatMap(({ spellings }) => spellings);

const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...SPELLINGS) },
  { weight: 3, arbitrary: fc.constantFrom(...SPELLINGS).map((spelling) => spelling.toUpperCase()) },
  { weight: 2, arbitrary: fc.constantFrom('Warning', 'Information', 'Error', 'INFO+2', 'DEBUG-4', 'warn+1', 'Info-x') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'audit',
      'wARN',
      '',
      '0',
      '7',
      '35',
      'error page',
      'informational!',
      '<3>',
      '<165>',
      '<192>',
      'é"x',
    ),
  },
);
/** As JSON; with escapes, a value is the same text in other bytes. */
const value = fc.oneof(
  { weight: 6, arbitrary: text.map((each) => JSON.stringify(each)) },
  { weight: 2, arbitrary: fc.constantFrom(10, 20, 30, 40, 50, 60, 35, 0, -3, 0.5).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('null', 'true', '[30]', '"w\\u0061rn"', '"\\u0045RROR"') },
);
const field = fc.constantFrom('level', 'level', 'severity', 'Level', 'lvl', '@l', 'log.level', 'level_name');
const object = fc
  .tuple(fc.uniqueArray(fc.tuple(field, value), { maxLength: 3, selector: ([name]) => name }), fc.boolean())
  .map(([fields, isNested]) => {
    const parts = fields.map(([name, json]) =>
      isNested && name === 'log.level' ? `"log":{"level":${json}}` : `"${name}":${json}`,
    );
    return `{${['"msg":"m"', ...parts].join(',')}}`;
  });
const line = fc.record<Line>({
  text: fc.oneof(
    { weight: 9, arbitrary: object },
    { weight: 1, arbitrary: fc.constantFrom('plain ERRORS', 'levels, warn') },
  ),
  labels: fc.constantFrom<Labels>({ pod: 'p' }, { pod: 'q' }, { level: 'WARN' }, { level: 'audit' }),
});
const asked = fc.oneof(
  text,
  fc.constantFrom('*', 'w*', 'e*', '*n', 'W*', 'IN*', '*+2', 'WARN', 'Warning', 'eRRor', 'info+2', '3*', '*0'),
);
const filter = fc.record<ValueFilter>({
  name: fc.constantFrom('level', 'level', 'severity', 'log.level'),
  any: fc.array(asked.map(parsePattern), { maxLength: 2 }),
  none: fc.array(asked.map(parsePattern), { maxLength: 2 }),
});

/** With so many more shapes, lines are kept whole. */
const SHAPES: readonly Line[] = Array.from({ length: 80 }, (_, i) => ({ text: `{"k${i}":1}` }));

const groupOf = (lines: readonly Line[]): RowGroup => new RowGroup(rowGroupOf(lines));
const isMatch = (each: Line, wanted: ValueFilter): boolean =>
  isWanted({ text: each.text, labels: each.labels ?? {}, instant: instantOf(TODAY, 0) }, planOf({ values: [wanted] }));

describe('level', () => {
  it.each([
    ['columns', []],
    ['lines that are kept whole', SHAPES],
  ])('is what a look at every line says it is: filters, in %s', (_, before) => {
    let matched = 0;
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 25 }), filter, (lines, wanted) => {
        const all = [...before, ...lines];
        const want = all.flatMap((each, row) => (isMatch(each, wanted) ? [row] : []));
        expect([...matchRows(groupOf(all), planOf({ values: [wanted] }))]).toEqual(want);
        matched += want.length;
      }),
      { numRuns: before.length === 0 ? 4000 : 500 },
    );
    expect(matched).toBeGreaterThan(1000);
  });

  it.each([
    ['columns', []],
    ['lines that are kept whole', SHAPES],
  ])('is what a look at every line says it is: counts, in %s', (_, before) => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 25 }), (lines) => {
        const all = [...before, ...lines];
        for (const name of [LEVEL, 'severity']) {
          const want = new Map<string, number>();
          for (const each of all) {
            const [written = ''] = valuesOf(each.text, each.labels ?? {}, name);
            const counted = name === LEVEL ? naiveCanonical(written) : written;
            if (counted !== '') want.set(counted, (want.get(counted) ?? 0) + 1);
          }
          const [facet] = facetsOf(groupOf(all), planOf(), [name], new Set()).facets;
          expect(facet?.values ?? new Map()).toEqual(want);
        }
      }),
      { numRuns: before.length === 0 ? 2000 : 300 },
    );
  });

  it('is the same to drop rules', () => {
    let dropped = 0;
    fc.assert(
      fc.property(object, asked, (json, wanted) => {
        // A rule knows no escapes, and of a field that stands twice in a line it sees the last.
        const where = { level: wanted };
        const bytes = Buffer.from(json);
        const builder = new RowGroupBuilder();
        const start = builder.append(bytes, 0, bytes.length);
        const shredded = builder.shred(start, start + bytes.length);
        const want = isMatch({ text: json }, { name: LEVEL, any: [parsePattern(wanted)], none: [] });
        expect(isDropped(compileDrop({ name: 'rule', where }), shredded, start, start + bytes.length)).toBe(want);
        dropped += want ? 1 : 0;
      }),
      { numRuns: 3000 },
    );
    expect(dropped).toBeGreaterThan(100);
  });

  it('is among the fields of lines that say it in another', () => {
    const group = groupOf([{ text: '{"severity":"WARNING"}' }, { text: '{"severity":"NOTICE"}' }, { text: '{"n":1}' }]);
    const { facets: all } = facetsOf(group, planOf(), undefined, new Set());
    const facets = all.filter(({ name }) => /level|severity/i.test(name));
    expect(facets.map(({ name, rows, values }) => [name, rows, Object.fromEntries(values!)])).toEqual([
      ['level', 2, { warn: 1, info: 1 }],
      ['severity', 2, { WARNING: 1, NOTICE: 1 }],
    ]);
  });

  it('has few values though another field of its lines has many', () => {
    const lines = Array.from({ length: 3000 }, (_, i) => ({ text: `{"level":"INFO","severity":"s${i * 7}x"}` }));
    const values = new Map([['info', 3000]]);
    const { facets } = facetsOf(groupOf(lines), planOf(), [LEVEL, 'severity'], new Set());
    expect(facets).toEqual([
      { name: LEVEL, rows: 3000, values },
      { name: 'severity', rows: 3000, values: undefined },
    ]);
  });
});
