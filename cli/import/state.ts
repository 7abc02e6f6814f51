/**
 * How far an import is, in a file. It is written before a page is pushed, with the end of the page, and after all of it is
 * stored. So a page that was under way is read and pushed again as the same bytes, which podlog stores once.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { UsageError } from '../../shared/errors.ts';
import { errorCode, reasonOf } from '../../shared/system-error.ts';

export interface ImportState {
  /** What is imported from where: another import has another file. */
  readonly of: string;
  /** Where the first of the imports began that this file is of; they follow one another. */
  readonly begin: bigint;
  readonly selectors: readonly string[];
  readonly since: bigint;
  readonly until: bigint;
  /** The selector whose lines are read; `selectors.length` when all are. */
  readonly selector: number;
  /** Lines before are stored. */
  readonly at: bigint;
  /** End of the page that is being pushed. */
  readonly pushing: bigint | undefined;
  readonly lines: number;
  readonly bytes: number;
  readonly refused: number;
}

const BIG = /^-?\d+n$/;

export function writeState(path: string, state: ImportState): void {
  const json = JSON.stringify(state, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value), 2);
  const temporary = `${path}.new`;
  writeFileSync(temporary, `${json}\n`, { flush: true });
  renameSync(temporary, path);
}

/** @returns undefined where no import has begun  @throws UsageError */
export function readState(path: string, of: string): ImportState | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw new UsageError(`the state file ${path} cannot be read: ${reasonOf(cause)}`, 1, { cause });
  }
  const state = parse(path, text);
  if (state.of === of) return state;
  throw new UsageError(
    `${path} is of another import (${state.of}): name another file with --state, or delete this one`,
    1,
  );
}

function parse(path: string, text: string): ImportState {
  try {
    const state = JSON.parse(text, (_, value: unknown) =>
      typeof value === 'string' && BIG.test(value) ? BigInt(value.slice(0, -1)) : value,
    ) as ImportState;
    if (
      typeof state.at === 'bigint' &&
      typeof state.begin === 'bigint' &&
      typeof state.until === 'bigint' &&
      Array.isArray(state.selectors)
    )
      return state;
  } catch {
    // Said below.
  }
  throw new UsageError(`${path} is not the state of an import: name another file with --state, or delete this one`, 1);
}
