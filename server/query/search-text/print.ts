/**
 * Writes a tree as a search text, in the one form that each has: what the page shows, and what saved views keep. Parsing it
 * gives the tree again.
 */
import { type TokenKind, tokensOf } from './lexer.ts';
import { problemOfValue } from './misreadings.ts';
import { parseSearchText } from './parser.ts';
import type { SearchNode, SearchRegexp, SearchValue } from './tree.ts';
import { quotedText, wordOfParts, writtenRegexp } from './words.ts';

export function printSearch(node: SearchNode): string {
  const plain = print(node, false);
  const careful = print(node, true);
  // `/a` and `b/` are texts, but side by side an expression.
  return plain === careful || isSame(plain, careful) ? plain : careful;
}

function isSame(text: string, careful: string): boolean {
  try {
    return print(parseSearchText(text), true) === careful;
  } catch {
    return false;
  }
}

/** @param isCareful  whether a slash that begins a text is escaped */
function print(node: SearchNode, isCareful: boolean): string {
  switch (node.kind) {
    case 'all':
      return node.of.map((each) => grouped(each, each.kind === 'any', isCareful)).join(' ');
    case 'any':
      return node.of.map((each) => print(each, isCareful)).join(' or ');
    case 'not': {
      const { of } = node;
      const begins = of.kind === 'text' && of.parts[0]!.startsWith('-');
      return `-${grouped(of, begins || of.kind === 'all' || of.kind === 'any' || of.kind === 'not', isCareful)}`;
    }
    case 'text':
      return node.isExact ? quotedText(node.parts.join('')) : writtenWord(node.parts, isCareful);
    case 'regexp':
      return writtenExpression(node.regexp, (text) => isCut(text, [text], ['regexp']));
    case 'field':
      return `${writtenName(node.name)}:${node.values.map((value) => writtenValue(value, isCareful)).join(',')}`;
    case 'compare':
      return `${writtenName(node.name)}${node.operator}${writtenOperand(node.operand)}`;
  }
}

function grouped(node: SearchNode, isGroup: boolean, isCareful: boolean): string {
  return isGroup ? `(${print(node, isCareful)})` : print(node, isCareful);
}

/** Returns a name as it is written before an operator. */
export function writtenName(name: string): string {
  return firstOf([name, quotedText(name)], (text) =>
    isCut(`${text}:x`, [text, ':', 'x'], ['name', 'operator', 'word']),
  );
}

function writtenWord(parts: readonly string[], isCareful: boolean): string {
  const forms = [wordOfParts(parts, 'necessary'), wordOfParts(parts, 'all')];
  // After another word, `~` and `:` would be operators.
  const isWord = (text: string): boolean =>
    isCut(text, [text], ['word']) && isCut(`x ${text}`, ['x', text], ['word', 'word']);
  return firstOf(forms, (text) => !(isCareful && text.startsWith('/')) && isWord(text));
}

function writtenValue(value: SearchValue, isCareful: boolean): string {
  if (value.kind === 'regexp') return writtenExpression(value, (text) => isValue(text, 'regexp'));
  const { parts } = value;
  const word = wordOfParts(parts, 'necessary');
  const mayBeWord = !(isCareful && word.startsWith('/')) && problemOfValue(word) === undefined && isValue(word, 'word');
  if (mayBeWord && !word.includes('\\')) return word;
  if (parts.length === 1) return quotedText(parts[0]!);
  return mayBeWord ? word : wordOfParts(parts, 'all');
}

function isValue(text: string, kind: TokenKind): boolean {
  return isCut(`x:${text},y`, ['x', ':', text, ',', 'y'], ['name', 'operator', kind, 'comma', 'word']);
}

function writtenExpression(regexp: SearchRegexp, isRight: (text: string) => boolean): string {
  return firstOf([writtenRegexp(regexp, 'necessary'), writtenRegexp(regexp, 'all')], isRight);
}

function writtenOperand(operand: string): string {
  return firstOf([operand, quotedText(operand)], (text) => {
    return !/[\\*]/.test(text) && isCut(`x>${text}`, ['x', '>', text], ['name', 'operator', 'word']);
  });
}

/** The last form is always right. */
function firstOf(forms: readonly string[], isRight: (text: string) => boolean): string {
  return forms.slice(0, -1).find(isRight) ?? forms.at(-1)!;
}

/** Whether a text is cut into these tokens. */
function isCut(text: string, wanted: readonly string[], kinds: readonly TokenKind[]): boolean {
  const tokens = tokensOf(text);
  return (
    tokens.length === wanted.length &&
    tokens.every(({ kind, start, end }, i) => kind === kinds[i] && text.slice(start, end) === wanted[i])
  );
}
