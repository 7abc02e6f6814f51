/**
 * The colours of a terminal in a text: those that its program wrote, of which the 16 common ones are kept, as data. All other
 * escape sequences are dropped, so that a line cannot do anything to a terminal.
 */
import { oneLine } from './one-line.ts';
import type { Run } from './segment.ts';

const ESCAPE = '\u001b';
// Sequences with a final byte; strings such as titles and links, up to their end; and all others.
const SEQUENCE =
  // oxlint-disable-next-line no-control-regex -- these are the characters in question
  /\u001b(?:\[([0-?]*)[ -/]*([@-~])?|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~]?)/g;

export function withoutEscapes(text: string): string {
  return text.includes(ESCAPE) ? text.replace(SEQUENCE, '') : text;
}

/** Returns the text in runs of one colour; undefined where it has no colours. */
export function runsOf(text: string): Run[] | undefined {
  if (!text.includes(ESCAPE)) return undefined;
  const runs: Run[] = [];
  let color: number | undefined;
  let from = 0;
  const add = (to: number): void => {
    const run = oneLine(text.slice(from, to));
    if (run !== '') runs.push({ text: run, color });
  };
  for (const match of text.matchAll(SEQUENCE)) {
    add(match.index);
    if (match[2] === 'm') color = colorAfter(match[1]!, color);
    from = match.index + match[0].length;
  }
  add(text.length);
  return runs.some((run) => run.color !== undefined) ? runs : undefined;
}

/** @param parameters  numbers between semicolons */
function colorAfter(parameters: string, before: number | undefined): number | undefined {
  let color = before;
  const codes = parameters.split(/[;:]/).map(Number);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    if (code === 38 || code === 48) {
      const isIndexed = codes[i + 1] === 5;
      if (code === 38) color = isIndexed && codes[i + 2]! < 16 ? codes[i + 2] : undefined;
      i += isIndexed ? 2 : 4;
    } else if (code === 0 || code === 39) color = undefined;
    else if (code >= 30 && code <= 37) color = code - 30;
    else if (code >= 90 && code <= 97) color = code - 90 + 8;
  }
  return color;
}
