/**
 * Applies the rules of a container to a line on its way into the batch: redacts it, shreds it with the parser that its pod asks
 * for, and drops it if a rule says so. Lines take no other way, so what a rule removes never leaves the node. A dropped line is
 * counted in the batch that moves the position past it.
 */
import { LineRedactor } from '../../shared/redaction/line-redactor.ts';
import type { RowGroupBuilder } from '../../shared/row-group/builder.ts';
import { isDropped } from './drop.ts';
import type { LineRules, RuleUse } from './rule-book.ts';

/** How often each rule was used in a batch. */
export type RuleUses = Map<RuleUse, number>;

export class LineProcessor {
  readonly #redactor = new LineRedactor();

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
    const redacted = rules.redactions.length > 0 ? this.#redact(rules, uses, bytes, start, end) : undefined;
    const at =
      redacted === undefined ? builder.append(bytes, start, end) : builder.append(redacted, 0, redacted.length);
    const atEnd = at + (redacted === undefined ? end - start : redacted.length);
    const line = builder.shred(at, atEnd, rules.parser);
    for (const { drop, use } of rules.drops) {
      if (!isDropped(drop, line, at, atEnd)) continue;
      countUse(uses, use, 1);
      return false;
    }
    return true;
  }

  /** Returns the line as it is to be stored, until the next call. */
  #redact({ redactions }: LineRules, uses: RuleUses, bytes: Buffer, start: number, end: number): Buffer {
    this.#redactor.set(bytes, start, end);
    for (const { redaction, use } of redactions) {
      const count = this.#redactor.apply(redaction);
      if (count > 0) countUse(uses, use, count);
    }
    return this.#redactor.line;
  }
}

function countUse(uses: RuleUses, use: RuleUse, count: number): void {
  uses.set(use, (uses.get(use) ?? 0) + count);
}
