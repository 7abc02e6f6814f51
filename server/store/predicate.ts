/**
 * Which lines a query selects, as data: a time range, and a tree of conditions. It is parsed from HTTP parameters
 * (../query/parameters.ts); a store evaluates it. Structured-cloneable, as a store may evaluate it in worker threads.
 *
 * A leaf is true or false for each line. A line without the label or field that a leaf names does not satisfy the leaf,
 * and so satisfies its negation.
 */
import type { Quantity } from '../../shared/quantity.ts';
import { type OfRun, parseName } from './asked-name.ts';

/** Instants, ns since 1970: `from` is inclusive, `to` exclusive. */
export interface TimeRange {
  readonly from: bigint | undefined;
  readonly to: bigint | undefined;
}

export interface Predicate extends TimeRange {
  readonly where: Where;
}

export type Where = AllOf | AnyOf | Not | Leaf;

export type Leaf = TextLeaf | RegexpLeaf | ValueLeaf | JsonLeaf;

/** Without conditions: every line. */
export interface AllOf {
  readonly kind: 'all';
  readonly of: readonly Where[];
}

/** Without conditions: no line. */
export interface AnyOf {
  readonly kind: 'any';
  readonly of: readonly Where[];
}

export interface Not {
  readonly kind: 'not';
  readonly of: Where;
}

/** The line contains these bytes. */
export interface TextLeaf {
  readonly kind: 'text';
  readonly needle: Uint8Array;
  /** ASCII letters of the line match the needle's in either case. */
  readonly ignoreCase?: true;
  /** The line as it is read (read-text.ts) may contain them instead. */
  readonly asRead?: true;
}

/** The line has a match of the expression, in RE2's syntax; see shared/regexp/. */
export interface RegexpLeaf {
  readonly kind: 'regexp';
  readonly pattern: string;
  /** The line as it is read may have a match instead. */
  readonly asRead?: true;
}

/** The value of a name, or an element of it, passes one of the tests. */
export interface ValueLeaf {
  readonly kind: 'value';
  /** A label or, in streams without that label, a field of the line; of several fields of one name, the last counts. */
  readonly name: string;
  readonly tests: readonly ValueTest[];
  /** Lines of a stream without the label do not satisfy the leaf, whatever their fields. */
  readonly labelOnly?: true;
  /** Only the field counts, whatever the labels of the stream. */
  readonly fieldOnly?: true;
  /** With `fieldOnly` or without: the field is the label that `| json` of LogQL finds, of lines that satisfy a JsonLeaf which has it. */
  readonly ofJson?: true;
  /** The tests are those of the shape of the value, see asked-name.ts. */
  readonly ofShape?: true;
  /** The tests are those of the line's pattern, or of its id. */
  readonly ofPattern?: true;
  /** The tests are those of the run that wrote the line; see also PREVIOUS_RUN. */
  readonly ofRun?: OfRun | 'previous';
}

/**
 * The store knows, without reading the line, what `| json` of LogQL finds in it: these labels; or, with `any`, that it does not
 * begin as an object, so that there is an error and no label. Which lines satisfy it depends on how they are stored, so no answer may: it chooses the way to the same answer.
 */
export interface JsonLeaf {
  readonly kind: 'json';
  readonly shape: 'object' | 'any';
  readonly labels: readonly JsonLabel[];
}

export interface JsonLabel {
  readonly name: string;
  /** Each value is written as a plain decimal number. */
  readonly isNumber: boolean;
  /** It is the field of this name, which is there at most once. */
  readonly isField: boolean;
}

export type ValueTest =
  | { readonly kind: 'exists' }
  | { readonly kind: 'equals'; readonly text: Uint8Array }
  /** parts[0] `*` parts[1] `*` … ; at least two parts, any of which may be empty. */
  | { readonly kind: 'wildcard'; readonly parts: readonly Uint8Array[] }
  /** The value has a match of the expression. */
  | { readonly kind: 'regexp'; readonly pattern: string }
  /** Passed by values that are quantities of the same kind. */
  | { readonly kind: 'compare'; readonly operator: Operator; readonly operand: Quantity };

export type Operator = '>' | '>=' | '<' | '<=' | '=' | '!=';

/**
 * The line is of the run before the newest of its container. No store gets this leaf: the query engine finds out first which
 * runs it means.
 */
export const PREVIOUS_RUN: ValueLeaf = {
  kind: 'value',
  name: 'previous',
  ofRun: 'previous',
  tests: [{ kind: 'exists' }],
};

export const EVERYTHING: AllOf = { kind: 'all', of: [] };
export const NOTHING: AnyOf = { kind: 'any', of: [] };

export function allOf(of: readonly Where[]): Where {
  return { kind: 'all', of };
}

export function anyOf(of: readonly Where[]): Where {
  return { kind: 'any', of };
}

export function not(of: Where): Where {
  return { kind: 'not', of };
}

export function textLeaf(text: string | Uint8Array): TextLeaf {
  return { kind: 'text', needle: typeof text === 'string' ? Buffer.from(text) : text };
}

export function regexpLeaf(pattern: string): RegexpLeaf {
  return { kind: 'regexp', pattern };
}

/** Returns the leaf of a name as a query has it. Buckets are compared by their edges, so a name of one is that of a field. */
export function leafOf(asked: string, tests: readonly ValueTest[]): ValueLeaf {
  const { name, only, isShape, isPattern, ofRun, isBucket } = parseName(asked);
  if (isBucket) return valueLeaf(asked, tests);
  return {
    ...valueLeaf(name, tests),
    ...(only === 'label' && { labelOnly: true }),
    ...(only === 'field' && { fieldOnly: true }),
    ...(isShape && { ofShape: true }),
    ...(isPattern && { ofPattern: true }),
    ...(ofRun !== undefined && { ofRun }),
  };
}

export function valueLeaf(name: string, tests: readonly ValueTest[]): ValueLeaf {
  return { kind: 'value', name, tests };
}

/** Whether a leaf is about lines, whatever their labels and fields are. */
export function isOfLines({ ofPattern, ofRun }: ValueLeaf): boolean {
  return ofPattern === true || ofRun !== undefined;
}

/** Returns true for a tree that is normalised and satisfied by every line. */
export function isEverything(where: Where): boolean {
  return where.kind === 'all' && where.of.length === 0;
}

/** True when lines that have nothing in common with the condition satisfy it, such as `level=!error` with a misspelt name. */
export function isOnlyNegative(where: Where): boolean {
  if (where.kind === 'all') return where.of.every(isOnlyNegative);
  if (where.kind === 'any') return where.of.some(isOnlyNegative);
  return where.kind === 'not' && !isOnlyNegative(where.of);
}

/** The same of a tree that no line satisfies. */
export function isNothing(where: Where): boolean {
  return where.kind === 'any' && where.of.length === 0;
}

/**
 * Returns the same condition in its shortest form: no `all` in an `all`, no `any` in an `any`, no double negation, no
 * condition that is always true or always false below the root, and one leaf for all alternatives of a name.
 */
export function normalised(where: Where): Where {
  switch (where.kind) {
    case 'all':
      return joined('all', where.of, NOTHING);
    case 'any':
      return joined('any', where.of, EVERYTHING);
    case 'not':
      return negated(normalised(where.of));
    case 'value':
      return where.tests.length === 0 ? NOTHING : shortened(where);
    case 'text':
      return where.needle.length === 0 ? EVERYTHING : where;
    case 'regexp':
    case 'json':
      return where;
  }
}

/** @param decisive  if it is among them, the others do not matter */
function joined(kind: 'all' | 'any', conditions: readonly Where[], decisive: AllOf | AnyOf): Where {
  const parts: Where[] = [];
  for (const condition of conditions) {
    const part = normalised(condition);
    if (part.kind === decisive.kind && part.of.length === 0) return decisive;
    if (part.kind === kind) parts.push(...part.of);
    else parts.push(part);
  }
  const of = kind === 'any' ? withoutRepeatedNames(parts) : parts;
  return of.length === 1 ? of[0]! : { kind, of };
}

function withoutRepeatedNames(alternatives: readonly Where[]): Where[] {
  const leaves = new Map<string, ValueLeaf>();
  const others: Where[] = [];
  for (const each of alternatives) {
    if (each.kind !== 'value') {
      others.push(each);
      continue;
    }
    const key = `${each.labelOnly === true} ${each.fieldOnly === true} ${each.ofJson === true} ${each.ofShape === true} ${each.ofPattern === true} ${each.ofRun ?? ''} ${each.name}`;
    const known = leaves.get(key);
    leaves.set(key, known === undefined ? each : shortened({ ...known, tests: [...known.tests, ...each.tests] }));
  }
  return [...leaves.values(), ...others];
}

function negated(where: Where): Where {
  if (where.kind === 'not') return where.of;
  if (isEverything(where)) return NOTHING;
  return isNothing(where) ? EVERYTHING : not(where);
}

function shortened(leaf: ValueLeaf): ValueLeaf {
  return leaf.tests.some(isPassedByAll) ? { ...leaf, tests: [{ kind: 'exists' }] } : leaf;
}

/** Whether every value passes the test: then it only matters that there is one. */
function isPassedByAll(test: ValueTest): boolean {
  return test.kind === 'exists' || (test.kind === 'wildcard' && test.parts.every((part) => part.length === 0));
}

/** Returns all leaves, in their order. */
export function leavesOf(where: Where): Leaf[] {
  switch (where.kind) {
    case 'all':
    case 'any':
      return where.of.flatMap(leavesOf);
    case 'not':
      return leavesOf(where.of);
    case 'text':
    case 'regexp':
    case 'value':
    case 'json':
      return [where];
  }
}

/**
 * Evaluates a tree whose leaves are known only in part; undefined when they do not decide it.
 * @param judge  undefined for a leaf that is not known
 */
export function decide(where: Where, judge: (leaf: Leaf) => boolean | undefined): boolean | undefined {
  switch (where.kind) {
    case 'all':
      return decideEach(where.of, judge, false);
    case 'any':
      return decideEach(where.of, judge, true);
    case 'not': {
      const value = decide(where.of, judge);
      return value === undefined ? undefined : !value;
    }
    case 'text':
    case 'regexp':
    case 'value':
    case 'json':
      return judge(where);
  }
}

/** @param decisive  one such condition decides, and so do all conditions of the other value */
function decideEach(
  conditions: readonly Where[],
  judge: (leaf: Leaf) => boolean | undefined,
  decisive: boolean,
): boolean | undefined {
  let areAllKnown = true;
  for (const condition of conditions) {
    const value = decide(condition, judge);
    if (value === decisive) return decisive;
    if (value === undefined) areAllKnown = false;
  }
  return areAllKnown ? !decisive : undefined;
}
