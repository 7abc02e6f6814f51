/**
 * Declarative scripts of LogQL: what is loaded, what is asked, and what is expected. They are indented text; `#` begins a
 * comment.
 *
 *     load {app="api"}                     lines of a stream: when, after the beginning of a day, and the line
 *       0s    level=info msg=hi
 *       1s    with{trace_id="x"} text      with structured metadata
 *
 *     lines {app="api"} | logfmt           a query of a day, newest line first; `forward`, `limit 2`, `categorized` before it
 *       {app="api", level="info", msg="hi"} 0s level=info msg=hi
 *
 *     at 60s  rate({app="api"}[1m])        an instant
 *       {app="api"} 0.5
 *
 *     from 0s to 60s step 30s  …           a range; `_` where there is no point, `&` between several
 *       {app="api"} 0.1 _ 0.3
 *
 *     fails {app=}                         the message of the error, or its beginning with `…` at the end
 *       parse error at …
 */
import { parseGoDuration } from '../../../../server/query/logql/syntax/durations.ts';

export interface Load {
  readonly labels: Readonly<Record<string, string>>;
  readonly lines: readonly LoadedLine[];
}

export interface LoadedLine {
  readonly atNs: bigint;
  readonly text: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface Question {
  readonly line: number;
  readonly kind: 'lines' | 'at' | 'from' | 'fails';
  readonly query: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly isCategorized: boolean;
  readonly expected: readonly string[];
}

export interface Script {
  readonly loads: readonly Load[];
  readonly questions: readonly Question[];
}

/** 2026-11-23. */
export const DAY = 20_780;
const BEGIN_NS = BigInt(DAY) * 86_400_000_000_000n;

export function parseScript(text: string): Script {
  const loads: Load[] = [];
  const questions: Question[] = [];
  for (const { head, body, line } of blocksOf(text)) {
    if (head.startsWith('load ')) loads.push({ labels: labelsOf(head.slice(5)), lines: body.map(lineOf) });
    else questions.push(questionOf(head, body, line));
  }
  return { loads, questions };
}

function blocksOf(text: string): { head: string; body: string[]; line: number }[] {
  const blocks: { head: string; body: string[]; line: number }[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (!line.startsWith('  ')) blocks.push({ head: line.trim(), body: [], line: i + 1 });
    else blocks.at(-1)!.body.push(line.slice(2));
  }
  return blocks;
}

function labelsOf(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!]));
}

function lineOf(text: string): LoadedLine {
  const [, at, metadata = '', line] = /^(\S+) +(?:with(\{[^}]*\}) +)?(.*)$/.exec(text)!;
  const isQuoted = line!.startsWith('"') && line!.endsWith('"') && line!.includes('\\');
  return { atNs: nsOf(at!), text: isQuoted ? (JSON.parse(line!) as string) : line!, metadata: labelsOf(metadata) };
}

export function nsOf(text: string): bigint {
  const ns = parseGoDuration(text);
  if (ns === undefined) throw new Error(`BUG: not a duration: ${text}`);
  return ns;
}

function time(text: string): string {
  return String(BEGIN_NS + nsOf(text));
}

function questionOf(head: string, expected: readonly string[], line: number): Question {
  const base = { line, expected, isCategorized: false };
  const day = { start: time('0s'), end: time('24h') };
  const fails = /^fails +(.*)$/.exec(head);
  if (fails !== null) return { ...base, kind: 'fails', query: fails[1]!, parameters: { ...day, step: '3600' } };
  const at = /^at (\S+) +(.*)$/.exec(head);
  if (at !== null) return { ...base, kind: 'at', query: at[2]!, parameters: { time: time(at[1]!) } };
  const from = /^from (\S+) to (\S+) step (\S+) +(.*)$/.exec(head);
  if (from !== null) {
    const parameters = { start: time(from[1]!), end: time(from[2]!), step: from[3]! };
    return { ...base, kind: 'from', query: from[4]!, parameters };
  }
  const lines = /^((?:forward|categorized|limit \d+)\s+)*lines +(.*)$/.exec(head);
  if (lines === null) throw new Error(`BUG: line ${line} of a script is not understood: ${head}`);
  const options = head.slice(0, head.indexOf('lines '));
  const limit = /limit (\d+)/.exec(options)?.[1];
  return {
    ...base,
    kind: 'lines',
    query: lines[2]!,
    parameters: { ...day, ...(options.includes('forward') && { direction: 'forward' }), ...(limit && { limit }) },
    isCategorized: options.includes('categorized'),
  };
}

/** Returns the time of an answer as a script has it. */
export function sinceBegin(ns: string): string {
  const distance = BigInt(ns) - BEGIN_NS;
  const seconds = Number(distance) / 1e9;
  return `${seconds}s`;
}
