import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { CriParser, STREAM_NAMES } from '../../shared/cri.ts';
import { formatTime } from '../../shared/time.ts';
import { Corpus, CORPUS_LINE_BYTES_MAX, type CorpusOptions } from './corpus.ts';
import { putFraction, putThousandths, putUint } from './text.ts';
import { writeTree } from './tree.ts';

const LINE_COUNT = 50_000;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;
const folder = mkdtempSync(join(tmpdir(), 'podlog-corpus-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Row {
  readonly stream: number;
  readonly time: string;
  readonly line: string;
}

function rowsOf(count: number, options: CorpusOptions = {}): Row[] {
  const corpus = new Corpus(options);
  const buffer = Buffer.alloc(CORPUS_LINE_BYTES_MAX);
  return Array.from({ length: count }, () => {
    const line = buffer.toString('utf8', 0, corpus.nextLine(buffer, 0));
    return { stream: corpus.stream, time: formatTime(corpus.day, corpus.timeNs), line };
  });
}

const rows = rowsOf(LINE_COUNT);
const requests = rows.filter(({ line }) => line.includes('"method"'));

test('a seed fixes every byte', () => {
  expect(rowsOf(1000)).toEqual(rows.slice(0, 1000));
  expect(rowsOf(10, { seed: 2 })).not.toEqual(rows.slice(0, 10));
});

test.each([
  ['request', /^\{"level":"(info|warn|error)","method"/, 0.7],
  ['debug', /^\{"level":"debug"/, 0.15],
  ['job', /^\{"level":"info","job"/, 0.1],
  ['error', /^\{"level":"error","error":\{/, 0.03],
  ['klog', /^[IWE]\d{4} \d\d:\d\d:\d\d\.\d{6} {7}1 /, 0.02],
])('%s lines have their share', (_kind, pattern, share) => {
  const count = rows.filter(({ line }) => pattern.test(line)).length;
  expect(count / LINE_COUNT).toBeGreaterThan(share - 0.01);
  expect(count / LINE_COUNT).toBeLessThan(share + 0.01);
});

test('a line is 257 bytes on disk and every line but klog is JSON', () => {
  const corpus = new Corpus();
  const buffer = Buffer.alloc(CORPUS_LINE_BYTES_MAX);
  let sizeBytes = 0;
  for (let i = 0; i < LINE_COUNT; i++) sizeBytes += corpus.nextFragment(buffer, 0);
  expect(Math.round(sizeBytes / LINE_COUNT)).toBe(257);
  for (const { line } of rows) if (line.startsWith('{')) JSON.parse(line);
});

test('UUIDs: 0.83 new and 0.08 repeated a line', () => {
  const all = rows.flatMap(({ line }) => line.match(UUID) ?? []);
  expect(new Set(all).size / LINE_COUNT).toBeCloseTo(0.83, 1);
  expect(all.length / LINE_COUNT).toBeCloseTo(0.91, 1);
});

test('users follow Zipf, and their ids lie in their range', () => {
  const counts = new Map<number, number>();
  for (const { line } of requests) {
    const id = Number(/"user_id":(\d+)/.exec(line)![1]);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const busiest = new Corpus().userIdOf(0);
  expect(counts.get(busiest)! / requests.length).toBeCloseTo(0.064, 2);
  expect(counts.size).toBeGreaterThan(5_000);
  for (const id of counts.keys()) expect(id >= 10_000 && id < 60_000).toBe(true);
});

test('status, level and latency', () => {
  const pattern = /"level":"(\w+)".*"status":(\d+),"latency_ms":([\d.]+)/;
  const parsed = requests.map(({ line }) => pattern.exec(line)!.slice(1));
  const failed = parsed.filter(([, status]) => Number(status) >= 400);
  expect(failed.length / parsed.length).toBeCloseTo(0.065, 2);
  for (const [level, status] of parsed)
    expect(level).toBe(status! < '400' ? 'info' : status! < '500' ? 'warn' : 'error');
  const latencies = parsed.map(([, , latency]) => Number(latency)).toSorted((a, b) => a - b);
  expect(latencies[latencies.length >> 1]).toBeGreaterThan(4);
  expect(latencies[latencies.length >> 1]).toBeLessThan(12);
});

test('time goes strictly on at the given rate, over midnight too', () => {
  const late = rowsOf(2000, { startMs: Date.UTC(2026, 10, 2, 23, 59, 59), linesPerSecond: 1000 });
  for (let i = 1; i < late.length; i++) expect(late[i]!.time > late[i - 1]!.time).toBe(true);
  expect(late[0]!.time.slice(0, 10)).toBe('2026-11-02');
  expect(late.at(-1)!.time.slice(0, 16)).toBe('2026-11-03T00:00');
});

test('the tree: each pod its file, rotated ones renamed or compressed, no line lost', () => {
  const corpus = new Corpus({ podCount: 3, linesPerSecond: 100 });
  const tree = writeTree(folder, corpus, { lineCount: 5_000, rotateBytes: 200_000 });
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const parser = new CriParser();
  let lineCount = 0;
  let sizeBytes = 0;
  for (const { parentPath, name } of files) {
    const stored = readFileSync(join(parentPath, name));
    const bytes = name.endsWith('.gz') ? gunzipSync(stored) : stored;
    sizeBytes += bytes.length;
    for (let at = 0, end = 0; at < bytes.length; at = end + 1, lineCount++) {
      end = bytes.indexOf(0x0a, at);
      expect(parser.parse(bytes, at, end)).toBe(true);
      expect(STREAM_NAMES[parser.stream]).toBe(parentPath.endsWith('controller') ? 'stderr' : 'stdout');
    }
  }
  expect({ lineCount, sizeBytes }).toEqual(tree);
  const names = files.map(({ name }) => name.replaceAll(/\d{8}-\d{6}/g, 'TIME'));
  expect(new Set(names)).toEqual(new Set(['0.log', '0.log.TIME', '0.log.TIME.gz']));
});

test('numbers are written as Go writes them', () => {
  const buffer = Buffer.alloc(64);
  const text = (end: number): string => buffer.toString('latin1', 0, end);
  for (const value of [0, 7, 10, 99, 12_345, 2_147_483_647])
    expect(text(putUint(buffer, 0, value))).toBe(String(value));
  for (const value of [0, 5, 50, 500, 12_000, 12_300, 12_345]) {
    expect(text(putThousandths(buffer, 0, value))).toBe(String(value / 1000));
  }
  expect(text(putFraction(buffer, 0, 904_509_480))).toBe('.90450948');
  expect(text(putFraction(buffer, 0, 0))).toBe('');
  expect(text(putFraction(buffer, 0, 1))).toBe('.000000001');
});
