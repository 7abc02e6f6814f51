/** Functions of texts. */
import { LINE_BYTES_MAX } from '../../../limits.ts';
import { compileMatches, expanded } from '../syntax/matches.ts';
import { regexpProblem } from '../syntax/regexp-text.ts';
import { TemplateError } from './errors.ts';
import { fixed, intOf, type Named, ofTexts, textOf, variadic } from './function.ts';
import { fromJson } from './from-json.ts';
import { isTrue } from './values.ts';

export const TEXT_FUNCTIONS: readonly Named[] = [
  fixed('__line__', 0, (_, { line }) => line),
  ofTexts('ToLower', 1, (text) => text.toLowerCase()),
  ofTexts('ToUpper', 1, (text) => text.toUpperCase()),
  ofTexts('lower', 1, (text) => text.toLowerCase()),
  ofTexts('upper', 1, (text) => text.toUpperCase()),
  ofTexts('title', 1, (text) => text.replaceAll(/(?<![\p{L}\p{Nd}_'])\p{L}/gu, (letter) => letter.toUpperCase())),
  fixed('Replace', 4, ([text, old, by, count]) => replaced(textOf(text), textOf(old), textOf(by), intOf(count))),
  ofTexts('replace', 3, (old, by, text) => replaced(text, old, by, -1)),
  ofTexts('Trim', 2, (text, chars) => trimmed(text, chars, true, true)),
  ofTexts('TrimLeft', 2, (text, chars) => trimmed(text, chars, true, false)),
  ofTexts('TrimRight', 2, (text, chars) => trimmed(text, chars, false, true)),
  ofTexts('TrimPrefix', 2, (text, prefix) => withoutPrefix(text, prefix)),
  ofTexts('TrimSuffix', 2, (text, suffix) => withoutSuffix(text, suffix)),
  ofTexts('TrimSpace', 1, (text) => text.trim()),
  ofTexts('trim', 1, (text) => text.trim()),
  ofTexts('trimAll', 2, (chars, text) => trimmed(text, chars, true, true)),
  ofTexts('trimPrefix', 2, (prefix, text) => withoutPrefix(text, prefix)),
  ofTexts('trimSuffix', 2, (suffix, text) => withoutSuffix(text, suffix)),
  fixed('trunc', 2, ([count, text]) => truncated(intOf(count), textOf(text))),
  fixed('substr', 3, ([start, end, text]) => substring(intOf(start), intOf(end), textOf(text))),
  ofTexts('contains', 2, (part, text) => text.includes(part)),
  ofTexts('hasPrefix', 2, (prefix, text) => text.startsWith(prefix)),
  ofTexts('hasSuffix', 2, (suffix, text) => text.endsWith(suffix)),
  fixed('indent', 2, ([spaces, text]) => indented(intOf(spaces), textOf(text))),
  fixed('nindent', 2, ([spaces, text]) => `\n${indented(intOf(spaces), textOf(text))}`),
  fixed('repeat', 2, ([count, text]) => repeated(intOf(count), textOf(text))),
  fixed('alignLeft', 2, ([count, text]) => aligned(intOf(count), textOf(text), true)),
  fixed('alignRight', 2, ([count, text]) => aligned(intOf(count), textOf(text), false)),
  ofTexts('count', 2, (pattern, text) => BigInt(matching(pattern).all(text).length)),
  ofTexts('regexReplaceAll', 3, (pattern, text, by) => regexpReplaced(pattern, text, (groups) => expanded(by, groups))),
  ofTexts('regexReplaceAllLiteral', 3, (pattern, text, by) => regexpReplaced(pattern, text, () => by)),
  ofTexts('urlencode', 1, (text) => urlEncoded(text)),
  ofTexts('urldecode', 1, (text) => urlDecoded(text)),
  ofTexts('b64enc', 1, (text) => Buffer.from(text).toString('base64')),
  ofTexts('b64dec', 1, (text) => decodedBase64(text)),
  ofTexts('fromJson', 1, (text) => fromJson(text)),
  variadic('default', 1, ([fallback, value]) => (value === undefined || !isTrue(value) ? fallback! : value)),
];

function replaced(text: string, old: string, by: string, count: number): string {
  if (count === 0) return text;
  const pieces = old === '' ? ['', ...Array.from(text), ''] : text.split(old);
  const end = count < 0 ? pieces.length - 1 : Math.min(count, pieces.length - 1);
  const head = bounded(pieces.slice(0, end + 1).join(by));
  return pieces.length > end + 1 ? bounded(head + old + pieces.slice(end + 1).join(old)) : head;
}

function trimmed(text: string, chars: string, atStart: boolean, atEnd: boolean): string {
  const set = new Set(chars);
  const all = Array.from(text);
  let start = 0;
  let end = all.length;
  if (atStart) while (start < end && set.has(all[start]!)) start++;
  if (atEnd) while (end > start && set.has(all[end - 1]!)) end--;
  return all.slice(start, end).join('');
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

function withoutSuffix(text: string, suffix: string): string {
  return suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
}

/** Returns the first characters; with a negative count, the last. */
function truncated(count: number, text: string): string {
  const bytes = Buffer.from(text);
  return (count < 0 ? bytes.subarray(count) : bytes.subarray(0, count)).toString();
}

/** Returns some bytes of a text: up to its end where `end` is negative, from its beginning where `start` is. */
function substring(start: number, end: number, text: string): string {
  const bytes = Buffer.from(text);
  const to = start >= 0 && (end < 0 || end > bytes.length) ? bytes.length : end;
  const from = Math.max(0, start);
  if (from > to || to > bytes.length) {
    throw new TemplateError(
      `runtime error: slice bounds out of range [${start < 0 || from > to ? `${start < 0 ? '' : from}:${to}` : `:${to}`}]`,
    );
  }
  return bytes.toString('utf8', from, to);
}

function indented(spaces: number, text: string): string {
  const margin = repeated(spaces, ' ');
  return bounded(margin + text.replaceAll('\n', `\n${margin}`));
}

function repeated(count: number, text: string): string {
  if (count < 0) throw new TemplateError('strings: negative Repeat count');
  if (count * text.length > LINE_BYTES_MAX) throw tooLong();
  return text.repeat(count);
}

function aligned(count: number, text: string, isLeft: boolean): string {
  const all = Array.from(text);
  if (count < 0 || all.length === count) return text;
  if (all.length > count) return (isLeft ? all.slice(0, count) : all.slice(all.length - count)).join('');
  const padding = repeated(count - all.length, ' ');
  return isLeft ? text + padding : padding + text;
}

function matching(pattern: string): ReturnType<typeof compileMatches> {
  try {
    return compileMatches(pattern);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new TemplateError(regexpProblem(pattern) ?? error.message, { cause: error });
  }
}

function regexpReplaced(pattern: string, text: string, by: (groups: Groups) => string): string {
  let end = 0;
  let result = '';
  for (const match of matching(pattern).all(text)) {
    result += text.slice(end, match.start) + by(match);
    if (result.length > LINE_BYTES_MAX) throw tooLong();
    end = match.end;
  }
  return result + text.slice(end);
}

type Groups = Parameters<typeof expanded>[1];

function urlEncoded(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function urlDecoded(text: string): string {
  const wrong = /%(?![\da-fA-F]{2}).{0,2}/s.exec(text)?.[0];
  if (wrong !== undefined) throw new TemplateError(`invalid URL escape ${JSON.stringify(wrong)}`);
  const bytes = text.replaceAll('+', ' ').split(/(%[\da-fA-F]{2})/);
  return Buffer.concat(
    bytes.map((piece, i) => (i % 2 === 1 ? Buffer.of(parseInt(piece.slice(1), 16)) : Buffer.from(piece))),
  ).toString();
}

/** Sprig answers with the error's text. */
function decodedBase64(text: string): string {
  const bad = /[^A-Za-z0-9+/=\r\n]/.exec(text);
  const isWhole = text.replaceAll(/[\r\n]/g, '').length % 4 === 0;
  if (bad !== null || !isWhole)
    return `illegal base64 data at input byte ${bad?.index ?? text.length - (text.length % 4)}`;
  return Buffer.from(text, 'base64').toString();
}

function bounded(text: string): string {
  if (text.length > LINE_BYTES_MAX) throw tooLong();
  return text;
}

function tooLong(): TemplateError {
  return new TemplateError(`the text is longer than ${LINE_BYTES_MAX} bytes`);
}
