/**
 * Text of a log line, made fit to be shown on one line: lines are hostile. Control characters become their symbols, so that none
 * of them moves a cursor; what would change the direction of the text around it, or is invisible, becomes its number.
 */

const UNSAFE =
  /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const PLAIN = /^[ -~]*$/;

/** U+2400 to U+241F are the symbols of the control characters. */
const SYMBOLS = 0x2400;
const SYMBOL_OF: Readonly<Record<string, string>> = {
  '\t': ' ',
  '\n': '⏎',
  '\u2028': '⏎',
  '\u2029': '⏎',
  '\u007f': '␡',
};

export function oneLine(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.toWellFormed().replaceAll('\r\n', '\n').replace(UNSAFE, symbolOf);
}

function symbolOf(character: string): string {
  const code = character.codePointAt(0)!;
  const known = SYMBOL_OF[character];
  if (known !== undefined) return known;
  return code < 0x20 ? String.fromCharCode(SYMBOLS + code) : `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}
