/** Cuts a template into its texts and the tokens of its actions. */
import { quoted, unescaped } from '../../../../shared/go-quote.ts';
import { TemplateError } from './errors.ts';

export type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly tokens: readonly TemplateToken[]; readonly line: number };

export interface TemplateToken {
  readonly kind: 'word' | 'field' | 'variable' | 'string' | 'char' | 'number' | 'sign' | 'space';
  readonly text: string;
  /** Its offset in the template. */
  readonly at: number;
}

const OPEN = /\{\{(-(?=\s))?/g;
const COMMENT = /\/\*[^]*?\*\/(\s+-)?\}\}/y;
const SPACES = /[ \t\r\n]+/y;
const CLOSE = /(-)?\}\}/y;
const TOKENS: readonly (readonly [TemplateToken['kind'], RegExp])[] = [
  ['string', /"(?:\\.|[^"\\\n])*"|`[^`]*`/y],
  ['char', /'(?:\\[^]|[^'\\\n])+'/y],
  ['number', /[-+]?(?:0[xX][\da-fA-F_]+|0[bBoO][\d_]+|(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?i?)/y],
  ['field', /\.[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ['variable', /\$[\p{L}\p{Nd}_]*/uy],
  ['word', /[\p{L}_][\p{L}\p{Nd}_]*/uy],
  ['sign', /:=|[().|,=]/y],
];

/** @throws TemplateError */
export function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  let trimsNext = false;
  const pushText = (raw: string, trimsEnd: boolean): void => {
    let kept = trimsNext ? raw.replace(/^[ \t\r\n]+/, '') : raw;
    if (trimsEnd) kept = kept.replace(/[ \t\r\n]+$/, '');
    if (kept !== '') parts.push({ kind: 'text', text: kept });
  };
  for (;;) {
    OPEN.lastIndex = at;
    const open = OPEN.exec(text);
    if (open === null) break;
    pushText(text.slice(at, open.index), open[1] !== undefined);
    const line = lineAt(text, open.index);
    const start = OPEN.lastIndex;
    const isComment = /^\s*\/\*/.test(text.slice(start, start + 4));
    const action = isComment ? commentFrom(text, text.indexOf('/*', start), line) : actionFrom(text, start, line);
    if (!isComment) parts.push({ kind: 'action', tokens: action.tokens, line });
    trimsNext = action.trimsNext;
    at = action.end;
  }
  pushText(text.slice(at), false);
  return parts;
}

interface Action {
  readonly tokens: readonly TemplateToken[];
  readonly end: number;
  readonly trimsNext: boolean;
}

function commentFrom(text: string, start: number, line: number): Action {
  COMMENT.lastIndex = start;
  const comment = COMMENT.exec(text);
  if (comment === null) throw new TemplateError(`${line}: unclosed comment`);
  return { tokens: [], end: COMMENT.lastIndex, trimsNext: comment[1] !== undefined };
}

function actionFrom(text: string, start: number, line: number): Action {
  const tokens: TemplateToken[] = [];
  let at = start;
  let depth = 0;
  let wasSpace = false;
  for (;;) {
    CLOSE.lastIndex = at;
    const close = CLOSE.exec(text);
    if (close !== null && (close[1] === undefined || wasSpace)) {
      return { tokens, end: CLOSE.lastIndex, trimsNext: close[1] !== undefined };
    }
    SPACES.lastIndex = at;
    wasSpace = SPACES.test(text);
    if (wasSpace) {
      tokens.push({ kind: 'space', text: ' ', at });
      at = SPACES.lastIndex;
      continue;
    }
    const token = tokenAt(text, at, line);
    if (token.token.text === '(') depth++;
    if (token.token.text === ')' && depth-- === 0) throw new TemplateError(`${line}: unexpected right paren`);
    tokens.push(token.token);
    at = token.end;
  }
}

function tokenAt(text: string, at: number, line: number): { token: TemplateToken; end: number } {
  for (const [kind, pattern] of TOKENS) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null && kind === 'number') assertNumberEnds(text, match[0], pattern.lastIndex, line);
    if (match !== null && NAMES.has(kind)) assertNameEnds(text, pattern.lastIndex, line);
    if (match !== null) return { token: { kind, text: match[0], at }, end: pattern.lastIndex };
  }
  const where = `${line}:`;
  if (at >= text.length) throw new TemplateError(`${where} unclosed action`);
  if (text[at] === '"' || text[at] === '`') throw new TemplateError(`${where} unterminated quoted string`);
  if (text[at] === "'") throw new TemplateError(`${where} unterminated character constant`);
  throw badCharacter(text, at, line);
}

function badCharacter(text: string, at: number, line: number): TemplateError {
  const char = String.fromCodePoint(text.codePointAt(at)!);
  const code = char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
  return new TemplateError(`${line}: bad character U+${code} '${char}'`);
}

const NAMES: ReadonlySet<TemplateToken['kind']> = new Set(['field', 'variable', 'word'] as const);
const AFTER_NAME = /[\s.,|:()]|-?\}\}|$/y;

/** Throws where a name and what follows it are not apart: `x"y"`. */
function assertNameEnds(text: string, end: number, line: number): void {
  AFTER_NAME.lastIndex = end;
  if (!AFTER_NAME.test(text)) throw badCharacter(text, end, line);
}

/** Throws where a letter or digit follows: `5.foo` is not a field of a number. */
function assertNumberEnds(text: string, number: string, end: number, line: number): void {
  const next = /[\p{L}\p{Nd}_]/uy;
  next.lastIndex = end;
  const follower = next.exec(text);
  if (follower !== null) throw new TemplateError(`${line}: bad number syntax: ${quoted(number + follower[0])}`);
}

/** Returns the value of a token of a text. @throws TemplateError */
export function stringOf({ text }: TemplateToken, line: number): string {
  if (text.startsWith('`')) return text.slice(1, -1);
  const value = unescaped(text.slice(1, -1));
  if (value === undefined) throw new TemplateError(`${line}: invalid syntax`);
  return value;
}

function lineAt(text: string, end: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) line++;
  return line;
}
