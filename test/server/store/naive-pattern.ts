/** The pattern of a line, by regular expressions and JSON.parse: the slow half of the comparison with bytes and columns. */
import type { Field } from './naive-level.ts';

const WORD = String.raw`[0-9A-Za-z\u0080-\u{10ffff}]`;
const END = `(?!${WORD})`;
const UNIT = '(?:ns|us|µs|μs|ms|min|sec|s|m|h|d)';
/** As long as it can be: without going back to a shorter one. */
const CLOCK = String.raw`(?=(?<clock>\d+:\d+:\d+(?:[.,]\d+)?(?:Z|[+-]\d+(?::\d+)?)?))\k<clock>(?![:]|${WORD})`;

/** In order: what begins a word, and what it is. */
const AT_WORD: readonly (readonly [RegExp, string])[] = [
  [String.raw`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}${END}`, 'uuid'],
  [String.raw`(?=\d*[a-f])(?=[a-f]*\d)[0-9a-f]{8,}${END}`, 'hex'],
  [String.raw`0[x][0-9a-f]+${END}`, 'hex'],
  [CLOCK, 'time'],
  [String.raw`\d+(?:-\d+-|/\d+/)\d+[T ]${CLOCK}`, 'time'],
  [String.raw`\d+-\d+-\d+(?!-|${WORD})`, 'time'],
  [String.raw`\d+(?:\.\d+){3}(?!\.\d|${WORD})`, 'ip'],
  [String.raw`\d+(?:\.\d+)*(?!\.\d|\d|${WORD})`, 'n'],
  [String.raw`(?:\d+(?:\.\d+)?${UNIT})+${END}`, 'duration'],
  [String.raw`\d+(?:\.\d+)?(?:[KMGTk]iB|[KMGT]i|[kKMGT]?B)${END}`, 'size'],
  [String.raw`\d+(?:\.\d+)?[eE][+-]?\d+${END}`, 'n'],
].map(([source, name]) => [
  new RegExp(source!, name === 'uuid' || name === 'hex' || name === 'ip' ? 'iyu' : 'yu'),
  name!,
]);
const FIRST_NUMBER = new RegExp(String.raw`\d+(?=\.)`, 'yu');
const ID = new RegExp(
  `(?=[0-9A-Za-z]{5,}${END})(?=[A-Za-z]*[0-9]+[A-Za-z]+[0-9]|[0-9]*[A-Za-z]+[0-9]+[A-Za-z])[0-9A-Za-z]+`,
  'yu',
);
const ANY_WORD = new RegExp(`${WORD}+`, 'yu');
const HEX_AND_COLONS = /[0-9a-f:]+/iy;
const DOMAIN = new RegExp(String.raw`@(?:(?:${WORD}|-)*\.)+[A-Za-z]{2,}(?!${WORD}|-|\.(?:${WORD}|-|\.))`, 'yu');
const isWord = (character: string | undefined): boolean =>
  character !== undefined && new RegExp(WORD, 'u').test(character);

/** Returns the address that text begins with at an offset. */
function ipv6At(text: string, at: number): string | undefined {
  HEX_AND_COLONS.lastIndex = at;
  const run = HEX_AND_COLONS.exec(text)?.[0] ?? '';
  const groups = run.split(':');
  const isAddress =
    (run.slice(1).includes('::') || run.startsWith('::') || groups.length === 8) &&
    groups.length <= 8 &&
    groups.every(({ length }) => length <= 4) &&
    /\d/.test(run) &&
    !isWord(text[at + run.length]);
  return isAddress ? run : undefined;
}

const COLOR = new RegExp(String.raw`\x1b(?:\[[^A-Za-z\u0080-\u{10ffff}\n]*m)?`, 'uy');

/** Pieces of the result: what is not a variable, and the names of variables. */
type Piece = { readonly text: string } | { readonly name: string };

export function naiveFold(line: string): string {
  const text = line.replace(/^\n+/, '');
  const pieces: Piece[] = [];
  let tokenStart = 0;
  let at = 0;
  const match = (expression: RegExp): string | undefined => {
    expression.lastIndex = at;
    return expression.exec(text)?.[0];
  };
  while (at < text.length) {
    const character = String.fromCodePoint(text.codePointAt(at)!);
    const before = at === 0 ? undefined : text[at - 1];
    if (character === '\n') {
      if (written(pieces) !== '') break;
      at++;
    } else if (isWord(character)) {
      const candidates = AT_WORD.map(([expression, name]) => [match(expression), name] as const);
      candidates.splice(1, 0, [ipv6At(text, at), 'ip']);
      const known = candidates.find(([found]) => found !== undefined);
      const number = match(FIRST_NUMBER);
      const id = match(ID);
      const word = match(ANY_WORD)!;
      if (known !== undefined) {
        pieces.push({ name: known[1] });
        at += known[0]!.length;
      } else if (number === word) {
        pieces.push({ name: 'n' });
        at += word.length;
      } else {
        if (id !== undefined) pieces.push({ name: 'id' });
        else for (const part of word.match(/\d+|\D+/g)!) pieces.push(/\d/.test(part) ? { name: 'n' } : { text: part });
        at += word.length;
      }
    } else {
      const color = match(COLOR);
      const quoted = match(/"(?:\\[^]|[^"\\\n])*"/y);
      const apostrophes = isWord(before)
        ? undefined
        : match(new RegExp(String.raw`'(?:\\[^]|[^'\\\n])*'(?!${WORD})`, 'uy'));
      const sign = before === undefined || ' \t\n=(,[:"\''.includes(before) ? match(/[+-](?=\d)/y) : undefined;
      const address = isWord(before) || character !== ':' ? undefined : ipv6At(text, at);
      const domain = match(DOMAIN);
      if (quoted !== undefined || apostrophes !== undefined) pieces.push({ name: 'text' });
      else if (address !== undefined) pieces.push({ name: 'ip' });
      else if (domain !== undefined && pieces.length > tokenStart) {
        pieces.length = tokenStart;
        pieces.push({ name: 'email' });
      } else if (color === undefined && sign === undefined && character !== '\r') {
        const isSpace = character === ' ' || character === '\t';
        const last = written(pieces).at(-1);
        if (!isSpace) pieces.push({ text: character });
        else if (last !== undefined && last !== ' ') pieces.push({ text: ' ' });
        if (' \t"\'<>()[]{},;:=/|'.includes(character)) tokenStart = pieces.length;
        at += character.length;
        continue;
      }
      const isEmail = pieces.length > 0 && domain !== undefined && 'name' in pieces.at(-1)! && color === undefined;
      at += (quoted ?? apostrophes ?? address ?? (isEmail ? domain : undefined) ?? color ?? sign ?? character).length;
    }
  }
  return written(pieces).trimEnd();
}

/** Lists of one variable are written as one. */
function written(pieces: readonly Piece[]): string {
  const text = pieces.map((piece) => ('name' in piece ? `⟨${piece.name}⟩` : piece.text)).join('');
  return text.replaceAll(/(⟨[a-z]+⟩)(?:(?:, |,| )\1)+/g, '$1');
}

const MESSAGES = ['message', 'msg', 'error'];
const PLAIN = ['', 'request'];

/** Of a JSON line with a few names, or of a line that is no JSON at all. */
export function naivePattern(text: string, fields: readonly Field[]): string {
  if (fields.length === 0) return naiveFold(text);
  const first = (names: readonly string[]): string | undefined =>
    names.map((name) => fields.findLast(([field]) => field === name)?.[1]).find((value) => value !== undefined);
  const message = first(MESSAGES);
  const folded = message === undefined ? '' : naiveFold(message);
  if (!PLAIN.includes(folded)) return folded;
  const [method, path] = [first(['method']), first(['path'])];
  const foldedPath = path === undefined ? '' : naiveFold(path.split('?')[0]!);
  if (foldedPath !== '') return method === undefined ? foldedPath : `${naiveFold(method)} ${foldedPath}`;
  if (folded !== '') return folded;
  const names = fields.map(([name]) => name).filter((name) => !['level', 'time'].includes(name));
  return `{${[...new Set(names)].toSorted().join(', ')}}`;
}
