/**
 * The shape of a value, such as a path, in which ids become `{id}`, as the page writes it in a column. The server's, of bytes, is
 * server/engines/embedded/scan/shape.ts, which says what ids are; a test compares the two.
 */
const WORD = String.raw`[0-9A-Za-z\u0080-\uffff]`;
const ENCODED = '%[0-9a-f]{2}';
const WORD_START = `(?:(?<!${WORD})|(?<=${ENCODED}))`;
const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const HEX = String.raw`(?=[a-f]*\d)[0-9a-f]{8,}`;
const IDS = new RegExp(String.raw`${ENCODED}|${WORD_START}(?:(?:${UUID}|${HEX})(?!${WORD})|\d+)|\d{3,}`, 'gi');
/** A path, or a URL, ends before its query string. */
const PATH = /^(?:\/|https?:\/\/)[^?]*/;

export function shapeOfText(value: string): string {
  const [path = value] = PATH.exec(value) ?? [];
  return path.replaceAll(IDS, (id) => (id.startsWith('%') ? id : '{id}'));
}
