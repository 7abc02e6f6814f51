/** What an erasure is to find, and its form in a job's file: a plan's filters are bytes and big numbers, JSON has neither. */
import type { JsonValue } from '../manifest.ts';
import type { Pattern } from '../scan/pattern.ts';
import type { Plan, ValueFilter } from '../scan/plan.ts';

export type Filter = Pick<Plan, 'from' | 'to' | 'values' | 'text'>;

/** A plan for all rows that the filter asks for. */
export function planOf(filter: Filter): Plan {
  return { ...filter, order: 'oldest', limit: Infinity };
}

/** Names of what is filtered by, without the values: all that may be told of an erasure, and kept. */
export function namesOf({ from, to, values, text }: Filter): string[] {
  return [
    ...values.map(({ name }) => name),
    ...(text.any.length + text.none.length > 0 ? ['q'] : []),
    ...(from === undefined ? [] : ['since']),
    ...(to === undefined ? [] : ['until']),
  ];
}

export function encodeFilter({ from, to, values, text }: Filter): JsonValue {
  return {
    from: from === undefined ? null : String(from),
    to: to === undefined ? null : String(to),
    values: values.map(({ name, any, none }) => ({ name, any: any.map(encodePattern), none: none.map(encodePattern) })),
    text: { any: text.any.map(encodeBytes), none: text.none.map(encodeBytes) },
  };
}

interface StoredFilter {
  readonly from: string | null;
  readonly to: string | null;
  readonly values: readonly {
    readonly name: string;
    readonly any: readonly StoredPattern[];
    readonly none: readonly StoredPattern[];
  }[];
  readonly text: { readonly any: readonly string[]; readonly none: readonly string[] };
}

/** One part is a text, more are what stands around the `*`s. */
type StoredPattern = readonly string[];

/** @param stored  what `encodeFilter` gave; the file's checksum says that it is */
export function decodeFilter(stored: JsonValue): Filter {
  const { from, to, values, text } = stored as unknown as StoredFilter;
  return {
    from: from === null ? undefined : BigInt(from),
    to: to === null ? undefined : BigInt(to),
    values: values.map(({ name, any, none }): ValueFilter => {
      return { name, any: any.map(decodePattern), none: none.map(decodePattern) };
    }),
    text: { any: text.any.map(decodeBytes), none: text.none.map(decodeBytes) },
  };
}

function encodePattern(pattern: Pattern): string[] {
  return (pattern.kind === 'equals' ? [pattern.text] : pattern.parts).map(encodeBytes);
}

function decodePattern(stored: StoredPattern): Pattern {
  const parts = stored.map(decodeBytes);
  return parts.length === 1 ? { kind: 'equals', text: parts[0]! } : { kind: 'wildcard', parts };
}

function encodeBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function decodeBytes(text: string): Buffer {
  return Buffer.from(text, 'base64');
}
