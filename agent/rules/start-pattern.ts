/**
 * Entries by the operator's regular expression: a line that matches begins one. It takes linear time
 * (shared/regexp/regexp.ts) and sees only the beginning of a line, so that no expression and no line can stall the agent.
 */
import { nestedEnd, skipSpace } from '../../shared/row-group/line-formats/json-scan.ts';
import type { Regexp } from '../../shared/regexp/regexp.ts';
import { compileStartPattern } from '../../shared/rules/expression.ts';
import { ALONE, type EntryRules } from './entry-rules.ts';
import { ENTRY_IDLE_MS_MAX, START_PATTERN_BYTES_MAX } from '../limits.ts';

const BEGUN = 1;

export class StartPattern implements EntryRules {
  readonly #pattern: Regexp;

  /** @throws SyntaxError  for an expression that cannot be compiled */
  constructor(pattern: string) {
    this.#pattern = compileStartPattern(pattern);
  }

  /** A line that only begins like an object, as in pretty-printed JSON, is joined like any other. */
  isObject(bytes: Uint8Array, start: number, end: number): boolean {
    const objectEnd = nestedEnd(bytes, start, end);
    return objectEnd >= 0 && skipSpace(bytes, objectEnd, end) === end;
  }

  /** The first line begins an entry, even if it is the rest of one whose beginning is lost. */
  begin(): number {
    return BEGUN;
  }

  next(_state: number, bytes: Uint8Array, start: number, end: number): number {
    const prefixEnd = Math.min(end, start + START_PATTERN_BYTES_MAX);
    const prefix = Buffer.from(bytes.buffer, bytes.byteOffset + start, prefixEnd - start);
    return this.#pattern.test(prefix) ? ALONE : BEGUN;
  }

  idleMsMax(): number {
    return ENTRY_IDLE_MS_MAX;
  }
}
