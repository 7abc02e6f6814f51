/**
 * The search text in tokens, for its colours and for edits by click. The server parses it: here only as much is read as shows
 * where one condition ends and the next begins.
 */

export interface Token {
  readonly kind: 'space' | 'word' | 'name' | 'field' | 'quoted' | 'regexp' | 'operator' | 'parenthesis';
  readonly text: string;
  /** Index of the first character. */
  readonly start: number;
  /** Parentheses that it is in. */
  readonly depth: number;
}

/** Characters of a condition, of which quotes and expressions may contain spaces. */
const CONDITION = /-?(?:[^\s"()/\\]|\\.|"(?:[^"\\]|\\.)*"?|\/)+/y;
const REGEXP = /-?\/(?:[^/\\]|\\.)+\/i?(?=[\s)]|$)/y;
const FIELD_REGEXP = /-?[^\s"():/<>=\\]+:\/(?:[^/\\]|\\.)+\/i?(?=[\s)]|$)/y;

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let depth = 0;
  let at = 0;
  const add = (kind: Token['kind'], length: number): void => {
    tokens.push({ kind, text: text.slice(at, at + length), start: at, depth });
    at += length;
  };
  while (at < text.length) {
    const space = matchAt(/\s+/y, text, at);
    if (space !== undefined) add('space', space.length);
    else if (text[at] === '(') {
      add('parenthesis', 1);
      depth++;
    } else if (text[at] === ')') {
      depth = Math.max(0, depth - 1);
      add('parenthesis', 1);
    } else if (text.startsWith('-(', at)) add('operator', 1);
    else addCondition(text, at, add);
  }
  return tokens;
}

function addCondition(text: string, at: number, add: (kind: Token['kind'], length: number) => void): void {
  const field = matchAt(FIELD_REGEXP, text, at);
  if (field !== undefined) return add('field', field.length);
  const regexp = matchAt(REGEXP, text, at);
  if (regexp !== undefined) return add('regexp', regexp.length);
  const condition = matchAt(CONDITION, text, at) ?? text[at]!;
  if (/^(?:or|and|not)$/i.test(condition)) return add('operator', condition.length);
  if (/^-?"/.test(condition)) return add('quoted', condition.length);
  add(/^-?[^\s"()\\:<>=]+(?::|[<>=])/.test(condition) ? 'field' : 'word', condition.length);
}

function matchAt(expression: RegExp, text: string, at: number): string | undefined {
  expression.lastIndex = at;
  return expression.exec(text)?.[0];
}

/** The texts that a line must contain, to be marked in it; in lower case. */
export function wordsOf(text: string): string[] {
  if (text.trimStart().startsWith('{')) return [];
  const words: string[] = [];
  let isNegated = false;
  for (const token of tokensOf(text)) {
    if (token.kind === 'operator') isNegated = token.text === '-' || /^not$/i.test(token.text);
    else if (token.kind === 'parenthesis') isNegated = isNegated && token.text === '(';
    else if (!isNegated && !token.text.startsWith('-')) {
      if (token.kind === 'word') words.push(...token.text.toLowerCase().split('*'));
      else if (token.kind === 'quoted') words.push(unquoted(token.text).toLowerCase());
    }
  }
  return words.map((word) => word.replaceAll(/\\(.)/g, '$1')).filter((word) => word !== '');
}

function unquoted(text: string): string {
  return text.replace(/^"/, '').replace(/"$/, '');
}
