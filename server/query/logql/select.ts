/**
 * From the selector and the line filters of a query to a predicate: what every line that it can use satisfies. Lines are
 * tested again when they are read, so a condition may be left out, but must never be too strict.
 */
import { Regexp } from '../../../shared/regexp/regexp.ts';
import { LEVEL } from '../../../shared/levels.ts';
import { LOGQL_CONDITIONS_MAX } from '../../limits.ts';
import { verbatim } from '../../store/asked-name.ts';
import {
  allOf,
  anyOf,
  EVERYTHING,
  leafOf,
  leavesOf,
  normalised,
  not,
  type Predicate,
  regexpLeaf,
  textLeaf,
  type ValueTest,
  type Where,
} from '../../store/predicate.ts';
import { EXTRACTED } from './pipeline/line-labels.ts';
import { askedTexts, isNegative } from './pipeline/line-filter.ts';
import { SERVICE_NAME } from '../../../shared/service-name.ts';
import { serviceNameWhere } from './service-name.ts';
import { DETECTED_LEVEL } from './detected-level.ts';
import type { LabelFilter, LineFilter, LineOperator, LineText, LogExpr, Matcher, Stage } from './syntax/ast.ts';
import { parsePatternText } from './syntax/pattern-text.ts';
import { anchored } from './syntax/regexp-text.ts';

export interface Discovery {
  /** Streams get a label `service_name`. */
  readonly serviceName: boolean;
  /** It is only for selectors, and in no answer. */
  readonly isServiceNameHidden?: boolean;
  /** Lines get the structured metadata `detected_level`. */
  readonly logLevels: boolean;
  /** Label filters before any parser compare podlog's fields, where lines do not have the label. */
  readonly fields: boolean;
}

/** @param visible  what the asker may see, and the time range */
export function predicateOf(log: LogExpr, visible: Predicate, discovery: Discovery): Predicate {
  return { ...visible, where: normalised(allOf([visible.where, ...conditionsOf(log, discovery).kept])) };
}

/** The same for all lines of the streams that a selector selects; it may let through streams that must be tested again. */
export function streamsPredicate<P extends Predicate>(
  matchers: readonly Matcher[],
  visible: P,
  discovery: Discovery,
): P {
  const conditions = matchers.map((matcher) => matcherWhere(matcher, discovery));
  return { ...visible, where: normalised(allOf([visible.where, ...conditions])) };
}

function conditionsOf({ matchers, stages }: LogExpr, discovery: Discovery): { kept: Where[]; isAll: boolean } {
  const conditions = [
    ...matchers.map((matcher) => matcherWhere(matcher, discovery)),
    ...filtersOfWrittenLines(stages).map(lineWhere),
    ...valuesOfFields(stages).map((wanted) => fieldWhere(wanted, discovery)),
  ];
  let room = LOGQL_CONDITIONS_MAX;
  const kept = conditions.filter((condition) => (room -= leavesOf(condition).length) >= 0);
  return { kept, isAll: kept.length === conditions.length };
}

function matcherWhere(matcher: Matcher, { serviceName }: Discovery): Where {
  if (matcher.name !== SERVICE_NAME || !serviceName) return labelWhere(matcher.name, matcher);
  const regexp = new Regexp(anchored(matcher.value));
  const passes = (value: string): boolean => {
    const isEqual = matcher.operator.endsWith('~') ? regexp.testText(value) : value === matcher.value;
    return isEqual === !matcher.operator.startsWith('!');
  };
  return serviceNameWhere((label) => labelWhere(label, matcher), passes);
}

/** Whether each line that satisfies the predicate of a query stays in its pipeline. */
export function isExact(log: LogExpr, discovery: Discovery): boolean {
  const { matchers, stages } = log;
  const written = filtersOfWrittenLines(stages);
  return (
    conditionsOf(log, discovery).isAll &&
    matchers.every(({ name }) => name !== LEVEL) &&
    stages.every((stage) => {
      if (stage.kind === 'labels') return false;
      if (stage.kind !== 'line') return true;
      const isPlain = !stage.operator.endsWith('>') && stage.texts.every(({ isIp }) => !isIp);
      return isPlain && written.includes(stage);
    })
  );
}

function labelWhere(name: string, matcher: Matcher): Where {
  const leaf = (tests: readonly ValueTest[]): Where => leafOf(`label.${name}`, tests);
  if (name !== LEVEL) return comparedWhere(matcher, leaf);
  // Levels are compared by what they mean, so words of one level could not be told apart.
  return matcher.operator.startsWith('!') || isEmptyEqual(matcher, anchored) ? EVERYTHING : leaf([{ kind: 'exists' }]);
}

/**
 * Compares a value as a matcher does; one that is missing is an empty text.
 * @param leaf  makes a condition on the value
 * @param patternOf  makes an expression of that of the matcher
 */
export function comparedWhere(
  matcher: Matcher,
  leaf: (tests: readonly ValueTest[]) => Where,
  patternOf = anchored,
): Where {
  const { operator, value } = matcher;
  const test: ValueTest = operator.endsWith('~')
    ? { kind: 'regexp', pattern: patternOf(value) }
    : { kind: 'equals', text: Buffer.from(value) };
  const equal = leaf([test]);
  const where = isEmptyEqual(matcher, patternOf) ? anyOf([not(leaf([{ kind: 'exists' }])), equal]) : equal;
  return operator.startsWith('!') ? not(where) : where;
}

function isEmptyEqual({ operator, value }: Matcher, patternOf: (value: string) => string): boolean {
  return operator.endsWith('~') ? new Regexp(patternOf(value)).testText('') : value === '';
}

/** Filters of lines as they are stored: those before the first stage that changes the line. */
function filtersOfWrittenLines(stages: readonly Stage[]): LineFilter[] {
  const end = stages.findIndex(({ kind }) => kind === 'line_format' || kind === 'unpack' || kind === 'decolorize');
  const unchanged = end < 0 ? stages : stages.slice(0, end);
  return unchanged.filter((stage) => stage.kind === 'line');
}

type Equal = Matcher & { readonly operator: '=' };

/** Stages that leave labels of streams as they are, and only add what is in the line. */
const FINDING: ReadonlySet<string> = new Set(['line', 'labels', 'json', 'logfmt', 'regexp', 'pattern']);
/** Values that writers do not escape. */
const PLAIN_VALUE = /^[\w.:-]+$/;

/** A label that a line must have with a certain value. */
interface WantedValue extends Equal {
  /** Whether it may be one that a parser has found in the line. */
  readonly isParsed: boolean;
}

function valuesOfFields(stages: readonly Stage[]): WantedValue[] {
  const end = stages.findIndex(({ kind }) => !FINDING.has(kind));
  const finding = end < 0 ? stages : stages.slice(0, end);
  const wanted: WantedValue[] = [];
  let isParsed = false;
  for (const stage of finding) {
    if (stage.kind === 'labels') wanted.push(...equalIn(stage.filter).map((equal) => ({ ...equal, isParsed })));
    else if (stage.kind !== 'line') isParsed = true;
  }
  return wanted.filter(({ name, value }) => PLAIN_VALUE.test(value) && !MADE.has(name) && !name.startsWith('__'));
}

/** Labels whose values are made of others. */
const MADE: ReadonlySet<string> = new Set([
  SERVICE_NAME,
  DETECTED_LEVEL,
  `${SERVICE_NAME}_extracted`,
  `${DETECTED_LEVEL}_extracted`,
]);

function equalIn(filter: LabelFilter): Equal[] {
  if (filter.kind === 'and') return [...equalIn(filter.left), ...equalIn(filter.right)];
  return filter.kind === 'matcher' && filter.matcher.operator === '=' ? [filter.matcher as Equal] : [];
}

/**
 * The label of the stream has the value, or the metadata; or the field, where it counts, which may have an index. Where it may be
 * parsed, the line has it somewhere, perhaps with letters escaped.
 */
function fieldWhere({ name, value, isParsed }: WantedValue, { fields }: Discovery): Where {
  const isField = fields && !isParsed;
  const label = isField && name !== LEVEL ? verbatim(name) : `label.${name}`;
  const ofStream = leafOf(label, [{ kind: 'equals', text: Buffer.from(value) }]);
  const names = name.endsWith(EXTRACTED) ? [name, name.slice(0, -EXTRACTED.length)] : [name];
  // A level may be that of another field.
  const inLine = isParsed || (isField && name === LEVEL) ? [textLeaf(value), textLeaf('\\u00')] : [];
  return anyOf([ofStream, ...names.flatMap((each) => metadataWhere(each, value)), ...inLine]);
}

/** A level may have one of several names, so the condition is only that there is one. */
function metadataWhere(name: string, value: string): Where[] {
  if (name !== LEVEL) return [leafOf(`field.${name}`, [{ kind: 'equals', text: Buffer.from(value) }])];
  return [
    leafOf(`field.${LEVEL}`, [{ kind: 'equals', text: Buffer.from(value) }]),
    leafOf('field.level_name', [{ kind: 'exists' }]),
  ];
}

function lineWhere({ operator, texts }: LineFilter): Where {
  const parts = askedTexts(operator, texts).map((text) => textWhere(operator, text));
  if (!isNegative(operator)) return anyOf(parts);
  // A condition that is not exact cannot be turned round.
  const mayBeNegated = texts.every(({ isIp }) => !isIp) && operator !== '!>';
  return mayBeNegated ? not(anyOf(parts)) : EVERYTHING;
}

function textWhere(operator: LineOperator, { text, isIp }: LineText): Where {
  if (isIp) return EVERYTHING;
  switch (operator) {
    case '|=':
    case '!=':
      return text === '' ? EVERYTHING : textLeaf(text);
    case '|~':
    case '!~':
      return text === '' ? EVERYTHING : regexpLeaf(text);
    case '|>':
    case '!>':
      return allOf(parsePatternText(text).flatMap((part) => (part.kind === 'literal' ? [textLeaf(part.text)] : [])));
  }
}
