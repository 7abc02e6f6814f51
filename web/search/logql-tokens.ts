/** LogQL as it is typed: its tokens in colours, by Grafana's own grammar, which goes on after mistakes. */
import { parser } from '@grafana/lezer-logql';
import type { Token } from './tokens.ts';

/** What is dimmed, as names are in a search text; words of the language and operators have a colour. */
const DIMMED: ReadonlySet<string> = new Set(['Identifier', 'LabelName', 'ParserFlag', 'LineComment']);
const PLAIN: ReadonlySet<string> = new Set(['String', 'Number', 'Duration', 'Bytes', '⚠']);

/** Returns tokens that together are the whole text. */
export function logqlTokens(text: string): Token[] {
  const tokens: Token[] = [];
  let end = 0;
  const add = (kind: Token['kind'], start: number, to: number): void => {
    if (to > start) tokens.push({ kind, text: text.slice(start, to), start, depth: 0 });
  };
  parser.parse(text).iterate({
    enter: ({ node, name, from, to }) => {
      if (node.firstChild !== null || from < end) return;
      add('word', end, from);
      add(DIMMED.has(name) ? 'name' : PLAIN.has(name) ? 'word' : 'operator', from, to);
      end = Math.max(end, to);
    },
  });
  add('word', end, text.length);
  return tokens;
}
