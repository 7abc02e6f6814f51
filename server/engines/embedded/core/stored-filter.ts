/** The filter of an erasure as stored in its job's file: a predicate has bytes and bigints, JSON has neither. */
import * as v from 'valibot';
import { OF_RUN } from '../../../store/asked-name.ts';
import type { JsonValue } from '../../../../shared/json-value.ts';
import {
  allOf,
  anyOf,
  normalised,
  not,
  type Predicate,
  type RegexpLeaf,
  type TextLeaf,
  type ValueLeaf,
  type ValueTest,
  type Where,
} from '../../../store/predicate.ts';

export function encodeFilter({ from, to, where }: Predicate): JsonValue {
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
  | (Omit<TextLeaf, 'needle'> & { readonly needle: string })
  | RegexpLeaf
  | (Omit<ValueLeaf, 'tests'> & { readonly tests: readonly StoredTest[] });

type StoredTest =
  | (ValueTest & { readonly kind: 'exists' | 'regexp' | 'compare' })
  | { readonly kind: 'equals'; readonly text: string }
  | { readonly kind: 'wildcard'; readonly parts: readonly string[] };

const STORED_TEST = v.variant('kind', [
  v.object({ kind: v.literal('exists') }),
  v.object({ kind: v.literal('regexp'), pattern: v.string() }),
  v.object({
    kind: v.literal('compare'),
    operator: v.picklist(['>', '>=', '<', '<=', '=', '!=']),
    operand: v.object({ kind: v.picklist(['number', 'duration', 'bytes']), value: v.number() }),
  }),
  v.object({ kind: v.literal('equals'), text: v.string() }),
  v.object({ kind: v.literal('wildcard'), parts: v.pipe(v.array(v.string()), v.minLength(2)) }),
]);

const STORED_WHERE: v.GenericSchema<unknown, StoredWhere> = v.variant('kind', [
  v.object({ kind: v.picklist(['all', 'any']), of: v.array(v.lazy(() => STORED_WHERE)) }),
  v.object({ kind: v.literal('not'), of: v.lazy(() => STORED_WHERE) }),
  v.object({
    kind: v.literal('text'),
    needle: v.string(),
    ignoreCase: v.exactOptional(v.literal(true)),
    asRead: v.exactOptional(v.literal(true)),
  }),
  v.object({ kind: v.literal('regexp'), pattern: v.string(), asRead: v.exactOptional(v.literal(true)) }),
  v.object({
    kind: v.literal('value'),
    name: v.string(),
    tests: v.array(STORED_TEST),
    labelOnly: v.exactOptional(v.literal(true)),
    fieldOnly: v.exactOptional(v.literal(true)),
    ofShape: v.exactOptional(v.literal(true)),
    ofPattern: v.exactOptional(v.literal(true)),
    ofRun: v.exactOptional(v.picklist(OF_RUN)),
  }),
]);

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
    case 'json':
      throw new RangeError('BUG: an erasure depends on how lines are stored');
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

/** Nanoseconds since 1970, in decimal. */
const INSTANT = v.nullable(v.pipe(v.string(), v.regex(/^-?\d+$/)));
/** A single part is a whole text; several are the parts around each `*`. */
const STORED_PARTS = v.pipe(v.array(v.string()), v.minLength(1));

/**
 * The filters of jobs from versions before trees: for each name and for the text, the wanted and the refused values.
 */
const STORED_LISTS = v.object({
  from: INSTANT,
  to: INSTANT,
  values: v.array(v.object({ name: v.string(), any: v.array(STORED_PARTS), none: v.array(STORED_PARTS) })),
  text: v.object({ any: v.array(v.string()), none: v.array(v.string()) }),
});

/** The output of `encodeFilter`, in this version or before trees. */
export const STORED_FILTER = v.union([v.object({ from: INSTANT, to: INSTANT, where: STORED_WHERE }), STORED_LISTS]);

export function decodeFilter(stored: v.InferOutput<typeof STORED_FILTER>): Predicate {
  const { from, to } = stored;
  return {
    from: from === null ? undefined : BigInt(from),
    to: to === null ? undefined : BigInt(to),
    where: 'where' in stored ? decodeWhere(stored.where) : decodeLists(stored),
  };
}

function decodeLists({ values, text }: v.InferOutput<typeof STORED_LISTS>): Where {
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

function decodeParts(stored: readonly string[]): ValueTest {
  const parts = stored.map(decodeBytes);
  return parts.length === 1 ? { kind: 'equals', text: parts[0]! } : { kind: 'wildcard', parts };
}

function encodeBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function decodeBytes(text: string): Buffer {
  return Buffer.from(text, 'base64');
}
