/**
 * Lines as parts of requests: what each says of method, path, status, duration, user and error, whatever its program calls
 * them (../../shared/request-names.ts).
 */
import type { Labels } from '../../shared/labels.ts';
import { LEVEL } from '../../shared/levels.ts';
import {
  DURATION_NAMES,
  durationMsOf,
  ERROR_NAMES,
  isMethod,
  isPath,
  isStatus,
  MESSAGE_NAMES,
  METHOD_NAMES,
  PATH_NAMES,
  REQUEST_ID_NAMES,
  STATUS_NAMES,
  USER_ID_NAMES,
} from '../../shared/request-names.ts';
import { instantOf, NS_PER_MS } from '../../shared/time.ts';
import { allOf, anyOf, not, normalised, type Predicate, valueLeaf, type Where } from '../store/predicate.ts';
import { textAt } from '../store/block-texts.ts';
import { type BlockField, labelsAt, type RowBlock } from '../store/row-block.ts';

/** One line. What it does not say is undefined. */
export interface RequestRow {
  readonly instant: bigint;
  readonly labels: Labels;
  readonly flags: number;
  readonly line: string;
  /** Canonical, where it is in the table of levels. */
  readonly level: string | undefined;
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly status: string | undefined;
  readonly durationMs: number | undefined;
  readonly requestId: string | undefined;
  readonly userId: string | undefined;
  readonly message: string | undefined;
  readonly error: string | undefined;
}

/** The fields that a search must ask for. */
export const REQUEST_FIELDS: readonly string[] = [
  ...new Set([
    LEVEL,
    ...METHOD_NAMES,
    ...PATH_NAMES,
    ...STATUS_NAMES,
    ...DURATION_NAMES,
    ...REQUEST_ID_NAMES,
    ...USER_ID_NAMES,
    ...MESSAGE_NAMES,
    ...ERROR_NAMES,
  ]),
];

/** The same without those that say whose a line is: all are of one user. */
export const FIELDS_OF_USER: readonly string[] = REQUEST_FIELDS.filter((name) => !USER_ID_NAMES.includes(name));

type Accepts = (value: string, name: string) => boolean;
const always: Accepts = (value) => value !== '';

/** Reads a part of requests from rows: the first of its names that has a value which is one. */
type PartReader = (row: number) => Found | undefined;

/** @param fields  a part whose names are not among them is in no row */
export function partReaders(
  fields: readonly BlockField[],
): (names: readonly string[], accepts?: Accepts) => PartReader {
  const byName = new Map(fields.map((field) => [field.name, field]));
  return (names, accepts = always) => {
    const asked = names.flatMap((name) => byName.get(name) ?? []);
    const present = asked.filter(({ isPresent }) => isPresent.includes(1));
    return (row) => {
      for (const { name, isPresent, values } of present) {
        if (isPresent[row] !== 1) continue;
        const value = textOf(textAt(values, row));
        if (accepts(value, name)) return { name, value };
      }
      return undefined;
    };
  };
}

/** Whether a value of one of DURATION_NAMES is a duration. */
export function isDuration(value: string, name: string): boolean {
  return durationMsOf(name, value) !== undefined;
}

/** @param block  with REQUEST_FIELDS, or some of them */
export function requestRowsOf(block: RowBlock): RequestRow[] {
  const reader = partReaders(block.fields);
  const level = reader([LEVEL]);
  const method = reader(METHOD_NAMES, isMethod);
  const path = reader(PATH_NAMES, isPath);
  const status = reader(STATUS_NAMES, isStatus);
  const duration = reader(DURATION_NAMES, isDuration);
  const requestId = reader(REQUEST_ID_NAMES);
  const userId = reader(USER_ID_NAMES);
  const message = reader(MESSAGE_NAMES);
  const error = reader(ERROR_NAMES);
  return Array.from({ length: block.rowCount }, (_, row) => {
    const took = duration(row);
    return {
      instant: instantOf(block.days[row]!, block.timesNs[row]!),
      labels: labelsAt(block, row),
      flags: block.flags[row]!,
      line: textOf(textAt(block.lines, row)),
      level: level(row)?.value,
      method: method(row)?.value,
      path: path(row)?.value,
      status: status(row)?.value,
      durationMs: took && durationMsOf(took.name, took.value),
      requestId: requestId(row)?.value,
      userId: userId(row)?.value,
      message: message(row)?.value,
      error: error(row)?.value,
    };
  });
}

interface Found {
  readonly name: string;
  readonly value: string;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}

/** Whether a line is about a request as a whole, as an access log's is: it has two of method, path and status. */
export function isHead({ method, path, status }: RequestRow): boolean {
  return [method, path, status].filter((part) => part !== undefined).length >= 2;
}

/** Whether a line says that its request failed: by its status or, without one, by its level. */
export function saysFailed({ status, level }: Pick<RequestRow, 'status' | 'level'>): boolean {
  return status === undefined ? isError(level) : Number(status) >= 500;
}

export function isError(level: string | undefined): boolean {
  return level === 'error' || level === 'fatal';
}

/**
 * Returns the line of the program that the request came to first: its duration includes those of all others, and it ends
 * last.
 * @param rows  of one request, in the order of time
 */
export function outermostOf(rows: readonly RequestRow[]): RequestRow | undefined {
  let outermost: RequestRow | undefined;
  for (const row of rows) {
    if (isHead(row) && (row.durationMs ?? -1) >= (outermost?.durationMs ?? -1)) outermost = row;
  }
  return outermost;
}

/** The instant at which what a line reports began. */
export function startOf({ instant, durationMs = 0 }: RequestRow): bigint {
  return instant - BigInt(Math.round(durationMs * NS_PER_MS));
}

/** What a line says, in its own words: its message, or else its error, or else its text. */
export function wordsOf({ message, error, line }: RequestRow, charsMax: number): string {
  const words = message ?? error ?? line;
  return words.length > charsMax ? `${words.slice(0, charsMax)}…` : words;
}

/**
 * Returns the two searches that find the lines with an id under any of some names, each line by one of them. The first name
 * is alone, because its index finds it at once; where there is none of the others, the names of a segment's fields show it.
 */
export function withId(predicate: Predicate, names: readonly string[], id: string): Predicate[] {
  return withIds(predicate, names, [id]);
}

/** The same for several ids. */
export function withIds(
  predicate: Predicate,
  [first, ...others]: readonly string[],
  ids: readonly string[],
): Predicate[] {
  const tests = ids.map((id) => ({ kind: 'equals', text: Buffer.from(id) }) as const);
  const named = (name: string): Where => valueLeaf(name, tests);
  const byFirst = named(first!);
  return [byFirst, allOf([anyOf(others.map(named)), not(byFirst)])].map((where) => ({
    ...predicate,
    where: normalised(allOf([predicate.where, where])),
  }));
}
