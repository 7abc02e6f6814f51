/**
 * Label filters: by text, number, duration, size or address. A value that cannot be compared keeps the line, with an error
 * unless it has one.
 */
import { Regexp } from '../../../../shared/regexp/regexp.ts';
import { compares } from '../syntax/arithmetic.ts';
import type { LabelFilter, Matcher, NumberFilter } from '../syntax/ast.ts';
import { bytesProblem, goDurationProblem, parseBytes, parseGoDuration } from '../syntax/durations.ts';
import { anchored } from '../syntax/regexp-text.ts';
import { hasAddress, parseIpRange } from './ip.ts';
import { labelFilterPattern } from './label-filter-regexp.ts';
import type { Run, ValueOf } from './stage.ts';

const FILTER_ERROR = 'LabelFilterErr';

const labelOfName: ValueOf = ({ labels }, name) => labels.get(name);

/** @throws InvalidIp */
export function labelFilterStage(filter: LabelFilter, valueOf: ValueOf = labelOfName): Run {
  switch (filter.kind) {
    case 'matcher': {
      const matches = filterTest(filter.matcher);
      const { name } = filter.matcher;
      if (name.startsWith('__')) return ({ labels }) => matches(labels.compared(name) ?? '');
      return (entry) => matches(valueOf(entry, name) ?? '');
    }
    case 'ip': {
      const range = parseIpRange(filter.pattern);
      const isWanted = filter.operator === '=';
      return (entry) => {
        if (entry.labels.hasError) return true;
        const value = valueOf(entry, filter.name);
        return value !== undefined && hasAddress(range, value) === isWanted;
      };
    }
    case 'and': {
      const [left, right] = [labelFilterStage(filter.left, valueOf), labelFilterStage(filter.right, valueOf)];
      return (entry) => left(entry) && right(entry);
    }
    case 'or': {
      const [left, right] = [labelFilterStage(filter.left, valueOf), labelFilterStage(filter.right, valueOf)];
      return (entry) => left(entry) || right(entry);
    }
    default:
      return numberStage(filter, valueOf);
  }
}

/** Returns the test of a label filter. */
export function filterTest(matcher: Matcher): (text: string) => boolean {
  return matcherTest(matcher, labelFilterPattern);
}

/**
 * Returns a test of values; an absent label is empty.
 *
 * @param patternOf  the expression that a value is searched for
 */
export function matcherTest({ operator, value }: Matcher, patternOf = anchored): (text: string) => boolean {
  switch (operator) {
    case '=':
      return (text) => text === value;
    case '!=':
      return (text) => text !== value;
    case '=~':
    case '!~': {
      const regexp = new Regexp(patternOf(value));
      const isWanted = operator === '=~';
      return (text) => regexp.testText(text) === isWanted;
    }
  }
}

function numberStage({ kind, name, operator, value: operand }: NumberFilter, valueOf: ValueOf): Run {
  return (entry) => {
    const { labels } = entry;
    const text = valueOf(entry, name);
    if (text === undefined) return false;
    const value = numberOf(kind, text);
    if (value !== undefined) return compares(operator, value, operand);
    if (!labels.hasError) labels.fail(FILTER_ERROR, problemOf(kind, text));
    return true;
  };
}

export function parseGoFloat(text: string): number | undefined {
  if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text)) return Number(text);
  const word = /^([-+]?)(?:(inf|infinity)|nan)$/i.exec(text);
  if (word === null || (word[2] === undefined && word[1] !== '')) return undefined;
  return word[2] === undefined ? NaN : word[1] === '-' ? -Infinity : Infinity;
}

function numberOf(kind: NumberFilter['kind'], text: string): number | undefined {
  switch (kind) {
    case 'number':
      return parseGoFloat(text);
    case 'duration': {
      const ns = parseGoDuration(text);
      return ns === undefined ? undefined : Number(ns);
    }
    case 'bytes':
      return parseBytes(text);
  }
}

export function problemOf(kind: NumberFilter['kind'], text: string): string {
  const written = JSON.stringify(text);
  if (kind === 'duration') return goDurationProblem(text);
  if (kind === 'number') return `strconv.ParseFloat: parsing ${written}: invalid syntax`;
  return bytesProblem(text);
}
