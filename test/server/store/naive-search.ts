/** What a plan asks for, found by looking at every line with JSON.parse: slow, and short enough to be believed. */
import { type Labels, labelOf } from '../../../shared/labels.ts';
import { LEVEL } from '../../../shared/levels.ts';
import { matchesAny, type Pattern } from '../../../server/store/scan/pattern.ts';
import type { Plan, Predicate, TextFilter, ValueFilter } from '../../../server/store/scan/plan.ts';
import { isLevel, levelValues } from './naive-level.ts';

export interface NaiveLine {
  readonly text: string;
  readonly labels: Labels;
  /** ns since 1970. */
  readonly instant: bigint;
}

/** The lines that a plan asks for, in its order. @param lines  in the order of their arrival */
export function naiveSearch<Line extends NaiveLine>(lines: readonly Line[], plan: Plan): Line[] {
  const found = lines.filter((line) => isWanted(line, plan));
  const oldestFirst = found.toSorted((a, b) => (a.instant < b.instant ? -1 : a.instant > b.instant ? 1 : 0));
  return (plan.order === 'oldest' ? oldestFirst : oldestFirst.toReversed()).slice(0, plan.limit);
}

export function isWanted({ text, labels, instant }: NaiveLine, plan: Predicate): boolean {
  if (plan.from !== undefined && instant < plan.from) return false;
  if (plan.to !== undefined && instant >= plan.to) return false;
  return (
    plan.values.every(
      (filter) =>
        (filter.labelOnly !== true || labelOf(labels, filter.name) !== undefined) &&
        passesValue(filter, valuesOf(text, labels, filter.name)),
    ) && passesText(text, plan.text)
  );
}

/** A label of that name decides alone; without one, the fields of that name do, or those that say a level. */
export function valuesOf(text: string, labels: Labels, name: string): string[] {
  const label = labelOf(labels, name);
  if (label !== undefined) return [label];
  const fields = fieldsOf(text);
  return name === LEVEL ? levelValues(fields) : fields.flatMap(([field, value]) => (field === name ? [value] : []));
}

function passesValue({ name, any, none }: ValueFilter, values: readonly string[]): boolean {
  const matchesOne = (patterns: readonly Pattern[]): boolean =>
    values.some((value) =>
      name === LEVEL ? patterns.some((pattern) => isLevel(pattern, value)) : matchesAny(patterns, Buffer.from(value)),
    );
  return (any.length === 0 || matchesOne(any)) && !matchesOne(none);
}

function passesText(text: string, { any, none }: TextFilter): boolean {
  const contains = (needle: Uint8Array): boolean => Buffer.from(text).includes(Buffer.from(needle));
  return (any.length === 0 || any.some(contains)) && !none.some(contains);
}

/** Fields of a JSON line, keys joined by dots. */
function fieldsOf(text: string): [string, string][] {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? leavesOf(value, '') : [];
  } catch {
    return [];
  }
}

function leavesOf(value: object, prefix: string): [string, string][] {
  return Object.entries(value).flatMap(([name, each]: [string, unknown]) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? leavesOf(each, `${prefix}${name}.`)
      : [[prefix + name, typeof each === 'string' ? each : JSON.stringify(each)] as [string, string]],
  );
}
