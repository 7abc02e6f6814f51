/**
 * Values in which `*` matches any number of characters, matched on bytes: those of queries
 * (server/engines/embedded/scan), which handle escapes themselves, and those of rules, which need none.
 */

/** The literals before, between and after the stars; a value without a star is one literal. */
export type Wildcard = readonly Buffer[];

export function parseWildcard(text: string): Wildcard {
  return text.split('*').map((literal) => Buffer.from(literal));
}

/** Whether all of bytes[start, end) matches. Linear for one star, and at worst the product of both lengths. */
export function matchesWildcard(literals: Wildcard, bytes: Buffer, start: number, end: number): boolean {
  const first = literals[0]!;
  const last = literals.at(-1)!;
  if (literals.length === 1) return end - start === first.length && isAt(first, bytes, start);
  if (end - start < first.length + last.length) return false;
  if (!isAt(first, bytes, start) || !isAt(last, bytes, end - last.length)) return false;
  let at = start + first.length;
  const restEnd = end - last.length;
  for (let i = 1; i < literals.length - 1; i++) {
    const found = bytes.subarray(at, restEnd).indexOf(literals[i]!);
    if (found < 0) return false;
    at += found + literals[i]!.length;
  }
  return true;
}

function isAt(literal: Buffer, bytes: Buffer, at: number): boolean {
  for (let i = 0; i < literal.length; i++) if (bytes[at + i] !== literal[i]) return false;
  return true;
}
