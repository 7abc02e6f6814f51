/**
 * Entries by a pattern of the operator's: a line that matches begins one. The pattern takes linear time
 * (shared/regexp/regexp.ts), and sees no more than the beginning of a line, so no pattern and no line can hold the agent up.
 */
import { nestedEnd, skipSpace } from '../../shared/row-group/json-scan.ts';
import type { Regexp } from '../../shared/regexp/regexp.ts';
import { compileStartPattern } from '../../shared/rules/expression.ts';
import { ALONE, type EntryRules } from './entry-rules.ts';
import { ENTRY_IDLE_MS_MAX, START_PATTERN_BYTES_MAX } from '../limits.ts';

const BEGUN = 1;

export class StartPattern implements EntryRules {
  readonly #pattern: Regexp;

  /** @throws SyntaxError  it is no pattern that can be run */
  constructor(pattern: string) {
    this.#pattern = compileStartPattern(pattern);
  }

  /** What only begins like an object, as pretty-printed JSON does, is joined like other lines. */
  isObject(bytes: Uint8Array, start: number, end: number): boolean {
    const objectEnd = nestedEnd(bytes, start, end);
    return objectEnd >= 0 && skipSpace(bytes, objectEnd, end) === end;
  }

  /** Whatever comes first begins an entry, be it the rest of one whose beginning nobody has. */
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
