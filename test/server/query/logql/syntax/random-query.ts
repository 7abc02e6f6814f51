/** Random queries, as data, for round trips and comparisons. */
import fc from '../../../../fast-check.ts';
import type {
  CompareOperator,
  Extraction,
  Grouping,
  LabelFilter,
  LabelFormat,
  LineFilter,
  LineOperator,
  LogExpr,
  LogRange,
  Matcher,
  MetricExpr,
  NamedLabel,
  NumberFilter,
  Query,
  RangeOperation,
  Stage,
  Unwrap,
  VectorOperation,
} from '../../../../../server/query/logql/syntax/ast.ts';

const NAME = fc.constantFrom('app', 'level', 'x_1', 'Status', '_', 'rate', 'count', 'bytes', 'sum', 'podlog');
const TEXT = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'say "hi"',
    'back\\slash',
    '`',
    "'",
    'ä€😀',
    '\u0000\n\t',
    '{{.x}}',
    '# no comment',
    '\u2028',
  ),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
);
const REGEXP = fc.constantFrom('', '.*', 'a|b', '^x+$', '(?i)err', '[[:alpha:]]\\d');
const IP = fc.constantFrom('10.0.0.1', '10.0.0.0/8', '1.1.1.1-1.1.1.9', '::1');

const matcher: fc.Arbitrary<Matcher> = fc.oneof(
  fc.record({ name: NAME, operator: fc.constantFrom('=' as const, '!=' as const), value: TEXT }),
  fc.record({ name: NAME, operator: fc.constantFrom('=~' as const, '!~' as const), value: REGEXP }),
);
/** One matcher at least, that an empty value does not satisfy. */
const matchers: fc.Arbitrary<Matcher[]> = fc
  .array(matcher, { maxLength: 3 })
  .map((rest) => [{ name: 'app', operator: '=', value: 'api' }, ...rest]);

const COMPARE = fc.constantFrom<CompareOperator>('==', '!=', '>', '>=', '<', '<=');
const numberFilter: fc.Arbitrary<NumberFilter> = fc.oneof(
  fc.record({
    kind: fc.constant('number' as const),
    name: NAME,
    operator: COMPARE,
    value: fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
  }),
  fc.record({ kind: fc.constant('duration' as const), name: NAME, operator: COMPARE, value: fc.nat(1e12) }),
  fc.record({ kind: fc.constant('bytes' as const), name: NAME, operator: COMPARE, value: fc.nat(1e12) }),
);

const labelFilter: fc.Arbitrary<LabelFilter> = fc.letrec<{ filter: LabelFilter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    matcher.map((each) => ({ kind: 'matcher' as const, matcher: each })),
    numberFilter,
    fc.record({
      kind: fc.constant('ip' as const),
      name: NAME,
      operator: fc.constantFrom('=' as const, '!=' as const),
      pattern: IP,
    }),
    fc.record({ kind: fc.constantFrom('and' as const, 'or' as const), left: tie('filter'), right: tie('filter') }),
  ),
})).filter;

const lineFilter: fc.Arbitrary<LineFilter> = fc.record({
  kind: fc.constant('line' as const),
  operator: fc.constantFrom<LineOperator>('|=', '!=', '|~', '!~', '|>', '!>'),
  texts: fc.array(
    fc.oneof(
      TEXT.map((text) => ({ text, isIp: false })),
      IP.map((text) => ({ text, isIp: true })),
    ),
    { minLength: 1, maxLength: 3 },
  ),
});
/** What comes after an `ip` in alternatives is only of the first of them; a text that lines must not have is alone. */
const oneFilter = lineFilter.map(({ texts, ...rest }) => {
  const ip = texts.findIndex(({ isIp }) => isIp);
  const count = rest.operator.startsWith('!') ? 1 : ip < 0 ? texts.length : ip + 1;
  return { ...rest, texts: texts.slice(0, count) };
});

const extraction: fc.Arbitrary<Extraction> = fc.record({ name: NAME, expression: TEXT });
const format: fc.Arbitrary<LabelFormat> = fc.oneof(
  fc.record({ name: NAME, value: NAME, isTemplate: fc.constant(false) }),
  fc.record({ name: NAME, value: TEXT, isTemplate: fc.constant(true) }),
);
const named: fc.Arbitrary<NamedLabel> = fc.oneof(
  NAME.map((name) => ({ name })),
  matcher.map((each) => ({ name: each.name, matcher: each })),
);

const stage: fc.Arbitrary<Stage> = fc.oneof(
  oneFilter,
  fc.record({ kind: fc.constant('json' as const), expressions: fc.array(extraction, { maxLength: 2 }) }),
  fc.record({
    kind: fc.constant('logfmt' as const),
    expressions: fc.array(extraction, { maxLength: 2 }),
    isStrict: fc.boolean(),
    keepsEmpty: fc.boolean(),
  }),
  fc.constant({ kind: 'regexp' as const, pattern: '(?P<method>\\w+) (?P<path>\\S+)' }),
  fc.constant({ kind: 'pattern' as const, pattern: '<ip> - <_> "<method>"' }),
  fc.constantFrom({ kind: 'unpack' as const }, { kind: 'decolorize' as const }, { kind: 'podlog' as const }),
  labelFilter.map((filter) => ({ kind: 'labels' as const, filter })),
  TEXT.map((template) => ({ kind: 'line_format' as const, template })),
  fc.array(format, { minLength: 1, maxLength: 3 }).map((formats) => ({ kind: 'label_format' as const, formats })),
  fc.record({
    kind: fc.constantFrom('drop' as const, 'keep' as const),
    labels: fc.array(named, { minLength: 1, maxLength: 3 }),
  }),
);

export const logExpr: fc.Arbitrary<LogExpr> = fc.record({
  kind: fc.constant('log' as const),
  matchers,
  stages: fc.array(stage, { maxLength: 4 }).map(withoutAmbiguity),
});

/** A negative line filter after a name would be a condition on it. */
function withoutAmbiguity(stages: readonly Stage[]): Stage[] {
  const kept: Stage[] = [];
  for (const each of stages) {
    const before = kept.at(-1)?.kind;
    if (each.kind !== 'line' || (before !== 'keep' && before !== 'drop' && before !== 'podlog')) kept.push(each);
  }
  return kept;
}

const SECOND = 1_000_000_000n;
const range = fc.constantFrom(1n, 90n, 300n, 3600n, 90_061n, 864_000n, 1_209_600n).map((seconds) => seconds * SECOND);
const offset = fc.constantFrom(0n, 300n, 5400n).map((seconds) => seconds * SECOND);
const unwrap: fc.Arbitrary<Unwrap> = fc
  .record({
    name: NAME,
    conversion: fc.constantFrom(undefined, 'bytes' as const, 'duration' as const, 'duration_seconds' as const),
    filters: fc.array(labelFilter, { maxLength: 2 }),
  })
  .map(({ conversion, ...rest }) => ({ ...rest, ...(conversion !== undefined && { conversion }) }));

const OF_LINES: readonly RangeOperation[] = [
  'count_over_time',
  'rate',
  'bytes_over_time',
  'bytes_rate',
  'absent_over_time',
];
const OF_NUMBERS: readonly RangeOperation[] = ['sum_over_time', 'rate', 'rate_counter', 'absent_over_time'];
const GROUPED: readonly RangeOperation[] = [
  'avg_over_time',
  'max_over_time',
  'min_over_time',
  'first_over_time',
  'last_over_time',
  'stdvar_over_time',
  'stddev_over_time',
];
const logRange: fc.Arbitrary<LogRange> = fc.record({ log: logExpr, rangeNs: range, offsetNs: offset });
const unwrapped: fc.Arbitrary<LogRange> = fc.record({ log: logExpr, rangeNs: range, offsetNs: offset, unwrap });
const grouping: fc.Arbitrary<Grouping> = fc.record({
  isWithout: fc.boolean(),
  names: fc.array(NAME, { maxLength: 2 }),
});
const VECTOR: readonly VectorOperation[] = ['sum', 'avg', 'count', 'max', 'min', 'stddev', 'stdvar'];

export const metricExpr: fc.Arbitrary<MetricExpr> = fc.letrec<{ metric: MetricExpr }>((tie) => {
  const series = tie('metric').filter(({ kind }) => kind !== 'literal');
  return {
    metric: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      fc.record({ kind: fc.constant('range' as const), operation: fc.constantFrom(...OF_LINES), range: logRange }),
      fc.record({ kind: fc.constant('range' as const), operation: fc.constantFrom(...OF_NUMBERS), range: unwrapped }),
      fc.record({
        kind: fc.constant('range' as const),
        operation: fc.constantFrom(...GROUPED),
        range: unwrapped,
        grouping,
      }),
      fc.record({
        kind: fc.constant('range' as const),
        operation: fc.constant('quantile_over_time' as const),
        parameter: fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs),
        range: unwrapped,
      }),
      fc.record({ kind: fc.constant('vector' as const), value: fc.nat() }),
      fc.record({ kind: fc.constant('literal' as const), value: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
      fc.record({
        kind: fc.constant('aggregate' as const),
        operation: fc.constantFrom(...VECTOR),
        of: tie('metric'),
        // By no names is printed as no grouping.
        grouping: grouping.filter(({ isWithout, names }) => isWithout || names.length > 0),
      }),
      fc.record({
        kind: fc.constant('aggregate' as const),
        operation: fc.constantFrom('sort' as const, 'sort_desc' as const),
        of: tie('metric'),
      }),
      fc.record({
        kind: fc.constant('aggregate' as const),
        operation: fc.constantFrom('topk' as const, 'bottomk' as const, 'approx_topk' as const),
        parameter: fc.integer({ min: 1, max: 1000 }),
        of: tie('metric'),
      }),
      fc.record({
        kind: fc.constant('label_replace' as const),
        of: tie('metric'),
        target: NAME,
        replacement: TEXT,
        source: NAME,
        pattern: REGEXP,
      }),
      fc.record({
        kind: fc.constant('binary' as const),
        operator: fc.constantFrom(
          'or' as const,
          'and' as const,
          'unless' as const,
          '+' as const,
          '^' as const,
          '>' as const,
        ),
        left: series,
        right: series,
        isBool: fc.boolean(),
        matching: fc.oneof(
          fc.record({ isOn: fc.constant(true), names: fc.array(NAME, { maxLength: 2 }), include: fc.constant([]) }),
          // `ignoring ()` is nothing, so it is not in a tree.
          fc.record({
            isOn: fc.constant(false),
            names: fc.array(NAME, { minLength: 1, maxLength: 2 }),
            include: fc.constant([]),
          }),
          fc.record({
            isOn: fc.boolean(),
            names: fc.array(NAME, { maxLength: 2 }),
            many: fc.constantFrom('left' as const, 'right' as const),
            include: fc.array(NAME, { maxLength: 2 }),
          }),
        ),
      }),
    ),
  };
}).metric;

export const query: fc.Arbitrary<Query> = fc.oneof(
  logExpr,
  metricExpr,
  fc.record({
    kind: fc.constant('variants' as const),
    of: fc.array(metricExpr, { minLength: 1, maxLength: 2 }),
    range: logRange,
  }),
);
