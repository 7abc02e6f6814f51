/** What follows `Bearer ` in any case, as in an Authorization header. Source: RFC 6750 §2.1. */
import type { Found } from './redaction.ts';

const SPACE = 0x20;
/** The bytes of "bearer", with the bit set that distinguishes lower from upper case. */
const WORD = Buffer.from('bearer');
const LOWER = 0x20;
/** Anything shorter is a word of a sentence. */
const TOKEN_CHARS_MIN = 8;

const TOKEN = new Uint8Array(256);
for (const byte of Buffer.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/='))
  TOKEN[byte] = 1;

export function findBearerToken(bytes: Buffer, at: number, end: number, found: Found): boolean {
  const lastStart = end - WORD.length - 1 - TOKEN_CHARS_MIN;
  for (let start = at; start <= lastStart; start++) {
    if ((bytes[start]! | LOWER) !== WORD[0] || !isWordAt(bytes, start)) continue;
    let tokenStart = start + WORD.length;
    while (tokenStart < end && bytes[tokenStart] === SPACE) tokenStart++;
    if (tokenStart === start + WORD.length) continue;
    const tokenEnd = endOfToken(bytes, tokenStart, end);
    if (tokenEnd - tokenStart < TOKEN_CHARS_MIN) {
      start = tokenStart - 1;
      continue;
    }
    found.start = tokenStart;
    found.end = tokenEnd;
    return true;
  }
  return false;
}

function isWordAt(bytes: Buffer, start: number): boolean {
  for (let i = 1; i < WORD.length; i++) if ((bytes[start + i]! | LOWER) !== WORD[i]) return false;
  return true;
}

function endOfToken(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && TOKEN[bytes[at]!] === 1) at++;
  return at;
}
