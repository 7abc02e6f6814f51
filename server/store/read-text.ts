/**
 * What a person reads of a line whose writer escaped characters as JSON does: `caf\u00e9` is café, `say \"hi\"` is say
 * "hi". A text is found in a line as it is written and as it is read. Only escapes of characters that writers escape are
 * resolved; one of a letter, such as `\u0041`, stays, so that a text of letters is found without looking for escapes.
 */
import { escapeBytes, escapedCodePoint, SHORT_ESCAPES, writeCodePoint } from '../../shared/json-escapes.ts';

const BACKSLASH = 0x5c;
const SPACE = 0x20;
const DELETE = 0x7f;

/** Printable ones that some writer escapes: Go `<>&`, PHP `/`, .NET also `'+` and a back quote, Gson `=`. */
const ESCAPED = new Set(Buffer.from('"\\/<>&\'+`='));

/** Whether some writer escapes a character of a text: then it may be read where it is not written. */
export function mayBeEscaped(text: string): boolean {
  return partsOfText(text).escapable.length > 0;
}

function isEscapable(code: number): boolean {
  return code < SPACE || code >= DELETE || ESCAPED.has(code);
}

/** Returns the runs of characters in a text that no writer escapes, and the other characters, each once. */
export function partsOfText(text: string): {
  readonly plain: readonly string[];
  readonly escapable: readonly string[];
} {
  const plain: string[] = [];
  const escapable = new Set<string>();
  let run = '';
  for (const char of text) {
    if (!isEscapable(char.codePointAt(0)!)) {
      run += char;
      continue;
    }
    if (run !== '') plain.push(run);
    run = '';
    escapable.add(char);
  }
  if (run !== '') plain.push(run);
  return { plain, escapable: [...escapable] };
}

/**
 * Returns with what each escape of a character begins: up to the first hex digit that is a letter, which may be in either
 * case.
 */
export function escapesOf(char: string): readonly string[] {
  const code = char.charCodeAt(0);
  const short = code === 0 ? -1 : SHORT_ESCAPES.indexOf(code);
  const [digits] = /^\d*/.exec(code.toString(16).padStart(4, '0'))!;
  return [...(short < 0 ? [] : [`\\${String.fromCharCode(short)}`]), `\\u${digits}`];
}

/** Returns the line as it is read; itself where nothing in it is escaped. */
export function readable(line: Buffer): Buffer {
  let next = line.indexOf(BACKSLASH);
  if (next < 0) return line;
  const out = Buffer.allocUnsafe(line.length);
  let size = 0;
  let from = 0;
  while (next >= 0) {
    size += line.copy(out, size, from, next);
    from = next;
    const meant = SHORT_ESCAPES[line[next + 1] ?? 0]!;
    if (meant !== 0) {
      out[size++] = meant;
      from += 2;
    } else {
      const code = escapedCodePoint(line, next, line.length);
      if (code >= 0 && isEscapable(code)) {
        size = writeCodePoint(out, size, code);
        from += escapeBytes(code);
      } else out[size++] = line[from++]!;
    }
    next = line.indexOf(BACKSLASH, from);
  }
  size += line.copy(out, size, from);
  return out.subarray(0, size);
}
