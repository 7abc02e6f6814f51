/** Parses a template of Go's text/template. */
import { LOGQL_DEPTH_MAX } from '../../../limits.ts';
import { TemplateError } from './errors.ts';
import { isKeyword, named } from './keywords.ts';
import { numberOf } from './literals.ts';
import { type Part, partsOf, stringOf, type TemplateToken } from './lexer.ts';
import {
  type Command,
  fieldsText,
  isExecutable,
  type Nodes,
  type Operand,
  type Pipe,
  pipePlace,
  type Placed,
  type ParsedTemplate,
  type TemplateNode,
} from './tree.ts';
import type { GoImaginary } from './values.ts';
import { quoted } from '../../../../shared/go-quote.ts';

/**
 * @param name  of the template itself
 * @throws TemplateError
 */
export function parseTemplate(text: string, name: string, isFunction: (name: string) => boolean): ParsedTemplate {
  const parser = new Parser(partsOf(text), isFunction);
  const { nodes, end } = parser.list(0);
  if (end !== undefined) throw parser.fail(`unexpected {{${end}}}`);
  if (nodes.length > 0) parser.define(name, nodes);
  return { nodes, definitions: parser.definitions };
}

/** An operand whose place is not known yet. */
type DistributedOmit<T> = T extends Placed ? Omit<T, keyof Placed> : never;

class Parser {
  readonly #parts: readonly Part[];
  readonly #isFunction: (name: string) => boolean;
  readonly definitions = new Map<string, Nodes>();
  #variables: string[] = ['$'];
  #part = 0;
  #tokens: readonly TemplateToken[] = [];
  #at = 0;
  #line = 1;
  #loops = 0;

  constructor(parts: readonly Part[], isFunction: (name: string) => boolean) {
    this.#parts = parts;
    this.#isFunction = isFunction;
  }

  fail(problem: string): TemplateError {
    return new TemplateError(`${this.#line}: ${problem}`);
  }

  /** Returns the nodes up to an `else` or `end`, or all. */
  list(depth: number): { nodes: Nodes; end: 'else' | 'end' | undefined } {
    if (depth > LOGQL_DEPTH_MAX) throw this.fail(`nested too deeply: more than ${LOGQL_DEPTH_MAX} levels`);
    const nodes: TemplateNode[] = [];
    for (let part = this.#parts[this.#part++]; part !== undefined; part = this.#parts[this.#part++]) {
      if (part.kind === 'text') {
        nodes.push(part);
        continue;
      }
      this.#begin(part);
      const word = this.#peek();
      if (word?.kind !== 'word' || !isKeyword(word.text)) {
        nodes.push({ kind: 'print', pipe: this.#wholePipe('command') });
        continue;
      }
      this.#at++;
      switch (word.text) {
        case 'else':
        case 'end':
          return { nodes, end: word.text };
        case 'define':
          if (depth > 0) throw this.fail('unexpected <define> in command');
          this.#definition();
          break;
        case 'template':
          nodes.push(this.#template());
          break;
        case 'block':
          nodes.push(this.#block(depth));
          break;
        default:
          nodes.push(this.#statement(word.text, depth));
      }
    }
    return { nodes, end: undefined };
  }

  define(name: string, nodes: Nodes): void {
    if (this.definitions.has(name)) throw this.fail(`template: multiple definition of template ${quoted(name)}`);
    this.definitions.set(name, nodes);
  }

  #definition(): void {
    const { name } = this.#name('define');
    this.#skipSpace();
    if (this.#peek() !== undefined) throw this.fail(`unexpected ${quoted(this.#peek()!.text)} in define clause`);
    this.#body(name, 'define', 0);
  }

  #template(): TemplateNode {
    const { name, token } = this.#name('template');
    this.#skipSpace();
    const pipe = this.#peek() === undefined ? undefined : this.#wholePipe('template clause');
    const given = pipe === undefined ? '' : ` ${pipePlace(pipe).text}`;
    return { kind: 'template', name, pipe, at: token.at, text: `{{template ${quoted(name)}${given}}}` };
  }

  /** A definition, and its use at the same place. */
  #block(depth: number): TemplateNode {
    const { name, token } = this.#name('block');
    const pipe = this.#wholePipe('block clause');
    this.#body(name, 'block', depth);
    return { kind: 'template', name, pipe, at: token.at, text: `{{template ${quoted(name)} ${pipePlace(pipe).text}}}` };
  }

  #name(clause: string): { name: string; token: TemplateToken } {
    this.#skipSpace();
    const token = this.#peek();
    if (token?.kind !== 'string') throw this.fail(`unexpected ${quoted(token?.text ?? '}}')} in ${clause} clause`);
    this.#at++;
    return { name: stringOf(token, this.#line), token };
  }

  /** Reads what is defined, up to its end: variables and loops around it are not its own. */
  #body(name: string, clause: 'define' | 'block', depth: number): void {
    const [variables, loops] = [this.#variables, this.#loops];
    this.#variables = ['$'];
    this.#loops = 0;
    const { nodes, end } = this.list(depth + 1);
    if (end === undefined) throw this.fail('unexpected EOF');
    if (end === 'else') throw this.fail(`unexpected {{else}} in ${clause} clause`);
    this.define(name, nodes);
    this.#variables = variables;
    this.#loops = loops;
  }

  #begin({ tokens, line }: Extract<Part, { kind: 'action' }>): void {
    this.#tokens = tokens;
    this.#line = line;
    this.#at = 0;
    this.#skipSpace();
  }

  #statement(word: 'if' | 'with' | 'range' | 'break' | 'continue', depth: number): TemplateNode {
    if (word === 'break' || word === 'continue') {
      if (this.#loops === 0) throw this.fail(`{{${word}}} outside {{range}}`);
      return { kind: word };
    }
    const known = this.#variables.length;
    const pipe = this.#wholePipe(word);
    if (word === 'range') this.#loops++;
    const { nodes, end } = this.list(depth + 1);
    if (word === 'range') this.#loops--;
    const otherwise = end === 'else' ? this.#otherwise(word, depth) : [];
    if (end === undefined) throw this.fail('unexpected EOF');
    this.#variables.length = known;
    return word === 'range'
      ? { kind: word, pipe, each: nodes, otherwise }
      : { kind: word, pipe, body: nodes, otherwise };
  }

  /** After `else`: what is up to the end, or another condition. */
  #otherwise(word: 'if' | 'with' | 'range', depth: number): Nodes {
    this.#skipSpace();
    const next = this.#peek();
    if (next?.kind === 'word' && next.text === word && word !== 'range') {
      this.#at++;
      return [this.#statement(word, depth + 1)];
    }
    if (next !== undefined) throw this.fail(`unexpected ${named(next)} in else`);
    const { nodes, end } = this.list(depth + 1);
    if (end === 'else') throw this.fail(`expected end; found {{else}}`);
    if (end === undefined) throw this.fail('unexpected EOF');
    return nodes;
  }

  #peek(): TemplateToken | undefined {
    return this.#tokens[this.#at];
  }

  #skipSpace(): void {
    while (this.#peek()?.kind === 'space') this.#at++;
  }

  #wholePipe(context: string): Pipe {
    const pipe = this.#pipe(context, 0);
    const rest = this.#peek();
    if (rest !== undefined) throw this.fail(`unexpected ${named(rest)} in ${context}`);
    return pipe;
  }

  #pipe(context: string, depth: number): Pipe {
    if (depth > LOGQL_DEPTH_MAX) throw this.fail(`nested too deeply: more than ${LOGQL_DEPTH_MAX} levels`);
    this.#skipSpace();
    const { variables, isDeclared } = this.#assigned(context);
    const commands: Command[] = [];
    for (;;) {
      commands.push(this.#command(context, depth));
      if (this.#peek()?.text !== '|' || this.#peek()?.kind !== 'sign') break;
      this.#at++;
    }
    const wrong = commands.findIndex(([head], i) => i > 0 && !isExecutable(head!));
    if (wrong > 0) throw this.fail(`non executable command in pipeline stage ${wrong + 1}`);
    return { variables, isDeclared, commands };
  }

  /** Reads `$x :=`, `$x =`, and in a range `$i, $x :=`. */
  #assigned(context: string): { variables: string[]; isDeclared: boolean } {
    const start = this.#at;
    const variables: string[] = [];
    while (this.#peek()?.kind === 'variable') {
      variables.push(this.#peek()!.text);
      this.#at++;
      this.#skipSpace();
      const sign = this.#peek()?.text;
      if (sign === ',' && context === 'range' && variables.length === 1) {
        this.#at++;
        this.#skipSpace();
        continue;
      }
      if (sign !== ':=' && sign !== '=') break;
      this.#at++;
      this.#skipSpace();
      const unknown = sign === '=' ? variables.find((name) => !this.#variables.includes(name)) : undefined;
      if (unknown !== undefined) throw this.fail(`undefined variable "${unknown}"`);
      if (sign === ':=') this.#variables.push(...variables);
      return { variables, isDeclared: sign === ':=' };
    }
    this.#at = start;
    return { variables: [], isDeclared: false };
  }

  #command(context: string, depth: number): Command {
    const operands: Operand[] = [];
    for (;;) {
      this.#skipSpace();
      const token = this.#peek();
      const isEnd = token === undefined || (token.kind === 'sign' && (token.text === '|' || token.text === ')'));
      if (isEnd) break;
      operands.push(this.#operand(token, operands.length === 0 ? context : 'operand', depth));
      const next = this.#peek();
      const isTerm =
        token.kind === 'string' || token.kind === 'char' || token.text === 'true' || token.text === 'false';
      if (next?.kind === 'field' && isTerm) throw this.fail(`unexpected . after term ${quoted(token.text)}`);
      const isSeparate = next === undefined || next.kind === 'space' || next.text === '|' || next.text === ')';
      if (!isSeparate) throw this.fail(`unexpected ${named(next)} in operand`);
    }
    if (operands.length === 0) {
      throw this.fail(context === 'command' ? 'missing value for command' : `missing value for ${context}`);
    }
    return operands;
  }

  #operand(token: TemplateToken, context: string, depth: number): Operand {
    const first = this.#at++;
    const operand = this.#operandOf(token, context, depth);
    if ('path' in operand && operand.kind === 'pipe') {
      return {
        ...operand,
        at: token.at,
        text: (token.text === '(' ? `(${pipePlace(operand.pipe).text})` : token.text) + fieldsText(operand.path),
      };
    }
    const tokens = this.#tokens.slice(first, this.#at);
    // Go counts a chain of fields from its second one.
    return { ...operand, at: (tokens[1] ?? token).at, text: tokens.map(({ text }) => text).join('') };
  }

  #operandOf(token: TemplateToken, context: string, depth: number): DistributedOmit<Operand> {
    switch (token.kind) {
      case 'string':
        return { kind: 'literal', value: stringOf(token, this.#line) };
      case 'char':
        return { kind: 'literal', value: this.#charCode(token) };
      case 'number':
        return { kind: 'literal', value: this.#number(token.text) };
      case 'field':
        return { kind: 'field', path: [token.text.slice(1), ...this.#path()] };
      case 'variable':
        if (!this.#variables.includes(token.text)) throw this.fail(`undefined variable "${token.text}"`);
        return { kind: 'variable', name: token.text, path: this.#path() };
      case 'word': {
        if (isKeyword(token.text)) throw this.fail(`unexpected ${named(token)} in ${context}`);
        const word = this.#word(token.text);
        if (this.#peek()?.kind !== 'field') return word;
        if (word.kind !== 'function') throw this.fail(`unexpected . after term ${quoted(token.text)}`);
        const called = { ...word, at: token.at, text: token.text };
        return { kind: 'pipe', pipe: { variables: [], isDeclared: false, commands: [[called]] }, path: this.#path() };
      }
      default:
        if (token.text === '.') return { kind: 'dot' };
        if (token.text === '(') return this.#group(context, depth);
        throw this.fail(`unexpected ${named(token)} in ${context}`);
    }
  }

  #word(text: string): DistributedOmit<Operand> {
    if (text === 'nil') return { kind: 'nil' };
    if (text === 'true' || text === 'false') return { kind: 'literal', value: text === 'true' };
    if (!this.#isFunction(text)) throw this.fail(`function "${text}" not defined`);
    return { kind: 'function', name: text };
  }

  #group(context: string, depth: number): DistributedOmit<Operand> {
    const pipe = this.#pipe(context, depth + 1);
    if (this.#peek()?.text !== ')') throw this.fail('unclosed left paren');
    this.#at++;
    return { kind: 'pipe', pipe, path: this.#path() };
  }

  #path(): string[] {
    const path: string[] = [];
    for (let next = this.#peek(); next?.kind === 'field'; next = this.#peek()) {
      path.push(next.text.slice(1));
      this.#at++;
    }
    return path;
  }

  #charCode(token: TemplateToken): bigint {
    const value = stringOf(token, this.#line);
    if (Array.from(value).length !== 1) throw this.fail(`malformed character constant: ${token.text}`);
    return BigInt(value.codePointAt(0)!);
  }

  #number(text: string): bigint | number | GoImaginary {
    const value = numberOf(text);
    if (value === undefined) throw this.fail(`bad number syntax: ${quoted(text)}`);
    return value;
  }
}
