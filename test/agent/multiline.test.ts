/** Lines that belong together are one entry, whatever happens between them; lines that do not, are not. */
import { appendFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { PendingLine } from '../../agent/files/pending-line.ts';
import { createChain } from '../../agent/files/chain.ts';
import { isLineDue } from '../../agent/files/file-lifecycle.ts';
import { ENTRY_IDLE_MS_MAX, ENTRY_LINES_MAX, LINE_BYTES_MAX, LONE_LINE_MS_MAX } from '../../agent/limits.ts';
import type { Multiline } from '../../agent/rules/multiline.ts';
import { createAllowance } from '../../agent/files/allowance.ts';
import { StartPattern } from '../../agent/rules/start-pattern.ts';
import { TraceRules } from '../../agent/rules/trace-rules.ts';
import { FLAG_PARTIAL, FLAG_TRUNCATED, FLAG_UNPARSED } from '../../shared/row-group/format.ts';
import { formatInstant } from '../../shared/time.ts';
import { Random } from '../corpus/random.ts';
import { endPodlog } from '../e2e/podlog.ts';
import { loseAnswers, runBriefly, startProcess } from './kills.ts';
import { cri, criLines, LIVE, rotated, until, worldOfEachTest } from './pods.ts';
import { decodeLines } from './sink.ts';
import { AFTER_TEXT, TRACES } from './traces.ts';

const world = worldOfEachTest();

const OLD = rotated(0);
const JSON_LINE = '{"level":"info"}';
const TRACE = 'java.lang.IllegalStateException: boom\n\tat a.B.c(B.java:1)\n\tat a.B.d(B.java:2)';

const ACCESS_LOG_LINE = '10.0.0.1 - - [01/Jan/2026:10:00:00 +0000] "GET / HTTP/1.1" 500 12 "-" "curl/8"';

/** CRI lines for text of several lines. */
const lines = (text: string, stream = 'stdout'): string =>
  text
    .split('\n')
    .map((line) => cri(line, 'F', stream))
    .join('');
const start = (multiline: Multiline = { kind: 'traces' }) => world.start({ multiline });

describe('what is joined', () => {
  test.each(TRACES)('%s', async (_, text) => {
    const before = 'GET / 200';
    world.live(criLines([before]) + lines(text) + criLines([JSON_LINE]) + lines(text) + criLines(['done', JSON_LINE]));
    await start();
    await world.expectLines([before, text, JSON_LINE, text, 'done', JSON_LINE]);
    expect(world.sink.lines.map(({ flags }) => flags)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test.each([
    ['lines of text', ['one', 'two', '', 'three']],
    ['indented text', ['usage:', '  --help', '\tat', 'at home', ' ']],
    ['JSON objects between frames', [TRACE.split('\n')[0]!, JSON_LINE, '\tat a.B.c(B.java:1)', JSON_LINE]],
    ['two panics', ['panic: one', 'panic: two', 'main done']],
    ['names that are no exceptions', ['ready', 'java.util.List: 1', 'Error: x', 'a.b.Errors: 2', 'a.Exception(1)']],
    [
      'two tracebacks',
      ['Traceback (most recent call last):\n  File\nE: 1', 'Traceback (most recent call last):\n  F\nE: 2'],
    ],
    ['what only begins like a goroutine', ['text', 'goroutine leak', 'goroutine 7 is slow:']],
    [
      'what only begins like an entry of .NET',
      ['info: ready', '  a', 'info: a[b]', '  a', 'note: a[1]', '  a', '[1]', '  a'],
    ],
    ['what only looks like a frame of Ruby', ["ERROR: a:in 'b'", "x:in 'y'", 'ERROR: a', "x:1:in y'", "\tfrom 'x'"]],
    [
      'a word in parentheses after an exception',
      ['ERROR: x', 'a.Exception (no: thing)', 'a.Exception (1) x', 'a.Exception ()'],
    ],
  ])('not: %s', async (_, entries) => {
    world.live(lines(entries.join('\n')) + criLines([JSON_LINE]));
    await start();
    await world.expectLines([...entries, JSON_LINE]);
  });

  test.each(AFTER_TEXT)('after a line of text: %s', async (_, takesLogged, text) => {
    const unlogged = ['GET / 200', 'listening on 8080', ACCESS_LOG_LINE, 'System.Text: 1', 'TypeError: boom'];
    const logged = [
      '2026-01-01 10:00:00,123 ERROR [http-1] c.e.shop.Orders - cannot store order 17',
      '2026/01/01 10:00:00 cannot store order 17',
      'ERROR:shop:cannot store order 17',
      'SEVERE: cannot store order 17',
      '[10:00:00 INF] cannot store order 17',
      'time=2026-01-01T10:00:00Z level=error msg="cannot store order 17"',
      'E0101 10:00:00.000000       1 orders.go:79] cannot store order 17',
    ];
    const all = [...unlogged, ...logged];
    world.live(lines(all.flatMap((before) => [before, text, JSON_LINE]).join('\n')));
    await start();
    await world.expectLines([
      ...unlogged.flatMap((before) => [before, text, JSON_LINE]),
      ...logged.flatMap((before) => (takesLogged ? [`${before}\n${text}`, JSON_LINE] : [before, text, JSON_LINE])),
    ]);
  });

  test('the time is the first line’s', async () => {
    const text = lines(TRACE);
    world.live(text + cri(JSON_LINE));
    await start();
    await world.expectLines([TRACE, JSON_LINE]);
    expect(formatInstant(world.sink.lines[0]!.instant)).toBe(text.split(' ')[0]);
  });

  test('stdout and stderr apart, and neither waits for the other', async () => {
    const [head, ...frames] = TRACE.split('\n');
    world.live(cri(head!) + cri(head!, 'F', 'stderr'));
    for (const frame of frames) world.live(cri(frame, 'F', 'stderr') + cri(frame));
    world.live(cri(JSON_LINE, 'F', 'stderr'));
    await start();
    await world.expectLines([TRACE, JSON_LINE], 'stderr');
    expect(world.sink.texts('stdout')).toEqual([]);
    await world.expectLines([TRACE], 'stdout');
  });

  test('lines that the runtime has split; a split JSON object stands alone', async () => {
    world.live(lines('java.lang.Error: x') + cri('\tat a.', 'P') + cri('B.c(B.java:1)'));
    world.live(cri('{"a":', 'P') + cri('1}') + cri('\tat a.B.d(B.java:2)') + cri(JSON_LINE));
    await start();
    await world.expectLines(['java.lang.Error: x\n\tat a.B.c(B.java:1)', '{"a":1}', '\tat a.B.d(B.java:2)', JSON_LINE]);
  });

  test('not: when it is off', async () => {
    world.live(lines(TRACE));
    await start({ kind: 'off' });
    await world.expectLines(TRACE.split('\n'));
  });
});

describe('a start pattern', () => {
  test('begins entries; what comes before the first is one, too', async () => {
    const entries = ['  the rest', '2026-01-01 a\nb\n\n2027: c', '2026-01-02 é\nTraceback (most recent call last):\nx'];
    const bytes = entries.map((text) => Buffer.from(text).toString('latin1'));
    world.live(lines(bytes.join('\n')) + criLines([JSON_LINE]) + lines(bytes[1]!) + criLines([JSON_LINE]));
    await start({ kind: 'start', pattern: '^\\d{4}-\\d{2}-\\d{2} [aé]' });
    await world.expectLines([...bytes, JSON_LINE, bytes[1]!, JSON_LINE]);
  });

  test('joins what begins like a JSON object and is none, and nothing to one', async () => {
    const pretty = '{\n  "level": "error",\n  "list": [\n    {\n      "a": 1\n    }\n  ]\n}';
    const small = '{ "a": {\n  "b": 1 } }';
    world.live(lines([pretty, small, JSON_LINE, pretty].join('\n')) + cri('{"a":', 'P') + cri('1}') + lines(small));
    await start({ kind: 'start', pattern: '^\\{' });
    await world.expectLines([pretty, small, JSON_LINE, pretty, '{"a":1}', small]);
  });

  test.each(['(a|a)*$', '(a+)+$', '(a*)*(a*)*(a*)*x'])('%s ends in time on what makes others backtrack', (pattern) => {
    const rules = new StartPattern(pattern);
    const line = Buffer.from(`${'a'.repeat(100_000)}b`);
    for (let i = 0; i < 100; i++) rules.next(rules.begin(), line, 0, line.length);
  });
});

describe('bounds', () => {
  const head = 'java.lang.Error: x';

  test('of lines', async () => {
    const frames = Array.from({ length: 2 * ENTRY_LINES_MAX + 9 }, (_, i) => `\tat a.B.c(B.java:${i})`);
    const all = [head, ...frames];
    world.live(criLines([...all, JSON_LINE]));
    await start();
    const pieces = [0, 1, 2].map((i) => all.slice(i * ENTRY_LINES_MAX, (i + 1) * ENTRY_LINES_MAX).join('\n'));
    await world.expectLines([...pieces, JSON_LINE]);
    expect(world.sink.lines.map(({ flags }) => flags)).toEqual([FLAG_TRUNCATED, FLAG_TRUNCATED, 0, 0]);
  });

  test('of bytes', async () => {
    const frames = Array.from({ length: 150 }, (_, i) => `\tat a.B.c(${'x'.repeat(16_000)}:${i})`);
    world.live(criLines([head, ...frames, JSON_LINE]));
    await start();
    await until(
      () => world.sink.lines.at(-1)?.text === JSON_LINE,
      () => 'the end is missing',
    );
    const pieces = world.sink.lines.slice(0, -1);
    expect(pieces.map(({ text }) => text).join('\n')).toBe([head, ...frames].join('\n'));
    expect(Math.max(...pieces.map(({ text }) => text.length))).toBeLessThanOrEqual(LINE_BYTES_MAX);
    expect(pieces.map(({ flags }) => flags)).toEqual([FLAG_TRUNCATED, FLAG_TRUNCATED, 0]);
  });

  test('of time: a silence ends an entry, and one that never falls silent is cut', async () => {
    const at = (ms: number, text: string): string =>
      `${new Date(Date.UTC(2026, 0, 1) + ms).toISOString()} stdout F ${text}\n`;
    const frames = Array.from({ length: 8 }, (_, i) => `\tat a.B.c(B.java:${i})`);
    world.live(at(0, head) + at(1001, frames[0]!) + at(2000, head));
    for (const [i, frame] of frames.entries()) world.live(at(2000 + (i + 1) * 900, frame));
    world.live(at(10_000, JSON_LINE));
    await start();
    await world.expectLines([
      head,
      frames[0]!,
      [head, ...frames.slice(0, 5)].join('\n'),
      frames.slice(5).join('\n'),
      JSON_LINE,
    ]);
    expect(world.sink.lines.map(({ flags }) => flags)).toEqual([0, 0, FLAG_TRUNCATED, 0, 0]);
  });

  test.each([
    ['text', 'text', LONE_LINE_MS_MAX],
    ['an exception', head, ENTRY_IDLE_MS_MAX],
    ['a panic', 'panic: x', ENTRY_IDLE_MS_MAX],
    ['a traceback', 'Traceback (most recent call last):', ENTRY_IDLE_MS_MAX],
  ])('of waiting, by the clock: %s', (_, text, wantMs) => {
    const rules = new TraceRules();
    const idleMsMax = rules.idleMsMax(rules.begin(Buffer.from(text), 0, text.length));
    const chain = createChain('uid', 0, { namespace: '', pod: '', container: '', node: '' }, createAllowance());
    chain.files.push({ fd: -1, onDisk: true } as PendingLine['file']);
    const line = { isOpen: false, idleMsMax, touchedMs: 5_000 } as PendingLine;
    const isDue = (nowMs: number, isOpen = false): boolean =>
      isLineDue(chain, { ...line, isOpen }, nowMs, {
        graceMs: 10_000,
        unlinkedGraceMs: 10_000,
        pendingIdleMsMax: 30_000,
      });
    expect([isDue(5_000 + wantMs - 1), isDue(5_000 + wantMs)]).toEqual([false, true]);
    expect([isDue(34_999, true), isDue(35_000, true)]).toEqual([false, true]);
  });
});

describe('whatever happens in between', () => {
  test('pauses: each line is a write of its own, and is read before the next', async () => {
    await start();
    for (const line of TRACE.split('\n')) {
      world.live(cri(line));
      await world.unmoved('read_bytes_total');
    }
    expect(world.sink.lines).toEqual([]);
    await world.expectLines([TRACE]);
    world.live(cri('alone'));
    await world.expectLines([TRACE, 'alone']);
  });

  test.each([
    ['a rotation', false, false],
    ['a rotation and a restart', true, false],
    ['a rotation, gzip and a restart', true, true],
  ])('%s', async (_, restarts, compresses) => {
    const [head, first, second] = TRACE.split('\n') as [string, string, string];
    world.live(criLines([JSON_LINE, head, first]));
    await start();
    await world.expectLines([JSON_LINE]);
    if (restarts) await world.stop();
    world.rename(world.path(LIVE), world.path(OLD));
    if (compresses) world.gzip(world.path(OLD));
    world.live(criLines([second, JSON_LINE]));
    if (restarts) await start();
    await world.expectLines([JSON_LINE, TRACE, JSON_LINE]);
    await world.settled();
    expect(world.sink.lines).toHaveLength(3);
    // Both files are acknowledged to their ends.
    expect([...world.sink.positions.values()].map(({ stdout }) => stdout > 0)).toEqual([true, true]);
  });

  test.each([0, 1000])(
    'a restart that may drain for %i ms: the position is held back, and the entry is whole',
    async (ms) => {
      const [head, first, second] = TRACE.split('\n') as [string, string, string];
      const before = cri(JSON_LINE);
      world.live(before + criLines([head, first]) + cri('{"e":1}', 'F', 'stderr'));
      await start();
      await world.expectLines([JSON_LINE], 'stdout');
      await world.expectLines(['{"e":1}'], 'stderr');
      await world.stop(ms);
      expect([...world.sink.positions.values()][0]).toMatchObject({ stdout: before.length });
      world.live(criLines([second]));
      await start();
      await world.expectLines([JSON_LINE, TRACE], 'stdout');
      await world.settled();
      expect(world.sink.lines).toHaveLength(3);
    },
  );

  test.each([
    ['is restarted', () => world.write(world.path('1.log'), cri(JSON_LINE))],
    ['is deleted', () => world.remove(`${world.podsDir}/ns_pod_uid`)],
  ])('the container %s', async (_, end) => {
    world.live(cri(JSON_LINE) + lines(TRACE));
    await start();
    await world.expectLines([JSON_LINE]);
    end();
    await until(
      () => world.sink.texts().includes(TRACE),
      () => 'the last words are missing',
    );
  });

  test('a line without a newline is the entry’s last, and says so', async () => {
    world.live(cri(JSON_LINE) + lines(TRACE).slice(0, -1));
    await start();
    await world.expectLines([JSON_LINE]);
    world.remove(`${world.podsDir}/ns_pod_uid`);
    await until(
      () => world.sink.lines.length > 1,
      () => 'the last words are missing',
    );
    expect(world.sink.texts().slice(1).join('\n')).toBe(TRACE);
    expect(world.sink.lines.at(-1)!.flags).toBe(FLAG_PARTIAL);
  });

  test('a line that is not CRI ends the entry', async () => {
    world.live(`${lines(TRACE)}garbage\n${lines('\tat a.B.e(B.java:3)')}${cri(JSON_LINE)}`);
    await start();
    await world.expectLines([TRACE, 'garbage', '\tat a.B.e(B.java:3)', JSON_LINE]);
    expect(world.sink.lines.map(({ flags }) => flags)).toEqual([0, FLAG_UNPARSED, 0, 0]);
  });

  test('a server that refuses an entry: it is given up alone, and its neighbours come whole', async () => {
    const traces = [1, 2, 3, 4].map((n) => TRACE.replace('boom', String(n)));
    const poison = TRACE.replace('boom', 'poison');
    world.live(
      traces
        .slice(0, 2)
        .map((text) => lines(text))
        .join('') +
        cri(JSON_LINE) +
        lines(poison) +
        cri(JSON_LINE),
    );
    world.live(
      traces
        .slice(2)
        .map((text) => lines(text))
        .join('') + cri(JSON_LINE),
    );
    world.sink.fault = ({ rowGroup }) => {
      const isRefused = rowGroup.length > 0 && decodeLines(rowGroup).some(({ text }) => text.includes('poison'));
      return isRefused ? { status: 400 } : undefined;
    };
    await start();
    const marker = `podlog: ${poison.length} bytes of 0.log were lost: the server refuses them`;
    const want = [...traces.slice(0, 2), JSON_LINE, marker, JSON_LINE, ...traces.slice(2), JSON_LINE];
    await world.expectLines(want);
  });

  test('a line that comes late to an older file leaves the entry in the newer one alone', async () => {
    world.live(criLines(['before', JSON_LINE]));
    await start();
    await world.expectLines(['before', JSON_LINE]);
    world.rename(world.path(LIVE), world.path(OLD));
    world.live(cri(JSON_LINE) + cri(TRACE.split('\n')[0]!));
    await world.expectLines(['before', JSON_LINE, JSON_LINE]);
    world.write(world.path(OLD), cri('late'));
    await world.expectLines(['before', JSON_LINE, JSON_LINE, 'late']);
    world.live(criLines([...TRACE.split('\n').slice(1), JSON_LINE]));
    await world.expectLines(['before', JSON_LINE, JSON_LINE, 'late', TRACE, JSON_LINE]);
  });
});

/** Entries of every kind, each unlike all others, and the lines that they consist of. */
class Workload {
  readonly entries: string[] = [];
  readonly #random: Random;
  #waiting: string[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** The next lines, as they would stand in a log file; an entry may be cut anywhere between them. */
  next(count: number): string {
    while (this.#waiting.length < count) this.#add();
    return criLines(this.#waiting.splice(0, count));
  }

  rest(): string {
    return criLines(this.#waiting.splice(0));
  }

  #add(): void {
    const n = this.entries.length;
    const frames = Array.from({ length: 1 + this.#random.below(9) }, (_, i) => `\tat a.B.c${n}(B.java:${i})`);
    const kinds = [
      [`{"n":${n}}`],
      [`java.lang.Error: ${n}`, ...frames, `Caused by: a.CException: ${n}`, ...frames],
      [`panic: ${n}`, '', 'goroutine 1 [running]:', `main.f${n}()`, ...frames],
      ['Traceback (most recent call last):', `  File "${n}.py", line 1`, `ValueError: ${n}`],
    ];
    const entry = kinds[this.#random.below(kinds.length)]!;
    this.entries.push(entry.join('\n'));
    this.#waiting.push(...entry);
  }
}

test('killed sixty times at random moments, with rotations and lost answers: each entry comes once and whole', async () => {
  const seed = Number(process.env['FUZZ_SEED'] ?? 1);
  const random = new Random(seed);
  const work = new Workload(seed);
  loseAnswers(world, random);
  for (let run = 0; run < 60; run++) {
    world.live(work.next(1 + random.below(400)));
    await runBriefly(world, random, { multiline: { kind: 'traces' } });
    if (run % 5 !== 4) continue;
    world.rename(world.path(LIVE), world.path(rotated(run)));
    if (run > 5) world.gzip(world.path(rotated(run - 5)));
  }
  world.live(work.rest());
  await start();
  await world.expectLines(work.entries);
  await world.settled();
  expect(world.sink.lines).toHaveLength(work.entries.length);
});

test('kill -9 of the process under load: each entry comes once and whole', async () => {
  const work = new Workload(1);
  world.live(work.next(1));
  const timer = setInterval(() => appendFileSync(world.path(LIVE), work.next(100)), 5);
  onTestFinished(() => clearInterval(timer));
  for (let run = 0; run < 4; run++) {
    const agent = startProcess(world);
    const want = world.sink.lines.length + 500;
    await until(
      () => world.sink.lines.length >= want,
      () => 'nothing arrives',
    );
    expect(await endPodlog(agent, 'SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
  }
  clearInterval(timer);
  world.live(work.rest());
  await start();
  await world.expectLines(work.entries);
  await world.settled();
  expect(world.sink.lines).toHaveLength(work.entries.length);
});
