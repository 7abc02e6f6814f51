/**
 * Parses a search text into a tree, by recursive descent over its tokens. What binds most comes last:
 *
 *     any      = all { "or" all }
 *     all      = term { [ "and" ] term }
 *     term     = ( "-" | "not" ) term | "(" any ")" | text | regexp | condition
 *     condition = name ( ":" | "=" | "!=" ) value { "," value } | name ( ">" | ">=" | "<" | "<=" ) operand | name ( "=~" | ":~" | "!~" ) regexp
 */
import { SearchTextError } from '../../../shared/errors.ts';
import { parseQuantity } from '../../../shared/quantity.ts';
import { assertRegexp } from '../../../shared/regexp/regexp.ts';
import {
  SEARCH_DEPTH_MAX,
  SEARCH_TERMS_MAX,
  SEARCH_TEXT_BYTES_MAX,
  TEXT_BYTES_MAX,
  VALUES_PER_FILTER_MAX,
} from '../../limits.ts';
import type { Operator } from '../../store/predicate.ts';
import { type Token, tokensOf } from './lexer.ts';
import { misreadingIn, problemOfValue, sqlIn } from './misreadings.ts';
import {
  ambiguousNot,
  EMPTY_GROUP,
  existence,
  invalidRegexp,
  missingCondition,
  missingValue,
  type Problem,
  TEXT_TOO_LONG,
  TOO_DEEP,
  TOO_LONG,
  TOO_MANY,
  TOO_MANY_VALUES,
  UNCLOSED,
  UNCLOSED_QUOTE,
  unknownOperator,
  UNOPENED,
} from './problems.ts';
import type { Range, SearchNode, SearchValue } from './tree.ts';
import { partsOfWord, patternOfRegexp, plainPattern, textOfQuoted } from './words.ts';

const COMPARISONS: Readonly<Record<string, Operator>> = {
  '>': '>',
  '>=': '>=',
  '<': '<',
  '<=': '<=',
  ':>': '>',
  ':>=': '>=',
  ':<': '<',
  ':<=': '<=',
};

/** @throws ParameterError  with the place of what is wrong */
export function parseSearchText(text: string): SearchNode {
  if (Buffer.byteLength(text) > SEARCH_TEXT_BYTES_MAX) {
    throw new SearchTextError(text, { start: SEARCH_TEXT_BYTES_MAX, end: text.length }, TEXT_TOO_LONG);
  }
  return new Parser(text).parse();
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;
  #terms = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  parse(): SearchNode {
    const sql = sqlIn(this.#text, this.#tokens);
    if (sql !== undefined) throw this.#error(sql.place, sql.problem);
    if (this.#tokens.length === 0) return { kind: 'all', of: [], range: { start: 0, end: this.#text.length } };
    const tree = this.#any();
    const rest = this.#peek();
    if (rest === undefined) return tree;
    throw this.#error(rest, UNOPENED);
  }

  #any(): SearchNode {
    const parts = [this.#all()];
    while (this.#isKeyword('or')) {
      this.#next++;
      parts.push(this.#all());
    }
    return joined('any', parts);
  }

  #all(): SearchNode {
    const parts = [this.#term()];
    for (;;) {
      const token = this.#peek();
      if (token === undefined || token.kind === 'close' || this.#isKeyword('or')) break;
      if (this.#isKeyword('and')) this.#next++;
      parts.push(this.#term());
    }
    const whole = joined('all', parts);
    const misreading = whole.kind === 'all' ? misreadingIn(whole.of) : undefined;
    if (misreading !== undefined) throw this.#error(misreading.place, misreading.problem);
    return whole;
  }

  #term(): SearchNode {
    const token = this.#peek();
    if (token === undefined || token.kind === 'close') throw this.#missingTerm(token);
    this.#next++;
    switch (token.kind) {
      case 'minus':
        return this.#negated(token);
      case 'keyword':
        if (this.#textOf(token).toLowerCase() !== 'not') throw this.#missingTerm(token);
        return this.#negatedByWord(token);
      case 'open':
        return this.#group(token);
      case 'name':
        return this.#condition(token);
      case 'word':
        this.#count(token);
        return { kind: 'text', parts: this.#partsOf(token), isExact: false, range: rangeOf(token) };
      case 'quoted':
        this.#count(token);
        return { kind: 'text', parts: [this.#quoted(token)], isExact: true, range: rangeOf(token) };
      case 'regexp':
        this.#count(token);
        return { kind: 'regexp', regexp: this.#regexp(token), range: rangeOf(token) };
      case 'broken':
        throw this.#error(token, token.problem!);
      case 'operator':
      case 'comma':
        throw new Error(`BUG: ${token.kind} without a name`);
    }
  }

  #negated(sign: Token): SearchNode {
    const of = this.#nested(sign, () => this.#term());
    return { kind: 'not', of, range: { start: sign.start, end: of.range.end } };
  }

  /** `not found` is what logs say; `NOT found` and `not level:debug` are what people ask. */
  #negatedByWord(word: Token): SearchNode {
    const next = this.#peek();
    if (this.#textOf(word) === 'not' && next?.kind === 'word') {
      throw this.#error(word, ambiguousNot(this.#textOf(next)));
    }
    return this.#negated(word);
  }

  #group(open: Token): SearchNode {
    if (this.#peek()?.kind === 'close') {
      const range = { start: open.start, end: this.#peek()!.end };
      throw this.#error(range, EMPTY_GROUP);
    }
    const inside = this.#nested(open, () => this.#any());
    const close = this.#peek();
    if (close?.kind !== 'close') {
      throw this.#error(open, UNCLOSED);
    }
    this.#next++;
    return { ...inside, range: { start: open.start, end: close.end } };
  }

  #condition(nameToken: Token): SearchNode {
    this.#count(nameToken);
    const name = this.#textOf(nameToken).startsWith('"') ? this.#quoted(nameToken) : this.#textOf(nameToken);
    const operator = this.#tokens[this.#next++]!;
    const sign = this.#textOf(operator);
    const operands = this.#operands(nameToken, operator);
    const range = { start: nameToken.start, end: operands.at(-1)!.end };
    if (name === '_exists_' || name === '_missing_') {
      throw this.#error(nameToken, existence(this.#operandText(operands[0]!), name === '_missing_'));
    }
    if (Object.hasOwn(COMPARISONS, sign)) {
      return { kind: 'compare', name, operator: COMPARISONS[sign]!, operand: this.#operandText(operands[0]!), range };
    }
    switch (sign) {
      case ':':
      case '=':
      case '!=': {
        const [first] = operands;
        if (sign !== ':' && operands.length === 1 && first!.kind === 'word') {
          // With a unit, as many as that: 1s and 1000ms.
          const operand = this.#operandText(first!);
          if ((parseQuantity(operand)?.kind ?? 'number') !== 'number') {
            const comparison: SearchNode = { kind: 'compare', name, operator: '=', operand, range };
            return sign === '!=' ? { kind: 'not', of: comparison, range } : comparison;
          }
        }
        const values = operands.map((operand) => this.#value(operand));
        const condition: SearchNode = { kind: 'field', name, values, range };
        return sign === '!=' ? { kind: 'not', of: condition, range } : condition;
      }
      case '=~':
      case ':~':
      case '!~': {
        const condition: SearchNode = { kind: 'field', name, values: [this.#expression(operands[0]!)], range };
        return sign === '!~' ? { kind: 'not', of: condition, range } : condition;
      }
      default:
        throw this.#error(operator, unknownOperator(name, sign));
    }
  }

  /** The operands that follow an operator, at least one. */
  #operands(name: Token, operator: Token): Token[] {
    const operands: Token[] = [];
    for (;;) {
      const token = this.#tokens[this.#next];
      if (token?.kind === 'broken') throw this.#error(token, token.problem!);
      // A term that follows is at a distance; so is the operand of a spaced operator, but it is the first.
      const isOperand = token !== undefined && ['word', 'quoted', 'regexp'].includes(token.kind);
      const isSpaced = this.#tokens[this.#next - 1]!.end !== token?.start;
      const isSpacedOperator = operands.length === 0 && name.end !== operator.start;
      if (!isOperand || (isSpaced && !isSpacedOperator))
        throw this.#missingOperand(name, this.#tokens[this.#next - 1]!);
      operands.push(token);
      this.#next++;
      if (operands.length > VALUES_PER_FILTER_MAX) {
        throw this.#error(token, TOO_MANY_VALUES);
      }
      const follows = this.#tokens[this.#next];
      if (follows?.kind === 'broken' && follows.start === token.end) throw this.#error(follows, follows.problem!);
      if (follows?.kind !== 'comma') return operands;
      this.#next++;
    }
  }

  #missingOperand(name: Token, before: Token): SearchTextError {
    return this.#error({ start: name.start, end: before.end }, missingValue(this.#textOf(name)));
  }

  #value(token: Token): SearchValue {
    switch (token.kind) {
      case 'quoted':
        return { kind: 'parts', parts: [this.#quoted(token)] };
      case 'regexp':
        return this.#regexp(token);
      default: {
        const problem = problemOfValue(this.#textOf(token));
        if (problem !== undefined) throw this.#error(token, problem);
        return { kind: 'parts', parts: this.#partsOf(token) };
      }
    }
  }

  /** The operand of `=~`, in whichever form. */
  #expression(token: Token): SearchValue {
    if (token.kind === 'regexp') return this.#regexp(token);
    const pattern = plainPattern(token.kind === 'quoted' ? this.#quoted(token) : this.#textOf(token));
    this.#assertPattern(token, pattern);
    return { kind: 'regexp', pattern, ignoreCase: false };
  }

  #regexp(token: Token): SearchValue & { readonly kind: 'regexp' } {
    const { pattern, ignoreCase } = patternOfRegexp(this.#textOf(token));
    this.#assertPattern(token, pattern);
    return { kind: 'regexp', pattern, ignoreCase };
  }

  #assertPattern(token: Token, pattern: string): void {
    this.#assertLength(token, pattern);
    try {
      assertRegexp(pattern);
      assertRegexp(`(?i)${pattern}`);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw this.#error(token, invalidRegexp(error.message));
    }
  }

  #operandText(token: Token): string {
    if (token.kind === 'quoted') return this.#quoted(token);
    return this.#partsOf(token).join('*');
  }

  #partsOf(token: Token): readonly string[] {
    const parts = partsOfWord(this.#textOf(token));
    for (const part of parts) this.#assertLength(token, part);
    return parts;
  }

  #quoted(token: Token): string {
    const text = this.#textOf(token);
    // The lexer has found its end.
    if (!text.endsWith('"')) throw this.#error(token, UNCLOSED_QUOTE);
    const own = textOfQuoted(text);
    this.#assertLength(token, own);
    return own;
  }

  #assertLength(token: Token, text: string): void {
    if (Buffer.byteLength(text) <= TEXT_BYTES_MAX) return;
    throw this.#error(token, TOO_LONG);
  }

  #nested(token: Token, parse: () => SearchNode): SearchNode {
    if (++this.#depth > SEARCH_DEPTH_MAX) {
      throw this.#error(token, TOO_DEEP);
    }
    const node = parse();
    this.#depth--;
    return node;
  }

  #count(token: Token): void {
    if (++this.#terms <= SEARCH_TERMS_MAX) return;
    throw this.#error(token, TOO_MANY);
  }

  #missingTerm(token: Token | undefined): SearchTextError {
    const before = this.#tokens[this.#next - (token?.kind === 'keyword' ? 2 : 1)];
    const place = token ?? before ?? { start: 0, end: this.#text.length };
    return this.#error(place, missingCondition(token === undefined));
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next];
  }

  #isKeyword(word: string): boolean {
    const token = this.#peek();
    return token?.kind === 'keyword' && this.#textOf(token).toLowerCase() === word;
  }

  #textOf({ start, end }: Range): string {
    return this.#text.slice(start, end);
  }

  #error(place: Range, problem: Problem): SearchTextError {
    return new SearchTextError(this.#text, place, problem);
  }
}

function joined(kind: 'all' | 'any', parts: readonly SearchNode[]): SearchNode {
  if (parts.length === 1) return parts[0]!;
  const range = { start: parts[0]!.range.start, end: parts.at(-1)!.range.end };
  return { kind, of: parts.flatMap((part) => (part.kind === kind && part.of.length > 0 ? part.of : [part])), range };
}

function rangeOf({ start, end }: Range): Range {
  return { start, end };
}
