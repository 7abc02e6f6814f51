/**
 * E-mail addresses, found by their `@`, which is `%40` in URLs: a local part before it, and a domain with a dot after it.
 * Characters that RFC 5321 allows in local parts but no one uses are excluded: `user=a@b.example` is a key and an address.
 */
import type { Found } from './redaction.ts';

const AT = 0x40;
const PERCENT = 0x25;
const FOUR = 0x34;
const ZERO = 0x30;
const DOT = 0x2e;
/** RFC 5321 §4.5.3.1. */
const LOCAL_CHARS_MAX = 64;

const LOCAL = classOf('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-');
const DOMAIN = classOf('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-');
// Bytes of UTF-8, in both parts.
LOCAL.fill(1, 0x80);
DOMAIN.fill(1, 0x80);

export function findEmail(bytes: Buffer, at: number, end: number, found: Found): boolean {
  for (let sign = nextAt(bytes, at, end); sign >= 0; sign = nextAt(bytes, sign + 1, end)) {
    let start = sign;
    const first = Math.max(at, sign - LOCAL_CHARS_MAX);
    while (start > first && LOCAL[bytes[start - 1]!] === 1) start--;
    const domainStart = sign + (bytes[sign] === AT ? 1 : 3);
    let domainEnd = domainStart;
    let lastDot = -1;
    for (; domainEnd < end && DOMAIN[bytes[domainEnd]!] === 1; domainEnd++) {
      if (bytes[domainEnd] === DOT && domainEnd > domainStart) lastDot = domainEnd;
    }
    // The full stop of a sentence is not part of it.
    if (lastDot === domainEnd - 1) {
      domainEnd = lastDot;
      lastDot = bytes.subarray(domainStart + 1, domainEnd).lastIndexOf(DOT);
    }
    if (start === sign || lastDot < 0) continue;
    found.start = start;
    found.end = domainEnd;
    return true;
  }
  return false;
}

function nextAt(bytes: Buffer, at: number, end: number): number {
  for (let i = at; i < end; i++) {
    const byte = bytes[i];
    if (byte === AT || (byte === PERCENT && bytes[i + 1] === FOUR && bytes[i + 2] === ZERO && i + 2 < end)) return i;
  }
  return -1;
}

function classOf(characters: string): Uint8Array {
  const bytes = new Uint8Array(256);
  for (const byte of Buffer.from(characters)) bytes[byte] = 1;
  return bytes;
}
