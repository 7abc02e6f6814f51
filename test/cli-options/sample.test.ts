import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSample, type Sample } from '../../cli/sample/sample.ts';
import { CriParser, STREAM_NAMES } from '../../shared/cri.ts';
import { Random } from '../corpus/random.ts';

const NOW_MS = Date.UTC(2026, 10, 23, 15, 1, 12);

interface Line {
  readonly folder: string;
  readonly stream: string;
  readonly timeMs: number;
  readonly text: string;
  readonly partCount: number;
}

let sample: Sample;
let lines: Line[];
let names: string[];
beforeAll(() => {
  const random = new Random(7);
  sample = startSample({ random: () => random.unit(), now: () => NOW_MS });
  const files = readdirSync(sample.podsDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  names = files.map(({ name }) => name);
  lines = files.flatMap(({ parentPath, name }) => readLog(parentPath, name));
});
afterAll(() => {
  sample.stop();
  expect(existsSync(sample.podsDir)).toBe(false);
});

/** Every fragment must parse; parts are joined. */
function readLog(folder: string, name: string): Line[] {
  const stored = readFileSync(join(folder, name));
  const bytes = name.endsWith('.gz') ? gunzipSync(stored) : stored;
  const parser = new CriParser();
  const found: Line[] = [];
  let text = '';
  let partCount = 0;
  for (let at = 0, end = 0; at < bytes.length; at = end + 1) {
    end = bytes.indexOf(0x0a, at);
    if (!parser.parse(bytes, at, end))
      throw new Error(`no CRI: ${bytes.toString('utf8', at, Math.min(end, at + 100))}`);
    text += bytes.toString('utf8', parser.messageStart, end);
    partCount++;
    if (parser.partial) continue;
    const timeMs = parser.day * 86_400_000 + parser.timeNs / 1e6;
    found.push({ folder, stream: STREAM_NAMES[parser.stream], timeMs, text, partCount });
    text = '';
    partCount = 0;
  }
  return found;
}

test('an hour of history, each pod in time order, nothing from the future', () => {
  expect(lines.length).toBeGreaterThan(10_000);
  const times = lines.map(({ timeMs }) => timeMs);
  expect(Math.min(...times)).toBeLessThan(NOW_MS - 3_590_000);
  expect(Math.max(...times)).toBeLessThanOrEqual(NOW_MS);
  expect(new Set(lines.map(({ folder }) => basename(folder)))).toEqual(
    new Set(['gateway', 'api', 'payments', 'worker', 'local-path-provisioner']),
  );
});

test('rotation by rename, older files compressed', () => {
  const shapes = new Set(names.map((name) => name.replace(/\d{8}-\d{6}/, 'TIME')));
  expect(shapes).toEqual(new Set(['0.log', '0.log.TIME', '0.log.TIME.gz', '1.log']));
});

test('a container crashes and is started again, which begins a file of its own', () => {
  const files = readdirSync(sample.podsDir, { recursive: true, encoding: 'utf8' });
  const [restarted, ...others] = files.filter((path) => path.endsWith('/1.log'));
  expect(others).toEqual([]);
  const folder = join(sample.podsDir, dirname(restarted!));
  expect(readLog(folder, '0.log').at(-1)!.text).toContain('"level":"fatal"');
  expect(readLog(folder, '1.log')[0]!.text).toContain('worker started');
});

test('lines of all kinds: parts, stderr, klog, errors', () => {
  const long = lines.filter(({ partCount }) => partCount > 1);
  expect(long.length).toBeGreaterThan(0);
  for (const { text } of long) JSON.parse(text);
  expect(lines.some(({ stream, text }) => stream === 'stderr' && text.startsWith('{"level":"error"'))).toBe(true);
  expect(lines.some(({ text }) => /^I1123 \d\d:/.test(text))).toBe(true);
  expect(lines.filter(({ text }) => text.includes('"level":"error"')).length).toBeGreaterThan(50);
});

test('the printed request passed through four pods, the printed user is there', () => {
  const pods = lines.filter(({ text }) => text.includes(sample.requestId)).map(({ folder }) => basename(folder));
  expect(new Set(pods)).toEqual(new Set(['gateway', 'api', 'payments', 'worker']));
  expect(lines.filter(({ text }) => text.includes(`"user_id":${sample.userId},`)).length).toBeGreaterThan(500);
});
