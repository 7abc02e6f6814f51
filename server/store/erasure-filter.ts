/** What an erasure is to find, and its form in a job's file: a predicate is bytes and big numbers, JSON has neither. */
import type { JsonValue } from '../../shared/json-value.ts';
import { allOf, anyOf, leavesOf, normalised, not, type Predicate, type ValueTest, type Where } from './predicate.ts';
import type { Plan } from './search-plan.ts';

export type Filter = Predicate;

/** A plan for all rows that the filter asks for. */
export function planOf(filter: Filter): Plan {
  return { ...filter, order: 'oldest', limit: Infinity };
}

/** Names of what is filtered by, without the values: all that may be told of an erasure, and kept. */
export function namesOf({ from, to, where }: Filter): string[] {
  const leaves = leavesOf(where);
  return [
    ...new Set(leaves.flatMap((leaf) => (leaf.kind === 'value' ? [leaf.name] : []))),
    ...(leaves.some(({ kind }) => kind !== 'value') ? ['q'] : []),
    ...(from === undefined ? [] : ['since']),
    ...(to === undefined ? [] : ['until']),
  ];
}

export function encodeFilter({ from, to, where }: Filter): JsonValue {
  return {
    from: from === undefined ? null : String(from),
    to: to === undefined ? null : String(to),
    where: encodeWhere(where),
  };
}

/** A tree whose bytes are base64. */
type StoredWhere =
  | { readonly kind: 'all' | 'any'; readonly of: readonly StoredWhere[] }
  | { readonly kind: 'not'; readonly of: StoredWhere }
  | { readonly kind: 'text'; readonly needle: string; readonly ignoreCase?: true }
  | { readonly kind: 'regexp'; readonly pattern: string }
  | { readonly kind: 'value'; readonly name: string; readonly tests: readonly StoredTest[]; readonly labelOnly?: true };

type StoredTest =
  | (ValueTest & { readonly kind: 'exists' | 'regexp' | 'compare' })
  | { readonly kind: 'equals'; readonly text: string }
  | { readonly kind: 'wildcard'; readonly parts: readonly string[] };

function encodeWhere(where: Where): JsonValue {
  switch (where.kind) {
    case 'all':
    case 'any':
      return { kind: where.kind, of: where.of.map(encodeWhere) };
    case 'not':
      return { kind: 'not', of: encodeWhere(where.of) };
    case 'text':
      return { ...where, needle: encodeBytes(where.needle) };
    case 'regexp':
      return { ...where };
    case 'value':
      return { ...where, tests: where.tests.map(encodeTest) };
  }
}

function encodeTest(test: ValueTest): JsonValue {
  switch (test.kind) {
    case 'equals':
      return { kind: 'equals', text: encodeBytes(test.text) };
    case 'wildcard':
      return { kind: 'wildcard', parts: test.parts.map(encodeBytes) };
    case 'exists':
    case 'regexp':
    case 'compare':
      return { ...test } as unknown as JsonValue;
  }
}

interface StoredFilter {
  readonly from: string | null;
  readonly to: string | null;
  readonly where: StoredWhere;
}

/** @param stored  what `encodeFilter` gave, now or before there were trees; the file's checksum says that it is */
export function decodeFilter(stored: JsonValue): Filter {
  const { from, to, ...rest } = stored as unknown as StoredFilter | StoredLists;
  return {
    from: from === null ? undefined : BigInt(from),
    to: to === null ? undefined : BigInt(to),
    where: 'where' in rest ? decodeWhere(rest.where) : decodeLists(rest),
  };
}

function decodeWhere(stored: StoredWhere): Where {
  switch (stored.kind) {
    case 'all':
    case 'any':
      return { kind: stored.kind, of: stored.of.map(decodeWhere) };
    case 'not':
      return not(decodeWhere(stored.of));
    case 'text':
      return { ...stored, needle: decodeBytes(stored.needle) };
    case 'regexp':
      return stored;
    case 'value':
      return { ...stored, tests: stored.tests.map(decodeTest) };
  }
}

function decodeTest(stored: StoredTest): ValueTest {
  switch (stored.kind) {
    case 'equals':
      return { kind: 'equals', text: decodeBytes(stored.text) };
    case 'wildcard':
      return { kind: 'wildcard', parts: stored.parts.map(decodeBytes) };
    case 'exists':
    case 'regexp':
    case 'compare':
      return stored;
  }
}

/** The filters of jobs that were requested before there were trees: of each name and of the text, what is wanted and refused. */
interface StoredLists {
  readonly from: string | null;
  readonly to: string | null;
  readonly values: readonly { readonly name: string; readonly any: StoredParts[]; readonly none: StoredParts[] }[];
  readonly text: { readonly any: readonly string[]; readonly none: readonly string[] };
}

/** One part is a text, more are what is around the `*`s. */
type StoredParts = readonly string[];

function decodeLists({ values, text }: Omit<StoredLists, 'from' | 'to'>): Where {
  const someText = (needles: readonly string[]): Where =>
    anyOf(needles.map((needle) => ({ kind: 'text', needle: decodeBytes(needle) })));
  const lists = values.map(({ name, any, none }) => {
    return decodeList(any, none, (tests) => ({ kind: 'value', name, tests: tests.map(decodeParts) }));
  });
  return normalised(allOf([...lists, decodeList(text.any, text.none, someText)]));
}

function decodeList<T>(any: readonly T[], none: readonly T[], some: (of: readonly T[]) => Where): Where {
  return allOf([...(any.length === 0 ? [] : [some(any)]), not(some(none))]);
}

function decodeParts(stored: StoredParts): ValueTest {
  const parts = stored.map(decodeBytes);
  return parts.length === 1 ? { kind: 'equals', text: parts[0]! } : { kind: 'wildcard', parts };
}

function encodeBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function decodeBytes(text: string): Buffer {
  return Buffer.from(text, 'base64');
}
