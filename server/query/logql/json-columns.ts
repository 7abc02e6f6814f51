/**
 * Lowers `| json` and the label filters around it to conditions on columns, for those lines of which the store knows what the
 * parser finds (JsonLeaf). The others are read. What is compiled here says exactly what the pipeline says.
 */
import { LEVEL } from '../../../shared/levels.ts';
import { labelName, type Labels } from '../../../shared/labels.ts';
import { LOGQL_CONDITIONS_MAX } from '../../limits.ts';
import {
  allOf,
  anyOf,
  EVERYTHING,
  type JsonLabel,
  leafOf,
  leavesOf,
  normalised,
  not,
  NOTHING,
  type Operator,
  type Predicate,
  valueLeaf,
  type ValueTest,
  type Where,
} from '../../store/predicate.ts';
import { DETECTED_LEVEL } from './detected-level.ts';
import { lokiLabels } from './known-streams.ts';
import { labelFilterPattern } from './pipeline/label-filter-regexp.ts';
import { filterTest } from './pipeline/label-filter.ts';
import { ERROR, EXTRACTED } from './pipeline/line-labels.ts';
import { comparedWhere, type Discovery, isExact, predicateOf } from './select.ts';
import type { LabelFilter, LogExpr, Matcher, NumberFilter } from './syntax/ast.ts';

/** What uses labels besides the filters of the pipeline. */
export interface UsedLabels {
  /** Labels that lines are grouped by. */
  readonly names: readonly string[];
  /** Used as numbers, with filters after that. */
  readonly unwrap?: { readonly name: string; readonly filters: readonly LabelFilter[] } | undefined;
}

export interface JsonColumns {
  /** Lines of which all is known. */
  readonly known: Predicate;
  /** The other lines that may stay in the pipeline. */
  readonly others: Predicate;
  /** What the lines of both satisfy, besides what is asked of all lines. */
  readonly added: Where;
  /** Whether a label is one that the parser finds, in streams that do not have it. */
  readonly isFound: (name: string) => boolean;
}

interface Context {
  /** Labels of the streams that the query may select. */
  readonly streams: readonly Labels[];
  readonly discovery: Discovery;
  /** Labels that the parser finds and that are used. */
  readonly found: Map<string, JsonLabel>;
  /** Whether labels that must have a value are those of fields, which may have an index. */
  readonly areFields: boolean;
}

/**
 * Returns undefined where not all of it can be said of columns.
 * @param streams  those that the query may select
 * @param visible  what the asker may see, and the time range
 * @param asked  the same, and what else each line that can be used satisfies
 * @param areFields  fewer lines are known, and those that must have a value are found by indexes
 */
export function jsonColumns(
  log: LogExpr,
  used: UsedLabels,
  streams: readonly Labels[],
  { visible, asked }: { readonly visible: Predicate; readonly asked: Predicate },
  discovery: Discovery,
  areFields = false,
): JsonColumns | undefined {
  const { stages } = log;
  const parsers = stages.filter(({ kind }) => kind === 'json');
  const areKnown = stages.every(
    (stage) =>
      stage.kind === 'line' || stage.kind === 'labels' || (stage.kind === 'json' && stage.expressions.length === 0),
  );
  const written = { ...log, stages: stages.filter(({ kind }) => kind === 'line') };
  if (parsers.length !== 1 || !areKnown || !isExact(written, discovery)) return undefined;
  const context: Context = { streams, discovery, found: new Map(), areFields };
  const parser = stages.indexOf(parsers[0]!);
  const filters = stages.flatMap((stage, i) =>
    stage.kind === 'labels' ? [{ filter: stage.filter, isParsed: i > parser }] : [],
  );
  const unwrapped = used.unwrap?.filters.map((filter) => ({ filter, isParsed: true })) ?? [];
  const conditions: Where[] = [];
  for (const { filter, isParsed } of [...filters, ...unwrapped]) {
    const condition = filterWhere(filter, isParsed, context);
    if (condition === undefined) return undefined;
    conditions.push(condition);
  }
  if (used.unwrap !== undefined) {
    const { name } = used.unwrap;
    if (originOf(name, context) !== 'line') return undefined;
    find(name, true, context);
    conditions.push(valueLeafOf(name, false, [{ kind: 'exists' }]));
  }
  for (const name of used.names) {
    if (streams.every((labels) => lokiLabels(labels, discovery).has(name))) continue;
    if (originOf(name, context) === undefined) return undefined;
    find(name, false, context);
  }
  if (leavesOf(allOf(conditions)).length > LOGQL_CONDITIONS_MAX) return undefined;
  const base = predicateOf(written, visible, discovery);
  const labels = [...context.found.values()];
  const isKnown: Where = { kind: 'json', shape: 'object', labels };
  // Lines that are no objects have an error, and no label of the parser.
  const mayStay = used.unwrap === undefined && filters.every(({ filter }) => passesWithout(filter, context) !== false);
  const isDecided: Where = mayStay ? isKnown : { ...isKnown, shape: 'any' };
  return {
    known: { ...base, where: normalised(allOf([isKnown, base.where, ...conditions])) },
    added: normalised(anyOf([allOf([isKnown, ...conditions]), not(isDecided)])),
    others: { ...asked, where: normalised(allOf([not(isDecided), asked.where])) },
    isFound: (name) => context.found.has(name),
  };
}

/**
 * Where a label is from: the parser, in all streams or in those that do not have it; or the streams alone. Undefined where
 * names or values of streams are not what they are in the store.
 */
function originOf(name: string, { streams, discovery }: Context): 'line' | 'both' | 'streams' | undefined {
  if (name.endsWith(EXTRACTED) || name.startsWith('__')) return undefined;
  if (discovery.logLevels && name === DETECTED_LEVEL) return undefined;
  let having = 0;
  for (const labels of streams) {
    const value = lokiLabels(labels, discovery).get(name);
    const raw = Object.hasOwn(labels, name) ? labels[name] : undefined;
    const isNamedOtherwise = Object.keys(labels).some((own) => own !== name && labelName(own) === name);
    if (value !== raw || isNamedOtherwise) return undefined;
    if (value !== undefined) having++;
  }
  if (having === 0) return 'line';
  return having === streams.length ? 'streams' : 'both';
}

function find(name: string, isNumber: boolean, { found }: Context, isField = false): void {
  const known = found.get(name);
  found.set(name, {
    name,
    isNumber: isNumber || known?.isNumber === true,
    isField: isField || known?.isField === true,
  });
}

function filterWhere(filter: LabelFilter, isParsed: boolean, context: Context): Where | undefined {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const left = filterWhere(filter.left, isParsed, context);
      const right = filterWhere(filter.right, isParsed, context);
      if (left === undefined || right === undefined) return undefined;
      return filter.kind === 'and' ? allOf([left, right]) : anyOf([left, right]);
    }
    case 'matcher':
      return matcherWhere(filter.matcher, isParsed, context);
    case 'number':
      return numberWhere(filter, isParsed, context);
    case 'duration':
    case 'bytes':
    case 'ip':
      return undefined;
  }
}

function matcherWhere(matcher: Matcher, isParsed: boolean, context: Context): Where | undefined {
  const { name, operator, value } = matcher;
  // Lines with errors are not among these.
  if (name === ERROR) return filterTest(matcher)('') ? EVERYTHING : NOTHING;
  const origin = originOf(name, context);
  if (origin === undefined) return undefined;
  const isEmptyPassed = filterTest(matcher)('');
  if (!isParsed && origin !== 'streams') {
    const isAbsent = origin === 'line' && !context.discovery.fields;
    return isAbsent ? (isEmptyPassed ? EVERYTHING : NOTHING) : undefined;
  }
  if (context.areFields && operator === '=' && value !== '' && origin === 'line' && name !== LEVEL) {
    find(name, false, context, true);
    return { ...valueLeaf(name, [{ kind: 'equals', text: Buffer.from(value) }]), fieldOnly: true };
  }
  if (origin !== 'streams') find(name, false, context);
  const leaf = (tests: readonly ValueTest[]): Where =>
    origin === 'streams' ? leafOf(`label.${name}`, tests) : valueLeafOf(name, origin === 'both', tests);
  return comparedWhere(matcher, leaf, labelFilterPattern);
}

const OPERATORS: Readonly<Record<NumberFilter['operator'], Operator>> = {
  '==': '=',
  '!=': '!=',
  '>': '>',
  '>=': '>=',
  '<': '<',
  '<=': '<=',
};

/** A line without the label is dropped. */
function numberWhere({ name, operator, value }: NumberFilter, isParsed: boolean, context: Context): Where | undefined {
  if (originOf(name, context) !== 'line') return undefined;
  if (!isParsed) return context.discovery.fields ? undefined : NOTHING;
  find(name, true, context);
  const operand = { kind: 'number', value } as const;
  return valueLeafOf(name, false, [{ kind: 'compare', operator: OPERATORS[operator], operand }]);
}

/** Returns a condition on a label that the parser finds. */
export function jsonLeaf(name: string, tests: readonly ValueTest[]): Where {
  return valueLeafOf(name, false, tests);
}

/** @param areLabelsFirst  whether the label of a stream counts before it */
function valueLeafOf(name: string, areLabelsFirst: boolean, tests: readonly ValueTest[]): Where {
  return { ...valueLeaf(name, tests), ...(!areLabelsFirst && { fieldOnly: true }), ofJson: true };
}

/** Whether a line without any label of the parser may pass, and with an error; undefined where that is not known. */
function passesWithout(filter: LabelFilter, context: Context): boolean | undefined {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const left = passesWithout(filter.left, context);
      const right = passesWithout(filter.right, context);
      const decisive = filter.kind === 'or';
      if (left === decisive || right === decisive) return decisive;
      return left === undefined || right === undefined ? undefined : !decisive;
    }
    case 'matcher': {
      const { name } = filter.matcher;
      return originOf(name, context) === 'line' ? filterTest(filter.matcher)('') : undefined;
    }
    case 'number':
      return originOf(filter.name, context) === 'line' ? false : undefined;
    case 'duration':
    case 'bytes':
    case 'ip':
      return undefined;
  }
}
