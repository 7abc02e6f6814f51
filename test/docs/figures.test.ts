/** The figures in README and in the manifests' README are those of docs/benchmarks.md. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const [SMALL = '', LARGE = ''] = readFileSync('docs/benchmarks.md', 'utf8').split('<!-- bench --large: begin');

/** README rounds. */
const SHARE_OFF_MAX = 0.05;

/** The figure of a row of a table of the bench, in its own unit. */
function figureOf(table: string, name: string): number {
  const row = table.split('\n').find((line) => line.startsWith(`${name}  `));
  return Number(/ {2}([\d,.]+)(?: |$)/.exec(row ?? '')?.[1]?.replaceAll(',', ''));
}

function cellsOf(path: string, firstCell: string): string[] {
  const row = readFileSync(path, 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`| ${firstCell}`));
  return row!.split('|').map((cell) => cell.trim());
}

/** Numbers of a cell in the bench's units: milliseconds, lines, MB. */
function numbersOf(cell: string): number[] {
  return [...cell.matchAll(/([\d.]+) ?(M lines\/s|s\b|cores)?/g)].map(
    ([, number, unit]) => Number(number) * ({ 'M lines/s': 1e6, s: 1e3, cores: 100 }[unit ?? ''] ?? 1),
  );
}

test.each<[row: string, small: readonly string[], large?: readonly string[]]>([
  ['size on disk', ['store: size'], ['store: size']],
  ['intake', ['server, batches: acknowledged a second'], ['server, batches: acknowledged a second']],
  ['one request among', ['query, one request_id: p50'], ['query, one request_id: p50']],
  ['a text that does not', ['query, a text that is not there: p50'], ['query, a text that is not there: p50']],
  ['count by level', ['query, count by level: p50'], ['query, count by level: p50']],
  ['from the container', ['freshness, 20,000 lines a second: p50']],
  ['agent at 50 MB/s', ['flood, 50 MB/s: agent of a core', "flood, 50 MB/s: agent's peak memory"]],
  ['server under queries', ['server, queries: peak memory'], ['server, queries: peak memory']],
])('README: %s', (row, small, large = []) => {
  const [, , ofSmall = '', ofLarge = ''] = cellsOf('README.md', row);
  const wanted = [...small.map((name) => figureOf(SMALL, name)), ...large.map((name) => figureOf(LARGE, name))];
  const written = [...numbersOf(ofSmall).slice(0, small.length), ...numbersOf(ofLarge)];
  expect(written.length).toBe(wanted.length);
  for (const [i, figure] of written.entries()) {
    expect(Math.abs(figure / wanted[i]! - 1), `${figure} for ${wanted[i]}`).toBeLessThan(SHARE_OFF_MAX);
  }
});

test.each([
  ['server', SMALL, 'server, 20 long answers: peak memory'],
  ['agent, each node', SMALL, "flood, 50 MB/s: agent's peak memory"],
])('manifests/README.md: memory of the %s', (row, table, name) => {
  const cell = cellsOf('manifests/README.md', `${row} `).find((each) => each.includes(name));
  expect(numbersOf(cell!)[0]).toBe(figureOf(table, name));
});

/** Millicores of the manifests as a share of a core. */
const SERVER_CORES = 0.1;
const AGENT_CORES = 0.05;
const FLOOD_MB_PER_SECOND = 50;

test.each([
  [
    /by `server, batches: a CPU-second, compaction included`, 100 m are ([\d,]+) lines a second/,
    SERVER_CORES * figureOf(SMALL, 'server, batches: a CPU-second, compaction included'),
  ],
  [
    /by `flood, 50 MB\/s: agent of a core`, 50 m are ([\d.]+) MB of logs a second/,
    (AGENT_CORES * FLOOD_MB_PER_SECOND) / (figureOf(SMALL, 'flood, 50 MB/s: agent of a core') / 100),
  ],
])('manifests/README.md: what a CPU request is enough for: %s', (sentence, wanted) => {
  const text = readFileSync('manifests/README.md', 'utf8').replaceAll(/\s+/g, ' ');
  const written = Number(sentence.exec(text)![1]!.replaceAll(',', ''));
  expect(Math.abs(written / wanted - 1), `${written} for ${wanted}`).toBeLessThan(SHARE_OFF_MAX);
});

/** Names of the rows of a table that miss their targets. */
function missesOf(table: string): string[] {
  return [...table.matchAll(/^(\S.*?) {2,}.*✗$/gm)].map(([, name]) => name!);
}

test('docs/benchmarks.md: each figure that misses its target has a reason, and nothing else is said to miss one', () => {
  const [, reasons = ''] = LARGE.split('## Figures that miss their targets');
  expect(reasons).not.toBe('');
  const [ofThisVersion = '', ofAnEarlier = ''] = reasons.replaceAll(/\s+/g, ' ').split('of an earlier version only');
  const namesIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);
  const [small, large] = [missesOf(SMALL), missesOf(LARGE)];
  expect(small).not.toEqual([]);
  expect(namesIn(ofThisVersion).toSorted()).toEqual(small.toSorted());
  expect(namesIn(ofAnEarlier).toSorted()).toEqual(large.filter((name) => !small.includes(name)).toSorted());
});
