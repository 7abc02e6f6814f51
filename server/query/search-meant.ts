/** The conditions of a search text that advice is about, and what is meant instead, as parts of the text. */
import { quotedPattern } from '../../shared/regexp/quoted-pattern.ts';
import type { QueryString } from './parameters.ts';
import { misreadingIn } from './search-text/misreadings.ts';
import { parseSearchText } from './search-text/parser.ts';
import { printSearch } from './search-text/print.ts';
import type { SearchNode, SearchValue } from './search-text/tree.ts';

/** A value that a label or field must have, or a text that a line must have. */
export interface WrittenCondition {
  /** `q` for a text. */
  readonly name: string;
  readonly value: string;
  /** Whether the value has a wildcard. */
  readonly isWild: boolean;
  /** As it is written. */
  readonly text: string;
  /** Its place in the search text, from 1 on. */
  readonly position: number;
  /** Returns the search text with another condition in its place. */
  readonly replaced: (by: string) => string;
}

type Nodes = readonly SearchNode[];

const NOWHERE = { start: 0, end: 0 };

/** Returns the conditions that are not negated, in their order. @throws ParameterError */
export function conditionsOf(text: string): readonly WrittenCondition[] {
  const found: WrittenCondition[] = [];
  const visit = (node: SearchNode): void => {
    switch (node.kind) {
      case 'all':
      case 'any':
        for (const each of node.of) visit(each);
        return;
      case 'field':
        for (const [i, value] of node.values.entries()) {
          if (value.kind === 'regexp') continue;
          const others = node.values.filter((_, at) => at !== i);
          found.push(condition(text, node, node.name, value.parts, others));
        }
        return;
      case 'text':
        return void found.push(condition(text, node, 'q', node.parts, []));
      case 'not':
      case 'regexp':
      case 'compare':
    }
  };
  visit(parseSearchText(text));
  return found;
}

/** @param others  further values of the same condition */
function condition(
  text: string,
  node: SearchNode,
  name: string,
  parts: readonly string[],
  others: readonly SearchValue[],
): WrittenCondition {
  const { start, end } = node.range;
  const own: SearchNode = node.kind === 'field' ? { ...node, values: [{ kind: 'parts', parts }] } : node;
  return {
    name,
    value: parts.join('*'),
    isWild: parts.length > 1,
    text: others.length === 0 ? text.slice(start, end) : printSearch(own),
    position: start + 1,
    replaced: (by) => {
      const besides = others.length === 0 ? '' : ` or ${printSearch({ ...node, values: others } as SearchNode)}`;
      const whole = start === 0 && end === text.length;
      const isGroup = besides !== '' || parseSearchText(by).kind === 'all' || parseSearchText(by).kind === 'any';
      return `${text.slice(0, start)}${isGroup && !whole ? `(${by}${besides})` : `${by}${besides}`}${text.slice(end)}`;
    },
  };
}

/** Returns what a text means where words were meant as operators (`path contains api`), and the place. */
export function operatorMeant(text: string): { readonly position: number; readonly text: string } | undefined {
  const tree = parseSearchText(text);
  const found = tree.kind === 'all' ? misreadingIn(tree.of, { isProse: true }) : undefined;
  if (tree.kind !== 'all' || found === undefined) return undefined;
  const at = tree.of.findIndex(({ range }) => range === found.place);
  // The word, what is before it and what is after it are the condition; all else stays.
  const [{ range: first }, , { range: last }] = tree.of.slice(at - 1, at + 2) as [SearchNode, SearchNode, SearchNode];
  const meant = `${text.slice(0, first.start)}${found.problem.example}${text.slice(last.end)}`;
  return { position: found.place.start + 1, text: meant };
}

/**
 * Returns what a text means whose terms want two values of one name, which lines mostly have once: `level:error level:warn` is
 * either of them.
 */
export function alternativesMeant(text: string): { readonly name: string; readonly text: string } | undefined {
  const tree = parseSearchText(text);
  if (tree.kind !== 'all') return undefined;
  const fields = tree.of.filter((node) => node.kind === 'field');
  const first = fields.find(({ name }, i) => fields.some((other, j) => j > i && other.name === name));
  if (first === undefined) return undefined;
  const isOther = (node: SearchNode): boolean => node.kind === 'field' && node.name === first.name && node !== first;
  const values = fields.filter(({ name }) => name === first.name).flatMap((node) => node.values);
  const of = tree.of.filter((node) => !isOther(node)).map((node) => (node === first ? { ...first, values } : node));
  return { name: first.name, text: printSearch(of.length === 1 ? of[0]! : { ...tree, of }) };
}

/** Returns filters that are parameters as a search text. */
export function searchOf(filters: QueryString): string {
  const { ignore_case: inAnyCase, match, ...rest } = filters;
  const nodes: SearchNode[] = Object.entries(rest).flatMap(([parameter, values]) => {
    const texts = typeof values === 'string' ? [values] : (values ?? []);
    const each = texts.flatMap((text) => nodesOf(parameter, text, inAnyCase !== undefined));
    return match === 'all' ? each : [alternatives(each)];
  });
  return printSearch(nodes.length === 1 ? nodes[0]! : { kind: 'all', of: nodes, range: NOWHERE });
}

function nodesOf(parameter: string, text: string, inAnyCase: boolean): Nodes {
  const [, name, sign, operand] = /^(.+?)([<>])(.*)$/s.exec(parameter) ?? [];
  if (text === '!*') return [{ kind: 'not', of: nodesOf(parameter, '*', false)[0]!, range: NOWHERE }];
  if (name !== undefined) {
    const operator = operand === '' ? (`${sign as '<' | '>'}=` as const) : (sign as '<' | '>');
    return [{ kind: 'compare', name, operator, operand: operand === '' ? text : operand!, range: NOWHERE }];
  }
  const isText = parameter === 'q' || parameter === 'q.raw';
  const value = valueOf(text, { inAnyCase, isText });
  if (!isText) return [{ kind: 'field', name: parameter, values: [value], range: NOWHERE }];
  if (value.kind === 'regexp') return [{ kind: 'regexp', regexp: value, range: NOWHERE }];
  return [{ kind: 'text', parts: value.parts, isExact: false, range: NOWHERE }];
}

function valueOf(text: string, { inAnyCase, isText }: { inAnyCase: boolean; isText: boolean }): SearchValue {
  if (text.startsWith('~')) {
    const ignoreCase = text.startsWith('~(?i)');
    return { kind: 'regexp', pattern: text.slice(ignoreCase ? '~(?i)'.length : 1), ignoreCase };
  }
  if (!inAnyCase) return { kind: 'parts', parts: text.split('*') };
  const pattern = quotedPattern(text);
  return { kind: 'regexp', pattern: isText ? pattern : `^${pattern}$`, ignoreCase: true };
}

function alternatives(nodes: Nodes): SearchNode {
  const [first] = nodes;
  if (nodes.length === 1) return first!;
  const values = nodes.flatMap((node) => (node.kind === 'field' ? node.values : []));
  if (first?.kind === 'field' && values.length === nodes.length) return { ...first, values };
  return { kind: 'any', of: nodes, range: NOWHERE };
}
