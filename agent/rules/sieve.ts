/**
 * A line's way into the batch where there are rules for its container: what is to be redacted is, then the line is cut into
 * its values as its pod asks for, and dropped if a rule says so. Nothing of it goes another way, so what a rule takes out stays on the node. A
 * dropped line is counted in the batch that moves the position behind it.
 */
import type { RowGroupBuilder } from '../../shared/row-group/builder.ts';
import { isDropped } from './drop.ts';
import { Redactor } from './redactor.ts';
import type { LineRules, RuleUse } from './rule-book.ts';

/** How often each rule was used in a batch. */
export type RuleUses = Map<RuleUse, number>;

/** Owns the memory of lines that are redacted: one for what was, one for what becomes of it. */
export class Sieve {
  #redactor = new Redactor();
  #other = new Redactor();

  /**
   * Cuts the line bytes[start, end) for `addShredded` of the builder.
   * @returns false when it is dropped
   */
  shred(
    rules: LineRules,
    builder: RowGroupBuilder,
    uses: RuleUses,
    bytes: Buffer,
    start: number,
    end: number,
  ): boolean {
    let [from, lineStart, lineEnd] = [bytes, start, end];
    for (const { redaction, use } of rules.redactions) {
      const count = this.#redactor.redact(redaction, from, lineStart, lineEnd);
      if (count === 0) continue;
      countUse(uses, use, count);
      [from, lineStart, lineEnd] = [this.#redactor.bytes, 0, this.#redactor.length];
      [this.#redactor, this.#other] = [this.#other, this.#redactor];
    }
    const at = builder.append(from, lineStart, lineEnd);
    const atEnd = at + lineEnd - lineStart;
    const line = builder.shred(at, atEnd, rules.parser);
    for (const { drop, use } of rules.drops) {
      if (!isDropped(drop, line, at, atEnd)) continue;
      countUse(uses, use, 1);
      return false;
    }
    return true;
  }
}

function countUse(uses: RuleUses, use: RuleUse, count: number): void {
  uses.set(use, (uses.get(use) ?? 0) + count);
}
