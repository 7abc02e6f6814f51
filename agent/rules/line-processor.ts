/**
 * Applies the rules of a container to a line on its way into the batch: redacts it, shreds it with the parser that its pod asks
 * for, and drops it if a rule says so. Lines take no other way, so what a rule removes never leaves the node. A dropped line is
 * counted in the batch that moves the position past it.
 */
import type { RowGroupBuilder } from '../../shared/row-group/builder.ts';
import { isDropped } from './drop.ts';
import { LineText } from './line-text.ts';
import { Redactor } from './redactor.ts';
import type { LineRules, RuleUse } from './rule-book.ts';

/** How often each rule was used in a batch. */
export type RuleUses = Map<RuleUse, number>;

/** Owns the memory of redacted lines: one buffer for the input of a rule, one for its output. */
export class LineProcessor {
  #redactor = new Redactor();
  #other = new Redactor();
  readonly #text = new LineText();

  /**
   * Shreds the line bytes[start, end) for `addShredded` of the builder.
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
    const text = this.#text;
    const isRedacted = rules.redactions.length > 0;
    if (isRedacted) this.#redact(rules, uses, bytes, start, end);
    const at = isRedacted ? builder.append(text.bytes, text.start, text.end) : builder.append(bytes, start, end);
    const atEnd = at + (isRedacted ? text.end - text.start : end - start);
    const line = builder.shred(at, atEnd, rules.parser);
    for (const { drop, use } of rules.drops) {
      if (!isDropped(drop, line, at, atEnd)) continue;
      countUse(uses, use, 1);
      return false;
    }
    return true;
  }

  /** Leaves the line in `#text` as it is to be stored. */
  #redact({ redactions }: LineRules, uses: RuleUses, bytes: Buffer, start: number, end: number): void {
    this.#text.set(bytes, start, end);
    for (const { redaction, use } of redactions) {
      const count = this.#redactor.redact(redaction, this.#text);
      if (count === 0) continue;
      countUse(uses, use, count);
      this.#text.set(this.#redactor.bytes, 0, this.#redactor.length);
      [this.#redactor, this.#other] = [this.#other, this.#redactor];
    }
  }
}

function countUse(uses: RuleUses, use: RuleUse, count: number): void {
  uses.set(use, (uses.get(use) ?? 0) + count);
}
