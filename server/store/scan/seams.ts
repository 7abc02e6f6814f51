/**
 * Whether a needle can lie across a seam of a template: where a literal and a value meet, or two values with nothing between
 * them. Only the lines themselves can tell then whether they contain it, and they are costly to put together. So each
 * literal is laid against the needle in every way, and what would stand on its two sides is compared with what can.
 */
import { type ByteStrings, byteStringAt } from '../../../shared/row-group/byte-strings.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import type { Template } from '../../../shared/row-group/template.ts';
import { valuesMayBeEmpty, valuesMayHave } from './column-bytes.ts';

type Side = 'before' | 'behind';

/** @param columns  of the template's slots */
export function mayCrossSeam(
  group: RowGroup,
  { literals }: Template,
  columns: readonly number[],
  needle: Buffer,
): boolean {
  return literals.some((literal, i) => {
    const { length } = literal;
    for (let at = 1 - length; at < needle.length; at++) {
      if (!isLaidAt(literal, needle, at) || (at <= 0 && at + length >= needle.length)) continue;
      const before = needle.subarray(0, Math.max(0, at));
      const behind = needle.subarray(at + length);
      const left = literals.slice(0, i).toReversed();
      if (before.length > 0 && !mayMeet(group, columns[i - 1], left, before, 'before')) continue;
      if (behind.length > 0 && !mayMeet(group, columns[i], literals.slice(i + 1), behind, 'behind')) continue;
      return true;
    }
    return false;
  });
}

/** Whether the two agree where they overlap, when the literal begins at offset `at` of the needle. */
function isLaidAt(literal: Buffer, needle: Buffer, at: number): boolean {
  const start = Math.max(0, at);
  const end = Math.min(needle.length, at + literal.length);
  for (let i = start; i < end; i++) if (needle[i] !== literal[i - at]) return false;
  return true;
}

/**
 * Whether what is on one side of a literal can meet it with `text`. What the value there does not decide counts as yes.
 * @param column  of the value; undefined where the line ends
 * @param beyond  the literals on the other side of the value, nearest first
 */
function mayMeet(
  group: RowGroup,
  column: number | undefined,
  beyond: readonly Buffer[],
  text: Buffer,
  side: Side,
): boolean {
  if (column === undefined) return false;
  const nearest = side === 'before' ? text.at(-1)! : text[0]!;
  // They may stand on a page, so a byte that no value has is asked first.
  const mayHave = valuesMayHave(group, column, nearest);
  const texts = mayHave || valuesMayBeEmpty(group, column) ? group.countedTexts(column) : undefined;
  if (mayHave && (texts === undefined || someText(texts, (each) => meets(each, text, side)))) return true;
  const mayBeEmpty =
    texts === undefined ? valuesMayBeEmpty(group, column) : someText(texts, ({ length }) => length === 0);
  if (!mayBeEmpty) return false;
  const next = beyond[0]!;
  // With nothing between, the next value is met, where there is one.
  if (next.length === 0) return beyond.length > 1;
  return (side === 'before' ? next.at(-1) : next[0]) === nearest;
}

function someText(texts: ByteStrings, test: (text: Buffer) => boolean): boolean {
  for (let code = 0; code + 1 < texts.offsets.length; code++) if (test(byteStringAt(texts, code))) return true;
  return false;
}

/** Whether the two agree as far as the shorter one reaches. */
function meets(value: Buffer, text: Buffer, side: Side): boolean {
  const shared = Math.min(value.length, text.length);
  if (shared === 0) return false;
  return side === 'before'
    ? value.subarray(-shared).equals(text.subarray(-shared))
    : value.subarray(0, shared).equals(text.subarray(0, shared));
}
