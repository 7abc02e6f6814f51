/** Texts between quotes, as Go reads and writes them: in LogQL, its templates, and the labels that clients of Loki push. */

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([abfnrtv\\"']))/y;
const SHORT: ReadonlyMap<string, string> = new Map(
  Object.entries({ ...ESCAPES, '"': '"' }).map(([letter, char]) => [char, `\\${letter}`]),
);
const CODE_POINT_MAX = 0x10ffff;

/**
 * Returns the text between a pair of quotes, its escapes resolved; undefined where one is not valid. Escapes of bytes
 * (`\xe2`) are those of UTF-8.
 * @param quote  the only one of both that may be escaped
 */
export function unescaped(inner: string, quote: '"' | "'" = '"'): string | undefined {
  if (!inner.includes('\\')) return inner;
  const bytes: Buffer[] = [];
  for (let at = 0; at < inner.length;) {
    if (inner[at] !== '\\') {
      const end = inner.indexOf('\\', at);
      const plain = inner.slice(at, end < 0 ? inner.length : end);
      bytes.push(Buffer.from(plain));
      at += plain.length;
      continue;
    }
    ESCAPE.lastIndex = at;
    const match = ESCAPE.exec(inner);
    const piece = match === null ? undefined : bytesOf(match, quote);
    if (piece === undefined) return undefined;
    bytes.push(piece);
    at = ESCAPE.lastIndex;
  }
  return Buffer.concat(bytes).toString();
}

function bytesOf(
  [, hex, short, long, octal, letter]: readonly (string | undefined)[],
  quote: string,
): Buffer | undefined {
  if (letter === '"' || letter === "'") return letter === quote ? Buffer.from(quote) : undefined;
  if (letter !== undefined) return Buffer.from(ESCAPES[letter]!);
  if (hex !== undefined) return Buffer.of(parseInt(hex, 16));
  if (octal !== undefined) return parseInt(octal, 8) > 0xff ? undefined : Buffer.of(parseInt(octal, 8));
  const code = parseInt((short ?? long)!, 16);
  const isSurrogate = code >= 0xd800 && code <= 0xdfff;
  return code > CODE_POINT_MAX || isSurrogate ? undefined : Buffer.from(String.fromCodePoint(code));
}

/** All but letters, marks, numbers, punctuation, symbols and the space of ASCII; quotes and backslashes. */
const ESCAPED = /[^ \p{L}\p{M}\p{N}\p{P}\p{S}]|["\\]/gu;

/**
 * Returns a text between double quotes, as Go's strconv.Quote writes it. A text that is put together character by character would
 * take thirty times its memory.
 */
export function quoted(text: string): string {
  return `"${text.replace(ESCAPED, (char) => SHORT.get(char) ?? escapeOf(char.codePointAt(0)!))}"`;
}

function escapeOf(code: number): string {
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
  const isLong = code > 0xffff;
  return `\\${isLong ? 'U' : 'u'}${code.toString(16).padStart(isLong ? 8 : 4, '0')}`;
}
