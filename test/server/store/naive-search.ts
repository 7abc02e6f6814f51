/** What a plan asks for, found by looking at every line with JSON.parse: slow, and short enough to be believed. */
import { shapeOfText } from '../../../shared/shape-of-text.ts';
import { RE2JS } from 're2js';
import type { Run } from '../../../shared/row-group/runs.ts';
import { type Labels, labelOf } from '../../../shared/labels.ts';
import { floorDivided, instantOf, NS_PER_DAY } from '../../../shared/time.ts';
import { type Cursor, compareCursors, streamRank } from '../../../server/store/cursor.ts';
import { LEVEL } from '../../../shared/levels.ts';
import type { Predicate, RegexpLeaf, TextLeaf, ValueLeaf, ValueTest, Where } from '../../../server/store/predicate.ts';
import { matches } from '../../../server/engines/embedded/scan/value-match.ts';
import type { Plan } from '../../../server/store/search-plan.ts';
import { type OfRun, parseName } from '../../../server/store/asked-name.ts';
import { patternId } from '../../../server/store/line-pattern/line-pattern.ts';
import { isLevel, levelValues } from './naive-level.ts';
import { naivePattern } from './naive-pattern.ts';

export interface NaiveLine {
  readonly text: string;
  readonly labels: Labels;
  readonly run?: Run | undefined;
  readonly metadata?: Labels | undefined;
  /** ns since 1970. */
  readonly instant: bigint;
  /** Number of lines that were stored before; by default, those before it in a list. */
  readonly arrival?: number;
  /** Arrival of the first line of its batch. */
  readonly batchFrom?: number;
}

/** The lines that a plan asks for, in its order. @param lines  in the order of their arrival */
export function naiveSearch<Line extends NaiveLine>(lines: readonly Line[], plan: Plan): Line[] {
  const sign = plan.direction === 'forward' ? 1 : -1;
  return lines
    .map((line, place) => ({ line, cursor: naiveCursor(line, place) }))
    .filter(({ line, cursor }) => isWanted(line, plan) && isAfter(cursor, plan))
    .toSorted((a, b) => sign * compareCursors(a.cursor, b.cursor))
    .slice(0, plan.limit)
    .map(({ line }) => line);
}

/** @param place  of the line among all, in the order of their arrival */
export function naiveCursor({ labels, instant, arrival }: NaiveLine, place: number): Cursor {
  const day = Number(floorDivided(instant, BigInt(NS_PER_DAY)));
  const timeNs = Number(instant - instantOf(day, 0));
  return { day, timeNs, stream: streamRank(labels), arrival: arrival ?? place };
}

function isAfter(cursor: Cursor, { after, upTo, direction }: Plan): boolean {
  if (upTo !== undefined && compareCursors(cursor, upTo) > 0) return false;
  if (after === undefined) return true;
  return direction === 'forward' ? compareCursors(cursor, after) > 0 : compareCursors(cursor, after) < 0;
}

export function isWanted(line: NaiveLine, plan: Predicate): boolean {
  const { instant } = line;
  if (plan.from !== undefined && instant < plan.from) return false;
  if (plan.to !== undefined && instant >= plan.to) return false;
  return isTrue(plan.where, line);
}

function isTrue(where: Where, line: NaiveLine): boolean {
  const { text } = line;
  switch (where.kind) {
    case 'all':
      return where.of.every((each) => isTrue(each, line));
    case 'any':
      return where.of.some((each) => isTrue(each, line));
    case 'not':
      return !isTrue(where.of, line);
    case 'text':
      return readings(text, where).some((each) => containsText(each, where));
    case 'regexp':
      return readings(text, where).some((each) => RE2JS.compile(where.pattern).test(each));
    // Never known, so that other conditions decide.
    case 'json':
      return false;
    case 'value':
      return passesLeaf(where, line);
  }
}

/** The line as it is written and, where that is asked for, as it is read: without escapes of what writers escape. */
function readings(text: string, { asRead }: TextLeaf | RegexpLeaf): string[] {
  return asRead === true ? [text, text.replaceAll(/\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])/g, readEscape)] : [text];
}

function readEscape(escape: string): string {
  const char = JSON.parse(`"${escape}"`) as string;
  return escape.length > 2 && /^[ !#$%(),\-.0-9:;?@A-Z[\]^_a-z{|}~*]$/.test(char) ? escape : char;
}

/**
 * The value that answers a name as a query has it: a label of that name, else metadata, else the last field of that name, or the one that
 * says a level.
 */
export function valuesOf(text: string, labels: Labels, asked: string, run?: Run, metadata: Labels = {}): string[] {
  const { name, only, isPattern, ofRun } = parseName(asked);
  if (ofRun !== undefined) return runTexts(run, ofRun);
  if (isPattern) return [naivePattern(text, fieldsOf(text))];
  const label = only === 'field' ? undefined : labelOf(labels, name);
  if (label !== undefined) return [label];
  if (only === 'label') return [];
  const beside = name === LEVEL ? levelValues(Object.entries(metadata)) : metadataValue(metadata, name);
  if (beside.length > 0) return beside;
  const fields = fieldsOf(text);
  const values =
    name === LEVEL ? levelValues(fields) : fields.flatMap(([field, value]) => (field === name ? [value] : []));
  return values.slice(-1);
}

function metadataValue(metadata: Labels, name: string): string[] {
  return Object.hasOwn(metadata, name) ? [metadata[name]!] : [];
}

function runTexts(run: Run | undefined, name: OfRun | 'previous'): string[] {
  if (run === undefined) return [];
  if (name === 'previous') throw new Error('BUG: a store is asked for previous runs');
  const { uid, container, restart } = run;
  return [
    { restart: `${restart}`, 'line.container': `${uid}/${container}`, 'line.run': `${uid}/${container}/${restart}` }[
      name
    ],
  ];
}

export function containsText(text: string, { needle, ignoreCase }: TextLeaf): boolean {
  const small = (each: string): string => each.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
  const wanted = Buffer.from(needle);
  if (ignoreCase === true)
    return Buffer.from(small(text)).includes(Buffer.from(small(wanted.toString('latin1')), 'latin1'));
  return Buffer.from(text).includes(wanted);
}

function passesLeaf(leaf: ValueLeaf, { text, labels, run, metadata = {} }: NaiveLine): boolean {
  const { name, tests } = leaf;
  if (leaf.ofRun !== undefined) {
    return runTexts(run, leaf.ofRun).some((value) => tests.some((test) => matches(test, Buffer.from(value))));
  }
  if (leaf.ofPattern === true) {
    const pattern = naivePattern(text, fieldsOf(text));
    // As a whole, it has another name.
    const texts = (test: ValueTest): string[] => (test.kind === 'equals' ? [pattern, patternId(pattern)] : [pattern]);
    return tests.some((test) => texts(test).some((each) => matches(test, Buffer.from(each))));
  }
  if (leaf.labelOnly === true && labelOf(labels, name) === undefined) return false;
  return comparedValues(text, leaf.fieldOnly === true ? {} : labels, name, metadata).some((value) =>
    tests.some((test) => {
      if (leaf.ofShape === true) return matches(test, Buffer.from(shapeOfText(value)));
      return name === LEVEL ? isLevel(test, value) : matches(test, Buffer.from(value));
    }),
  );
}

/** What a filter is compared with: the value that answers the name and, where it is an array, all that is in it. */
function comparedValues(text: string, labels: Labels, name: string, metadata: Labels): string[] {
  const values = valuesOf(text, labels, `\\${name}`, undefined, metadata);
  if (labelOf(labels, name) !== undefined) return values;
  const beside = name === LEVEL ? levelValues(Object.entries(metadata)) : metadataValue(metadata, name);
  if (beside.length > 0) return values;
  const parsed = parsedObject(text);
  const leaves = parsed === undefined ? [] : rawLeavesOf(parsed, '');
  if (name === LEVEL) return [...values, ...values.flatMap(elementsOfText)];
  const own = leaves.findLast(([field]) => field === name);
  if (own !== undefined) return [...values, ...elementsOf(own[1], '')];
  const around = leaves.findLast(([field, value]) => Array.isArray(value) && name.startsWith(`${field}.`));
  return around === undefined ? values : elementsOf(around[1], name.slice(around[0].length + 1));
}

function elementsOfText(value: string): string[] {
  return value.startsWith('[') ? elementsOf(JSON.parse(value), '') : [];
}

/** Texts of an array's elements, or of what its objects have at a path; nothing for other values. */
function elementsOf(value: unknown, path: string): string[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((element: unknown): string[] => {
    if (Array.isArray(element)) return elementsOf(element, path);
    if (element === null || typeof element !== 'object') return path === '' ? [textOf(element)] : [];
    if (path === '') return [];
    const leaves = rawLeavesOf(element, '');
    const own = leaves.findLast(([field]) => field === path);
    if (own !== undefined) return Array.isArray(own[1]) ? elementsOf(own[1], '') : [textOf(own[1])];
    const around = leaves.findLast(([field, each]) => Array.isArray(each) && path.startsWith(`${field}.`));
    return around === undefined ? [] : elementsOf(around[1], path.slice(around[0].length + 1));
  });
}

/** Fields of a JSON line, keys joined by dots. */
export function fieldsOf(text: string): [string, string][] {
  const parsed = parsedObject(text);
  return parsed === undefined ? [] : rawLeavesOf(parsed, '').map(([name, value]) => [name, textOf(value)]);
}

/** The same with their values as JSON has them. */
export function leavesOf(text: string): [string, unknown][] {
  const parsed = parsedObject(text);
  return parsed === undefined ? [] : rawLeavesOf(parsed, '');
}

function parsedObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The last of each name. */
function rawLeavesOf(value: object, prefix: string): [string, unknown][] {
  const leaves = Object.entries(value).flatMap(([name, each]: [string, unknown]) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? rawLeavesOf(each, `${prefix}${name}.`)
      : [[prefix + name, each] as [string, unknown]],
  );
  return leaves.filter(([name], i) => leaves.findLastIndex(([other]) => other === name) === i);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
