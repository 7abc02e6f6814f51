/** The scan over columns says what a plain look at every line says. */
import fc from '../../../../fast-check.ts';
import { describe, expect, it } from 'vitest';
import type { Labels } from '../../../../../shared/labels.ts';
import { ENCODING_PATTERN } from '../../../../../shared/row-group/format.ts';
import { instantOf } from '../../../../../shared/time.ts';
import {
  allOf,
  anyOf,
  normalised,
  not,
  regexpLeaf,
  textLeaf,
  valueLeaf,
  type ValueTest,
  type Where,
} from '../../../../../server/store/predicate.ts';
import { parsePattern } from '../../../../../server/store/value-test.ts';
import type { Plan } from '../../../../../server/store/search-plan.ts';
import { matchRows } from '../../../../../server/engines/embedded/scan/match-rows.ts';
import { type ValueFilter, whereOf } from '../filters.ts';
import { textLine } from '../../../../shared/row-group/line-formats/lines.ts';

import { ALL, DAY, encode, isTrue, KNOWN_FIELDS, naiveMatches, type Row } from './rows.ts';

const word = fc.constantFrom('a', 'ab', 'b', '7', '12', '-3', '0.5', 'GET', 'é', 'x"y', 'tab\t', 'a\\b', '/api/1', '');
const leaf = fc.oneof(
  word,
  fc.integer({ min: -15, max: 130 }),
  fc.double({ min: 0, max: 2, noNaN: true }).map((n) => Math.round(n * 100) / 100),
  fc.constantFrom(true, null, '2026-11-23T15:01:12Z', '2026-11-23T15:01:12.5Z'),
  fc.nat(30).map((n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`),
  fc.nat(30).map((n) => `deadbeef${String(n).padStart(8, '0')}`),
  fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 2 }),
);
const names = ['f', 'g', 'app', 'level', 'path', 'in.f', 'constructor', '__proto__'];
const object = fc.dictionary(fc.constantFrom('f', 'g', 'app', 'constructor'), leaf, { maxKeys: 4 });
const line = fc.oneof(
  { weight: 6, arbitrary: object.map((value) => JSON.stringify(value)) },
  { weight: 2, arbitrary: fc.tuple(object, object).map(([outer, inner]) => JSON.stringify({ ...outer, in: inner })) },
  { weight: 2, arbitrary: object.map(logfmt) },
  { weight: 1, arbitrary: fc.constantFrom(...KNOWN_FIELDS.keys()).filter((each) => !each.includes('\\"')) },
  { weight: 1, arbitrary: fc.string().filter((text) => !text.startsWith('{')) },
);
/** Quoted where it must be, and sometimes where it need not. */
function logfmt(value: Readonly<Record<string, unknown>>): string {
  return Object.entries(value)
    .map(([key, each]) => {
      const text = typeof each === 'string' ? each : JSON.stringify(each);
      return `${key}=${/[\s"\\]/.test(text) || text.length % 4 === 1 ? JSON.stringify(text) : text}`;
    })
    .join(' ');
}
const labels = fc.constantFrom<Labels>({ app: 'a' }, { app: '7' }, { pod: 'p' });
const row = fc.record<Row>({ labels, timeNs: fc.nat(20), line });
const pattern = fc.oneof(
  word,
  fc.integer({ min: -15, max: 130 }).map(String),
  fc.constantFrom(
    '*',
    '*a*',
    '1*',
    '*2',
    '00000000-0000-4000-8000-000000000003',
    '*0003',
    'true',
    'null',
    '[1]',
    '0.25',
    '2026*Z',
    'deadbeef00000001',
    '\\*',
    'ERROR',
    '/',
  ),
);
const comparison = fc.record<ValueTest & { kind: 'compare' }>({
  kind: fc.constant('compare' as const),
  operator: fc.constantFrom('>', '>=', '<', '<=', '=', '!='),
  operand: fc.oneof(
    fc.integer({ min: -16, max: 131 }).map((value) => ({ kind: 'number' as const, value })),
    fc.constantFrom(0.5, 0.25, 1, 6.5).map((value) => ({ kind: 'number' as const, value })),
    fc.constant({ kind: 'bytes' as const, value: 12 }),
    fc.constant({ kind: 'duration' as const, value: 12 }),
  ),
});
const expression = fc.constantFrom(
  'a',
  '^a',
  'b$',
  '^$',
  '^[0-9]+$',
  '(?i)get',
  '\\\\',
  '.',
  '^.$',
  '[^a-z]',
  '/api/\\d',
  '12|-3',
  '0003$',
  'dead.*7',
  'é',
  '"f":"?a',
  'level',
  '(?i)ERROR',
  '\\pL',
  'f=.*g=',
  '^\\{.*\\}$',
  '\\bab?\\b',
  '[[:upper:]]{3}',
);
const valueTest = fc.oneof(
  { weight: 6, arbitrary: pattern.map(parsePattern) },
  { weight: 2, arbitrary: comparison },
  { weight: 2, arbitrary: expression.map((source): ValueTest => ({ kind: 'regexp', pattern: source })) },
  { weight: 1, arbitrary: fc.constant<ValueTest>({ kind: 'exists' }) },
);
const patterns = fc.array(valueTest, { maxLength: 3 });
const needle = fc.constantFrom(
  'a',
  '"f":',
  '":"a',
  '7',
  '12',
  ',"g":-',
  '}',
  'GET',
  'é',
  '\\"',
  '0.5',
  '4000',
  'T15',
  'zzz',
  '{',
  'dead',
  'null',
  ' g=',
  'f=a',
  '=-',
  'a g',
  '" ',
  '12 f',
  'HTTP/2.0" 200 5 "-',
  '- worker - WARNING - q',
  'ERROR',
  ': ',
);
const needles = fc.array(
  needle.map((text) => Buffer.from(text)),
  { maxLength: 2 },
);
const filters = fc
  .record({
    values: fc.array(
      fc.record<ValueFilter>(
        { name: fc.constantFrom(...names), any: patterns, none: patterns, labelOnly: fc.constant(true as const) },
        { requiredKeys: ['name', 'any', 'none'] },
      ),
      { maxLength: 2 },
    ),
    text: fc.record({ any: needles, none: needles }),
  })
  .map(whereOf);
const { tree } = fc.letrec<{ tree: Where }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ name: fc.constantFrom(...names), tests: patterns }).map(({ name, tests }) => valueLeaf(name, tests)),
    needle.map(textLeaf),
    needle.map((text): Where => ({ ...textLeaf(text.toUpperCase()), ignoreCase: true })),
    expression.map(regexpLeaf),
    fc.array(tie('tree'), { maxLength: 3 }).map(allOf),
    fc.array(tie('tree'), { maxLength: 3 }).map(anyOf),
    tie('tree').map(not),
  ),
}));
const plan = fc.record<Plan>({
  from: fc.option(
    fc.nat(20).map((n) => instantOf(DAY, n)),
    { nil: undefined },
  ),
  to: fc.option(
    fc.nat(20).map((n) => instantOf(DAY, n)),
    { nil: undefined },
  ),
  where: fc.oneof(filters, tree).chain((where) => fc.constantFrom(where, normalised(where))),
  direction: fc.constant('backward' as const),
  limit: fc.constant(1000),
});

describe('matchRows', () => {
  it('agrees with a look at every line', () => {
    let matched = 0;
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 30 }), plan, (rows, wanted) => {
        const want = rows.flatMap((each, index) => (naiveMatches(each, wanted) ? [index] : []));
        expect([...matchRows(encode(rows), wanted)]).toEqual(want);
        matched += want.length;
      }),
      { numRuns: 6000 },
    );
    expect(matched).toBeGreaterThan(1000);
  });

  it('agrees with a look at every line about texts with numbers in them', () => {
    const paths = Array.from({ length: 200 }, (_, i) =>
      i % 10 === 0 ? '/healthz' : `/${i % 3 === 0 ? 'users' : 'ord\\"ers'}/${i * i}${i % 4 === 0 ? `/0${i}` : '/x'}`,
    );
    const rows = paths.map((path, timeNs): Row => ({ labels: { pod: 'p' }, timeNs, line: `{"f":"${path}","g":1}` }));
    const group = encode(rows);
    expect(group.columns[0]!.chunk.encoding).toBe(ENCODING_PATTERN);
    const texts = paths.flatMap((path) => {
      const text = path.replaceAll('\\', '');
      const [, head, number, tail] = text.split('/');
      return [
        text,
        path,
        `/${head}/*`,
        `/${head}/${(number ?? '').slice(0, 2)}*`,
        `${text.slice(0, -1)}*`,
        `*/${tail}`,
        `*${number}*`,
        `/*/${number}/*`,
        `/${head}/${number}1/x`,
        `*1*/x`,
      ];
    });
    const needlesOf = paths.flatMap((path) => [path.slice(2, -1), path.slice(-3), path.slice(0, 4), path.slice(4, 9)]);
    const plans: Plan[] = [
      ...[...new Set(texts), '*', '/', 'nothing'].map((text) => valueLeaf('f', [parsePattern(text)])),
      ...[...new Set(needlesOf), '7', '/x', '99', '/0', 'zz'].map(textLeaf),
      ...[
        '^/users/\\d+',
        'ers/1.*x$',
        '"ers/',
        'users/(100|400)',
        '/0[0-9]+$',
        'health',
        'users/.*/0',
        'nothing',
      ].flatMap((source) => [valueLeaf('f', [{ kind: 'regexp', pattern: source }]), regexpLeaf(source)]),
    ].map((where) => ({ ...ALL, where }));
    for (const wanted of plans) {
      const want = rows.flatMap((each, index) => (naiveMatches(each, wanted) ? [index] : []));
      expect([...matchRows(group, wanted)], JSON.stringify(wanted)).toEqual(want);
    }
  });

  it('finds any piece of a line, also across its seams, and only there', () => {
    // Values are short and often empty, and what stands between them is short, too.
    const piece = fc.constantFrom('', '', 'a', 'b', '1', '12', '-', ' ');
    const json = fc.array(piece, { minLength: 2, maxLength: 4 }).map((values) => `{"k":"${values.join('","b":"')}"}`);
    const seamed = fc.oneof(
      json,
      fc.tuple(piece, piece).map(([a, b]) => `k=${a.trim()} b=${b.trim()}`),
      fc.tuple(piece, piece).map(([a, b]) => `${a} ERROR ${b}`),
      textLine,
    );
    const some = fc.array(seamed, { minLength: 1, maxLength: 12 });
    const where = fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 12 }), fc.boolean());
    fc.assert(
      fc.property(some, where, (lines, [which, at, length, swapped]) => {
        const chosen = lines[which % lines.length]!;
        const from = at % (chosen.length + 1);
        const text = chosen.slice(from, from + length);
        const wanted = swapped ? text.replace('a', 'b') : text;
        fc.pre(wanted !== '');
        const rows = lines.map((each, timeNs): Row => ({ labels: { pod: 'p' }, timeNs, line: each }));
        // In lines with letters of either case, and others beyond ASCII.
        const folded: Plan = { ...ALL, where: { ...textLeaf(wanted.toUpperCase()), ignoreCase: true } };
        const wantFolded = rows.flatMap((each, index) => (isTrue(folded.where, {}, each.line) ? [index] : []));
        expect([...matchRows(encode(rows), folded)], wanted).toEqual(wantFolded);
        const search: Plan = { ...ALL, where: textLeaf(wanted) };
        const want = rows.flatMap((each, index) => (each.line.includes(wanted) ? [index] : []));
        expect([...matchRows(encode(rows), search)], wanted).toEqual(want);
      }),
      { numRuns: 6000 },
    );
  });

  it('puts no lines together that need not be: what cannot lie across a seam of klog lines, or of JSON', () => {
    const klog = (i: number): string =>
      `${'IWE'[i % 3]!}0101 00:00:0${i % 10}.${100_000 + i}       1 a.go:${i % 50}] "Nosuch text for bad zones" lock="l-${i % 9}" items=${i}`;
    const json = (i: number): string =>
      `{"level":"info","path":"/api/${i % 50}","message":"nosuch text for bad zones","n":${i}}`;
    for (const [write, texts] of [
      [klog, ['no such text 07', 'deadbeef07', 'zz', 'such text f', 'zones 07 ']],
      [json, ['no such text 07', 'deadbeef07', 'zz', 'nosuch t', '"level":"warn"', '"n":1999,']],
    ] as const) {
      const rows = Array.from({ length: 2000 }, (_, i): Row => ({ labels: { pod: 'p' }, timeNs: i, line: write(i) }));
      const group = encode(rows);
      group.lines = () => expect.fail('lines are put together');
      for (const text of texts) {
        const found = matchRows(group, { ...ALL, where: textLeaf(text) });
        expect(found.length, text).toBe(rows.filter((each) => each.line.includes(text)).length);
      }
    }
  });

  it('finds a number once that is asked for twice', () => {
    const rows = Array.from({ length: 2000 }, (_, i): Row => ({
      labels: { pod: 'p' },
      timeNs: i,
      line: `{"n":${(i * 7919) % 1009}}`,
    }));
    const wanted: Plan = { ...ALL, where: valueLeaf('n', ['7', '7'].map(parsePattern)) };
    const want = rows.flatMap(({ line: text }, i) => (text === '{"n":7}' ? [i] : []));
    expect(want.length).toBe(2);
    expect([...matchRows(encode(rows), wanted)]).toEqual(want);
  });

  it('finds fields of lines whose shape was one too many', () => {
    const rows = Array.from({ length: 600 }, (_, i): Row => ({
      labels: { pod: 'p' },
      timeNs: i,
      line: `{"k${i}":1,"user_id":${i % 7}}`,
    }));
    const group = encode(rows);
    expect(group.templates.length).toBeLessThan(100);
    const wanted: Plan = { ...ALL, where: valueLeaf('user_id', [parsePattern('3')]) };
    expect([...matchRows(group, wanted)]).toEqual(rows.flatMap((_, i) => (i % 7 === 3 ? [i] : [])));
  });

  it('finds fields of text whose shape was one too many', () => {
    const rows = Array.from({ length: 600 }, (_, i): Row => ({
      labels: { pod: 'p' },
      timeNs: i,
      line: `k${i}=1 user_id=${i % 7}`,
    }));
    const group = encode(rows);
    expect(group.templates.length).toBeLessThan(100);
    for (const user of ['3', '*']) {
      const wanted: Plan = { ...ALL, where: valueLeaf('user_id', [parsePattern(user)]) };
      expect([...matchRows(group, wanted)]).toEqual(rows.flatMap((_, i) => (user === '*' || i % 7 === 3 ? [i] : [])));
    }
  });
});
