/** IPv4 addresses: four numbers up to 255 with dots between them, not adjacent to a digit or to a further dotted number. */
import { isDigit } from '../ascii.ts';
import type { Found } from './redaction.ts';

const ZERO = 0x30;
const DOT = 0x2e;

export function findIpv4(bytes: Buffer, at: number, end: number, found: Found): boolean {
  for (let dot = at + 1; dot < end - 5; dot++) {
    if (bytes[dot] !== DOT || !isDigit(bytes[dot - 1]!)) continue;
    let start = dot - 1;
    while (start > at && dot - start < 4 && isDigit(bytes[start - 1]!)) start--;
    const isInLonger = start > at + 1 && bytes[start - 1] === DOT && isDigit(bytes[start - 2]!);
    const addressEnd = dot - start > 3 || isInLonger ? -1 : endOfAddress(bytes, start, end);
    if (addressEnd < 0) continue;
    found.start = start;
    found.end = addressEnd;
    return true;
  }
  return false;
}

/** Returns -1 when there is none. */
function endOfAddress(bytes: Buffer, start: number, end: number): number {
  let at = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && bytes[at++] !== DOT) return -1;
    let value = 0;
    const partStart = at;
    for (; at < end && at - partStart < 4 && isDigit(bytes[at]!); at++) value = value * 10 + bytes[at]! - ZERO;
    if (at === partStart || value > 255) return -1;
  }
  const goesOn = at + 1 < end && bytes[at] === DOT && isDigit(bytes[at + 1]!);
  return goesOn ? -1 : at;
}
