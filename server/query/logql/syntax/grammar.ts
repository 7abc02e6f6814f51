/**
 * The grammar of LogQL, and what each rule makes. The form of the rules decides what an error expects, as it names the
 * terminals that could be read where the parser has stopped; so rules are not written shorter than they are.
 */
import {
  binary,
  labelReplace,
  lineFilters,
  comparedNumber,
  literal,
  matcher,
  numberFilter,
  parsed,
  rangeAggregation,
  vectorAggregation,
  vectorOf,
} from './build.ts';
import type { Grammar, Rule } from './lalr.ts';
import { type Make, rangesOf, type Written } from './range-rules.ts';
import { TERMINALS } from './tokens.ts';

const first: Make = (value) => value;
const second: Make = (_, value) => value;
const listOf: Make = (value) => [value];
const none: Make = () => undefined;
const appended: Make = (list: readonly unknown[], value) => [...list, value];
/** `list , value` */
const listed: Make = (list: readonly unknown[], _, value) => [...list, value];

const RANGE_OPERATIONS = [
  'COUNT_OVER_TIME',
  'RATE',
  'RATE_COUNTER',
  'BYTES_OVER_TIME',
  'BYTES_RATE',
  'AVG_OVER_TIME',
  'SUM_OVER_TIME',
  'MIN_OVER_TIME',
  'MAX_OVER_TIME',
  'STDVAR_OVER_TIME',
  'STDDEV_OVER_TIME',
  'QUANTILE_OVER_TIME',
  'FIRST_OVER_TIME',
  'LAST_OVER_TIME',
  'ABSENT_OVER_TIME',
];
const VECTOR_OPERATIONS = [
  'SUM',
  'AVG',
  'COUNT',
  'MAX',
  'MIN',
  'STDDEV',
  'STDVAR',
  'BOTTOMK',
  'TOPK',
  'SORT',
  'SORT_DESC',
  'APPROX_TOPK',
];
const BINARY_OPERATORS = ['or', 'and', 'unless', '+', '-', '*', '/', '%', '^', '==', '!=', '>', '>=', '<', '<='];
const COMPARED = ['>', '>=', '<', '<=', '!=', '=', '=='];

const RULES: readonly Written[] = [
  ['root', 'expr', first],
  ['expr', 'logExpr', first],
  ['expr', 'metricExpr', first],
  ['expr', 'variantsExpr', first],

  ['logExpr', 'selector', (matchers) => ({ kind: 'log', matchers, stages: [] })],
  ['logExpr', 'selector pipeline', (matchers, stages) => ({ kind: 'log', matchers, stages })],
  ['logExpr', '( logExpr )', second],

  ['metricExpr', 'rangeAggregation', first],
  ['metricExpr', 'vectorAggregation', first],
  ['metricExpr', 'binaryExpr', first],
  ['metricExpr', 'literal', first],
  ['metricExpr', 'labelReplace', first],
  ['metricExpr', 'vectorExpr', first],
  ['metricExpr', '( metricExpr )', second],

  ...rangesOf('selector', 'pipeline', 'unwrapping'),
  ['logRange', '( logRange )', second],
  ['logRange', 'logRange error', first],

  ['unwrapping', '| unwrap IDENTIFIER', (_, __, name) => ({ name, filters: [] })],
  [
    'unwrapping',
    '| unwrap conversion ( IDENTIFIER )',
    (_, __, conversion: string, ___, name) => ({ name, conversion: conversion.toLowerCase(), filters: [] }),
  ],
  [
    'unwrapping',
    'unwrapping | labelFilter',
    (unwrap, _, filter) => ({ ...unwrap, filters: [...unwrap.filters, filter] }),
  ],
  ['conversion', 'BYTES_CONV', first],
  ['conversion', 'DURATION_CONV', first],
  ['conversion', 'DURATION_SECONDS_CONV', first],

  ['rangeAggregation', 'rangeOp ( logRange )', (op, _, range) => rangeAggregation(op, undefined, range)],
  [
    'rangeAggregation',
    'rangeOp ( NUMBER , logRange )',
    (op, _, parameter, __, range) => rangeAggregation(op, parameter, range),
  ],
  [
    'rangeAggregation',
    'rangeOp ( logRange ) grouping',
    (op, _, range, __, grouping) => rangeAggregation(op, undefined, range, grouping),
  ],
  [
    'rangeAggregation',
    'rangeOp ( NUMBER , logRange ) grouping',
    (op, _, parameter, __, range, ___, grouping) => rangeAggregation(op, parameter, range, grouping),
  ],

  ['vectorAggregation', 'vectorOp ( metricExpr )', (op, _, of) => vectorAggregation(op, undefined, of)],
  [
    'vectorAggregation',
    'vectorOp grouping ( metricExpr )',
    (op, grouping, _, of) => vectorAggregation(op, undefined, of, grouping),
  ],
  [
    'vectorAggregation',
    'vectorOp ( metricExpr ) grouping',
    (op, _, of, __, grouping) => vectorAggregation(op, undefined, of, grouping),
  ],
  [
    'vectorAggregation',
    'vectorOp ( NUMBER , metricExpr )',
    (op, _, parameter, __, of) => vectorAggregation(op, parameter, of),
  ],
  [
    'vectorAggregation',
    'vectorOp ( NUMBER , metricExpr ) grouping',
    (op, _, parameter, __, of, ___, grouping) => vectorAggregation(op, parameter, of, grouping),
  ],
  [
    'vectorAggregation',
    'vectorOp grouping ( NUMBER , metricExpr )',
    (op, grouping, _, parameter, __, of) => vectorAggregation(op, parameter, of, grouping),
  ],

  [
    'labelReplace',
    'label_replace ( metricExpr , STRING , STRING , STRING , STRING )',
    (_, __, of, ___, target, ____, replacement, _____, source, ______, pattern) =>
      labelReplace({ kind: 'label_replace', of, target, replacement, source, pattern }),
  ],

  ['filterOp', '|~', first],
  ['filterOp', '|=', first],
  ['filterOp', '|>', first],
  ['filterOp', '!~', first],
  ['filterOp', '!=', first],
  ['filterOp', '!>', first],

  ['selector', '{ matchers }', second],
  ['selector', '{ matchers error', none],
  ['selector', '{ }', () => []],
  ['matchers', 'matcher', listOf],
  ['matchers', 'matchers , matcher', listed],
  ['matcher', 'IDENTIFIER = STRING', matcher],
  ['matcher', 'IDENTIFIER != STRING', matcher],
  ['matcher', 'IDENTIFIER =~ STRING', matcher],
  ['matcher', 'IDENTIFIER !~ STRING', matcher],

  ['pipeline', 'stage', first],
  ['pipeline', 'pipeline stage', (stages, more) => [...stages, ...more]],
  ['stage', 'lineFilters', lineFilters],
  ['stage', '| logfmt', () => [logfmt([], [])]],
  ['stage', '| logfmt flags', (_, __, flags) => [logfmt(flags, [])]],
  ['stage', '| labelParser', (_, stage) => [stage]],
  ['stage', '| json extractions', (_, __, expressions) => [{ kind: 'json', expressions }]],
  ['stage', '| logfmt flags extractions', (_, __, flags, expressions) => [logfmt(flags, expressions)]],
  ['stage', '| logfmt extractions', (_, __, expressions) => [logfmt([], expressions)]],
  ['stage', '| labelFilter', (_, filter) => [{ kind: 'labels', filter }]],
  ['stage', '| line_format STRING', (_, __, template) => [{ kind: 'line_format', template }]],
  ['stage', '| decolorize', () => [{ kind: 'decolorize' }]],
  ['stage', '| label_format formats', (_, __, formats) => [parsed({ kind: 'label_format', formats })]],
  ['stage', '| drop namedLabels', (_, __, labels) => [{ kind: 'drop', labels }]],
  ['stage', '| keep namedLabels', (_, __, labels) => [{ kind: 'keep', labels }]],

  ['lineFilters', 'lineFilter', listOf],
  ['lineFilters', 'lineFilters lineFilter', appended],
  ['lineFilter', 'filterOp STRING', (operator, text) => ({ operator, texts: [{ text, isIp: false }] })],
  ['lineFilter', 'filterOp ip ( STRING )', (operator, _, __, text) => ({ operator, texts: [{ text, isIp: true }] })],
  ['lineFilter', 'lineFilter or orFilter', (filter, _, more) => ({ ...filter, texts: [...filter.texts, ...more] })],
  ['orFilter', 'STRING', (text) => [{ text, isIp: false }]],
  ['orFilter', 'ip ( STRING )', (_, __, text) => [{ text, isIp: true }]],
  ['orFilter', 'STRING or orFilter', (text, _, more) => [{ text, isIp: false }, ...more]],

  ['flags', 'FUNCTION_FLAG', listOf],
  ['flags', 'flags FUNCTION_FLAG', appended],
  ['labelParser', 'json', () => ({ kind: 'json', expressions: [] })],
  ['labelParser', 'regexp STRING', (_, pattern) => parsed({ kind: 'regexp', pattern })],
  ['labelParser', 'unpack', () => ({ kind: 'unpack' })],
  ['labelParser', 'podlog', () => ({ kind: 'podlog' })],
  ['labelParser', 'pattern STRING', (_, pattern) => parsed({ kind: 'pattern', pattern })],

  ['format', 'IDENTIFIER = IDENTIFIER', (name, _, value) => ({ name, value, isTemplate: false })],
  ['format', 'IDENTIFIER = STRING', (name, _, value) => ({ name, value, isTemplate: true })],
  ['formats', 'format', listOf],
  ['formats', 'formats , format', listed],
  ['formats', 'formats , error', none],

  ['labelFilter', 'matcher', (each) => ({ kind: 'matcher', matcher: each })],
  ['labelFilter', 'ipFilter', first],
  ['labelFilter', 'unitFilter', first],
  ['labelFilter', 'numberFilter', first],
  ['labelFilter', '( labelFilter )', second],
  ['labelFilter', 'labelFilter labelFilter', (left, right) => ({ kind: 'and', left, right })],
  ['labelFilter', 'labelFilter and labelFilter', (left, _, right) => ({ kind: 'and', left, right })],
  ['labelFilter', 'labelFilter , labelFilter', (left, _, right) => ({ kind: 'and', left, right })],
  ['labelFilter', 'labelFilter or labelFilter', (left, _, right) => ({ kind: 'or', left, right })],

  ['extraction', 'IDENTIFIER = STRING', (name, _, expression) => ({ name, expression })],
  ['extraction', 'IDENTIFIER', (name) => ({ name, expression: name })],
  ['extractions', 'extraction', listOf],
  ['extractions', 'extractions , extraction', listed],

  ['ipFilter', 'IDENTIFIER = ip ( STRING )', ipFilter],
  ['ipFilter', 'IDENTIFIER != ip ( STRING )', ipFilter],
  ['unitFilter', 'durationFilter', first],
  ['unitFilter', 'bytesFilter', first],
  ...COMPARED.map((op): Written => ['durationFilter', `IDENTIFIER ${op} DURATION`, numberFilter('duration')]),
  ...COMPARED.map((op): Written => ['bytesFilter', `IDENTIFIER ${op} BYTES`, numberFilter('bytes')]),
  ...COMPARED.map((op): Written => ['numberFilter', `IDENTIFIER ${op} compared`, numberFilter('number')]),

  ['namedLabel', 'IDENTIFIER', (name) => ({ name })],
  ['namedLabel', 'matcher', (each) => ({ name: each.name, matcher: each })],
  ['namedLabels', 'namedLabel', listOf],
  ['namedLabels', 'namedLabels , namedLabel', listed],

  ...BINARY_OPERATORS.map((op): Written => ['binaryExpr', `expr ${op} modifier expr`, binary]),
  ['boolModifier', '', () => ({ isBool: false })],
  ['boolModifier', 'bool', () => ({ isBool: true })],
  ['onOrIgnoring', 'boolModifier on ( labels )', matchingOf(true)],
  ['onOrIgnoring', 'boolModifier on ( )', matchingOf(true)],
  ['onOrIgnoring', 'boolModifier ignoring ( labels )', matchingOf(false)],
  ['onOrIgnoring', 'boolModifier ignoring ( )', matchingOf(false)],
  ['modifier', 'boolModifier', first],
  ['modifier', 'onOrIgnoring', first],
  ['modifier', 'onOrIgnoring group_left', grouped('left')],
  ['modifier', 'onOrIgnoring group_left ( )', grouped('left')],
  ['modifier', 'onOrIgnoring group_left ( labels )', grouped('left')],
  ['modifier', 'onOrIgnoring group_right', grouped('right')],
  ['modifier', 'onOrIgnoring group_right ( )', grouped('right')],
  ['modifier', 'onOrIgnoring group_right ( labels )', grouped('right')],

  ['compared', 'NUMBER', comparedNumber],
  ['compared', '+ NUMBER', (_, text) => comparedNumber(text)],
  ['compared', '- NUMBER', (_, text) => ({ kind: 'literal', value: -comparedNumber(text).value })],
  ['literal', 'NUMBER', literal],
  ['literal', '+ NUMBER', (_, text) => literal(text)],
  ['literal', '- NUMBER', (_, text) => ({ kind: 'literal', value: -literal(text).value })],
  ['vectorExpr', 'VECTOR ( NUMBER )', (_, __, text) => vectorOf(text)],

  ...VECTOR_OPERATIONS.map((op): Written => ['vectorOp', op, () => op.toLowerCase()]),
  ...RANGE_OPERATIONS.map((op): Written => ['rangeOp', op, () => op.toLowerCase()]),
  ['offsetBy', 'offset DURATION', second],
  ['labels', 'IDENTIFIER', listOf],
  ['labels', 'labels , IDENTIFIER', listed],
  ['grouping', 'by ( labels )', (_, __, names) => ({ isWithout: false, names })],
  ['grouping', 'without ( labels )', (_, __, names) => ({ isWithout: true, names })],
  ['grouping', 'by ( )', () => ({ isWithout: false, names: [] })],
  ['grouping', 'without ( )', () => ({ isWithout: true, names: [] })],

  [
    'variantsExpr',
    'variants ( metricExprs ) of ( logRange )',
    (_, __, of, ___, ____, _____, range) => ({ kind: 'variants', of, range }),
  ],
  ['metricExprs', 'metricExpr', listOf],
  ['metricExprs', 'metricExprs , metricExpr', listed],
];

function logfmt(flags: readonly string[], expressions: readonly unknown[]): unknown {
  const [isStrict, keepsEmpty] = ['--strict', '--keep-empty'].map((flag) => flags.includes(flag));
  return { kind: 'logfmt', expressions, isStrict, keepsEmpty };
}

function ipFilter(name: string, operator: '=' | '!=', _ip: unknown, _open: unknown, pattern: string): unknown {
  return { kind: 'ip', name, operator, pattern };
}

function matchingOf(isOn: boolean): Make {
  return ({ isBool }, _, __, names) => ({
    isBool,
    matching: { isOn, names: Array.isArray(names) ? names : [], include: [] },
  });
}

function grouped(many: 'left' | 'right'): Make {
  return ({ isBool, matching }, _, __, include) => ({
    isBool,
    matching: { ...matching, many, include: Array.isArray(include) ? include : [] },
  });
}

export const MAKES: readonly Make[] = RULES.map(([, , make]) => make);

export const GRAMMAR: Grammar = {
  terminals: TERMINALS,
  rules: RULES.map(([left, right]): Rule => ({ left, right: right === '' ? [] : right.split(' ') })),
  precedence: [
    { of: ['or'] },
    { of: ['and', 'unless'] },
    { of: ['==', '!=', '<', '<=', '>', '>='] },
    { of: ['+', '-'] },
    { of: ['*', '/', '%'] },
    { of: ['^'], isRight: true },
  ],
};
