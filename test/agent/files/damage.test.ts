/**
 * Log files with damaged places: every whole record comes back as its own line, with its time; what is damaged is kept as
 * it is, or counted in a marker.
 */
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from '../../fast-check.ts';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgentMetrics } from '../../../agent/agent-metrics.ts';
import { BatchBuilder } from '../../../agent/send/batch-builder.ts';
import { createChain } from '../../../agent/files/chain.ts';
import { FileReader } from '../../../agent/lines/file-reader.ts';
import { BATCH_ROWS_MAX, LINE_BYTES_MAX, READ_BYTES } from '../../../agent/limits.ts';
import { identifyFile } from '../../../agent/files/identity.ts';
import { closeLogFile, openLogFile, rewindFile, type Offsets } from '../../../agent/files/log-file.ts';
import { LogOpener } from '../../../agent/files/log-opener.ts';
import { parseLogName } from '../../../agent/files/log-path.ts';
import { createAllowance } from '../../../agent/files/allowance.ts';
import { ReadyQueue } from '../../../agent/files/ready-queue.ts';
import { FLAG_PARTIAL, FLAG_UNPARSED } from '../../../shared/row-group/format.ts';
import { formatInstant } from '../../../shared/time.ts';
import { Random } from '../../corpus/random.ts';
import { cri, LIVE, rotated, timestamp, until, worldOfEachTest } from '../pods.ts';
import { decodeLines, type SunkLine } from '../sink.ts';

const log = pino({ level: 'silent' });
const NULS = '\0'.repeat(4096);

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'podlog-damage-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Reads a whole file as an agent does, and is killed as often as `dies` says: what it had not sent is read again. */
async function read(path: string, dies: () => boolean = () => false, rowsMax = BATCH_ROWS_MAX): Promise<SunkLine[]> {
  const lines: SunkLine[] = [];
  const batch = new BatchBuilder();
  batch.rowsMax = rowsMax;
  const ready = new ReadyQueue();
  const metrics = createAgentMetrics();
  let woken = Promise.withResolvers<void>();
  const start = (): FileReader => new FileReader({ batch, ready, metrics, log, wake: () => woken.resolve() });
  let reader = start();
  const labels = { namespace: 'ns', pod: 'pod', container: 'app', node: 'node' };
  const chain = createChain('uid', 0, labels, createAllowance());
  const opener = new LogOpener({ podsDir: directory, log });
  const file = openLogFile(path, parseLogName(path.slice(path.lastIndexOf('/') + 1))!, opener)!;
  chain.files.push(file);
  expect(identifyFile(chain, file, opener, true)).toBe(true);
  let acked: Offsets = [0, 0];
  const ship = (): void => {
    const closed = batch.close();
    if (closed === undefined) return;
    if (closed.rowGroup.length > 0) lines.push(...decodeLines(closed.rowGroup));
    acked = closed.ranges[0]!.to;
  };
  const isDone = (): boolean => file.reading.offset >= file.sizeBytes && (!file.log.gzip || file.gunzip.isEnded);
  for (;;) {
    woken = Promise.withResolvers();
    if (batch.isFull) ship();
    if (dies()) {
      ship();
      batch.discard();
      reader.dropPending(chain);
      reader = start();
      rewindFile(file, acked);
    }
    if (reader.read(chain, 0)) {
      if (ready.take() === undefined && file.log.gzip && !isDone()) await woken.promise;
      continue;
    }
    reader.flushPending(chain, () => isDone());
    if (isDone() && chain.pending.every((line) => line === undefined)) break;
    if (!isDone()) reader.readTail(chain, file, 0);
  }
  ship();
  closeLogFile(file);
  expect(acked).toEqual([file.sizeBytes, file.sizeBytes]);
  return lines;
}

/** As the file that is read, plain and compressed. */
async function readText(text: string, isGzip = false): Promise<SunkLine[]> {
  const bytes = Buffer.from(text, 'latin1');
  const path = join(directory, isGzip ? `${rotated(0)}.gz` : LIVE);
  writeFileSync(path, isGzip ? gzipSync(bytes) : bytes);
  return read(path);
}

const marker = (sizeBytes: number, name = LIVE): string =>
  `podlog: ${sizeBytes} bytes of ${name} were lost: the file holds only NUL bytes there, as after a power cut`;

/** Stands for one between those of the records around it. */
const T0 = '2025-12-31T03:04:05.123456780Z';
const T1 = '2026-01-02T03:04:05.123456781Z';
const T2 = '2026-01-02T03:04:05.123456782Z';
const T3 = '2026-01-02T03:04:05.123456783Z';
const RECORD = `${T3} stdout F whole\n`;
const UNPARSED = FLAG_UNPARSED;
const PARTIAL = FLAG_PARTIAL;

type Want = readonly [text: string, flags?: number, stream?: string];
const WHOLE: Want = ['whole'];

describe.each([false, true])('gzip: %s', (isGzip) => {
  const name = isGzip ? `${rotated(0)}.gz` : LIVE;
  const zeros = (sizeBytes: number): Want => [marker(sizeBytes, name), 0, 'podlog'];
  test.each<[what: string, file: string, ...want: Want[]]>([
    ['NULs at the start', NULS + RECORD, zeros(4096), WHOLE],
    ['a few NULs at the start', `\0\0\0${RECORD}`, ['\0\0\0', UNPARSED], WHOLE],
    ['NULs between records', `${T1} stdout F a\n${NULS}${RECORD}`, ['a'], zeros(4096), WHOLE],
    ['NULs in a line of their own', `${T1} stdout F a\n${NULS}\n${RECORD}`, ['a'], zeros(4096), WHOLE],
    ['NULs at the end', RECORD + NULS, WHOLE, zeros(4096)],
    ['nothing but NULs', NULS, zeros(4096)],
    ['NULs that follow a torn record', `${T1} stdout F ha${NULS}${RECORD}`, ['ha', PARTIAL], zeros(4096), WHOLE],
    ['NULs at the end, after a torn record', `${T1} stdout F ha${NULS}`, ['ha', PARTIAL], zeros(4096)],
    ['NULs after a torn time', `2026-01-02T03:0${NULS}${RECORD}`, ['2026-01-02T03:0', UNPARSED], zeros(4096), WHOLE],
    ['garbage after NULs', `${NULS}x y${RECORD}`, zeros(4096), ['x y', UNPARSED], WHOLE],
    [
      'garbage between NULs',
      `a${NULS}b${NULS}c${RECORD}`,
      ['a', UNPARSED],
      zeros(4096),
      ['b', UNPARSED],
      zeros(4096),
      ['c', UNPARSED],
      WHOLE,
    ],
    ['garbage', `\xff\x00garbage${RECORD}`, ['\xff\x00garbage', UNPARSED], WHOLE],
    ['the end of a record', `-02T03:04:05Z stdout F x${RECORD}`, ['-02T03:04:05Z stdout F x', UNPARSED], WHOLE],
    ['a torn time', `2026-01-02T03:04:${RECORD}`, ['2026-01-02T03:04:', UNPARSED], WHOLE],
    ['a torn stream', `${T1} stdo${RECORD}`, [`${T1} stdo`, UNPARSED], WHOLE],
    ['a torn tag', `${T1} stdout F${RECORD}`, [`${T1} stdout F`, UNPARSED], WHOLE],
    ['a record without a message', `${T1} stdout F ${RECORD}`, ['', PARTIAL], WHOLE],
    ['a torn text', `${T1} stdout F half of a te${RECORD}`, ['half of a te', PARTIAL], WHOLE],
    ['a torn text, in times of seconds', `2026-01-02T03:04:05Z stdout F te${RECORD}`, ['te', PARTIAL], WHOLE],
    [
      'a torn text before a record of whole seconds',
      '2026-01-02T03:04:05Z stdout F te2026-01-02T03:04:06Z stdout F next\n',
      ['te', PARTIAL],
      ['next'],
    ],
    ['two torn texts', `${T1} stdout F x${T2} stdout F y${RECORD}`, ['x', PARTIAL], ['y', PARTIAL], WHOLE],
    ['a torn object', `${T1} stdout F {"a":1,"b":"x${RECORD}`, ['{"a":1,"b":"x', PARTIAL], WHOLE],
    [
      'a torn object, then another',
      `${T1} stdout F {"a":1,"b":"x${T3} stdout F {"c":"d"}\n`,
      ['{"a":1,"b":"x', PARTIAL],
      ['{"c":"d"}'],
    ],
    [
      'torn objects of one shape',
      `${T0} stdout F {"a":"x${T1} stdout F {"a":"d"}\n${T2} stdout F {"a":"y${T3} stdout F {"a":"e"}\n`,
      ['{"a":"x', PARTIAL],
      ['{"a":"d"}'],
      ['{"a":"y', PARTIAL],
      ['{"a":"e"}'],
    ],
    ['garbage, then the other stream', `xyz${T1} stderr F e\n${RECORD}`, ['xyz', UNPARSED], ['e', 0, 'stderr'], WHOLE],
    [
      'NULs between P and F',
      `${T1} stdout P p\n${NULS}${T2} stdout F f\n${RECORD}`,
      ['p', PARTIAL],
      zeros(4096),
      ['f'],
      WHOLE,
    ],
    ['a torn F', `${T1} stdout P p\n${T2} stdout F f${RECORD}`, ['pf', PARTIAL], WHOLE],
    ['a torn P', `${T1} stdout P p${RECORD}`, ['p', PARTIAL], WHOLE],
    ['a P before garbage', `${T1} stderr P p\nxyz${RECORD}`, ['p', PARTIAL, 'stderr'], ['xyz', UNPARSED], WHOLE],
    ['an empty line', `\n${RECORD}`, ['', UNPARSED], WHOLE],
  ])('%s', async (_, file, ...want) => {
    const got = await readText(file, isGzip);
    expect(got.map(({ text, flags, stream }) => [text, flags, stream])).toEqual(
      want.map(([text, flags = 0, stream = 'stdout']) => [text, flags, stream]),
    );
    const whole = got.find(({ text }) => text === 'whole');
    if (whole !== undefined) expect(formatInstant(whole.instant)).toBe(T3);
  });
});

test.each([
  ['an older record', `shipping ${T1} stdout F inner`],
  ['a record of no time that a runtime writes', 'see 2026-01-02T03:04:09Z stdout F inner'],
  ['a record that is newer than the next', 'see 2036-01-02T03:04:05.123456789Z stdout F inner'],
  ['a newer record, in an object', '{"m":"2026-01-02T03:04:05.123456783Z stdout F inner"}'],
  ['a newer record, in an object with more after it', '{"m":"2026-01-02T03:04:05.123456783Z stdout F inner"} x'],
  ['NUL bytes', `a\0${NULS}b`],
  ['NUL bytes at the end', `a${NULS}`],
  ['NUL bytes and a time', `a${NULS}${T3}`],
])('a whole message is not cut: %s', async (_, message) => {
  const got = await readText(`${T2} stdout F ${message}\n${RECORD}`);
  expect(got.map(({ text, flags }) => [text, flags])).toEqual([
    [message, 0],
    ['whole', 0],
  ]);
});

describe('holes', () => {
  const HOLE_BYTES = 128 * LINE_BYTES_MAX;

  function writeSparse(holeBytes: number, before: string, after: string): string {
    const path = join(directory, LIVE);
    const fd = openSync(path, 'w');
    ftruncateSync(fd, Buffer.byteLength(before) + holeBytes);
    writeSync(fd, before, 0);
    writeSync(fd, after, before.length + holeBytes);
    closeSync(fd);
    return path;
  }

  test.each([
    ['between records', `${T1} stdout F a\n`, RECORD, ['a', marker(HOLE_BYTES), 'whole']],
    ['after a torn record', `${T1} stdout F ha`, RECORD, ['ha', marker(HOLE_BYTES), 'whole']],
    ['at the end', RECORD, '', ['whole', marker(HOLE_BYTES)]],
    ['at the start', '', RECORD, [marker(HOLE_BYTES), 'whole']],
    ['between garbage', 'x', `y${RECORD}`, ['x', marker(HOLE_BYTES), 'y', 'whole']],
  ])('of 128 MiB %s has one marker', async (_, before, after, want) => {
    const got = await read(writeSparse(HOLE_BYTES, before, after));
    expect(got.map(({ text }) => text)).toEqual(want);
  });

  test.each([
    READ_BYTES - 1,
    READ_BYTES,
    LINE_BYTES_MAX - 1,
    LINE_BYTES_MAX,
    LINE_BYTES_MAX + 1,
    5 * LINE_BYTES_MAX + 7,
  ])('of %i bytes, also compressed and after a fragment that is too long', async (sizeBytes) => {
    const hole = '\0'.repeat(sizeBytes);
    const long = 'x'.repeat(2 * LINE_BYTES_MAX);
    for (const isGzip of [false, true]) {
      const name = isGzip ? `${rotated(0)}.gz` : LIVE;
      const zeros = marker(sizeBytes, name);
      const got = await readText(`${T1} stdout F a\n${hole}${RECORD}`, isGzip);
      expect(got.map(({ text }) => text)).toEqual(['a', zeros, 'whole']);
      const end = await readText(`${RECORD}${hole}`, isGzip);
      expect(end.map(({ text }) => text)).toEqual(['whole', zeros]);
      const overlong = await readText(`${T1} stdout F ${long}${hole}${RECORD}`, isGzip);
      expect(overlong.slice(2).map(({ text }) => text)).toEqual([zeros, 'whole']);
      const [cut, rest] = overlong.map(({ text }) => text);
      const lostBytes = Number(/^podlog: (\d+) bytes/.exec(rest!)?.[1]);
      expect(cut!.length + lostBytes).toBe(long.length);
    }
  });
});

test('a gzip file that inflates to far more than memory holds is read in pieces', async () => {
  const member = gzipSync(Buffer.alloc(64 * LINE_BYTES_MAX, 'x'));
  const path = join(directory, `${rotated(0)}.gz`);
  writeFileSync(path, Buffer.concat(Array.from({ length: 8 }, () => member)));
  const before = process.memoryUsage.rss();
  const got = await read(path);
  expect(got[0]!.text).toHaveLength(LINE_BYTES_MAX);
  expect(got.slice(1).map(({ text }) => text)).toEqual([
    `podlog: ${511 * LINE_BYTES_MAX} bytes of ${rotated(0)}.gz were lost: a line is too long`,
  ]);
  expect(process.memoryUsage.rss() - before).toBeLessThan(128 * 1024 * 1024);
});

/**
 * Bytes that are put between two records, or in the place of some of one. Without the zone of a time, so that pieces of
 * several places are not a record.
 */
const DAMAGE = fc.oneof(
  fc.nat(9000).map((length) => '\0'.repeat(length)),
  fc.string({ unit: fc.constantFrom('x', '\0', ' ', '\n', '2', 'T', ':', '\xff', ' stdout F '), maxLength: 60 }),
  fc.nat(60).map((length) => `${T0} stdout F torn {"a`.slice(0, length)),
);

interface Place {
  readonly damage: string;
  readonly lines: readonly { readonly text: string; readonly stream: string }[];
}

/** Also those with which an agent finds the line that a server refuses. */
const ROWS_MAX = fc.constantFrom(1, 2, BATCH_ROWS_MAX);

const PLACES: fc.Arbitrary<Place[]> = fc.array(
  fc.record({
    damage: DAMAGE,
    lines: fc.array(
      fc.record({
        text: fc.oneof(
          fc.string({ unit: fc.constantFrom('a', '"', '{', '}', '\0', ' ', '7', '-', 'é'), maxLength: 40 }),
          fc.constant('{"level":"info","message":"done"}'),
        ),
        stream: fc.constantFrom('stdout', 'stderr'),
      }),
      { maxLength: 5 },
    ),
  }),
  { minLength: 1, maxLength: 6 },
);

test('random damage at random places, with an agent that dies: whole records come back once, and no damaged byte goes unsaid', async () => {
  await fc.assert(
    fc.asyncProperty(PLACES, fc.boolean(), fc.nat(), ROWS_MAX, async (places, isGzip, seed, rowsMax) => {
      const wanted: string[] = [];
      let damagedBytes = 0;
      let text = '';
      for (const { damage, lines } of places) {
        text += damage.replaceAll(T0, timestamp());
        damagedBytes += damage.replaceAll('\n', '').length;
        for (const line of lines) {
          const record = cri(`#${wanted.length} ${Buffer.from(line.text).toString('latin1')}`, 'F', line.stream);
          text += record;
          wanted.push(record);
        }
      }
      if (text === '') return;
      const path = join(directory, isGzip ? `${rotated(0)}.gz` : LIVE);
      const bytes = Buffer.from(text, 'latin1');
      writeFileSync(path, isGzip ? gzipSync(bytes) : bytes);
      const random = new Random(seed);
      let deaths = 3;
      const got = await read(path, () => deaths > 0 && random.below(3) === 0 && deaths-- > 0, rowsMax);
      const whole = got.filter(
        ({ flags, stream, text: line }) => flags === 0 && stream !== 'podlog' && line.startsWith('#'),
      );
      expect(whole.map((line) => `${formatInstant(line.instant)} ${line.stream} F ${line.text}\n`)).toEqual(wanted);
      // A torn record that is complete up to its message is kept without what stood before that.
      const kept = got.filter((line) => !whole.includes(line)).map(sizeOf);
      expect(kept.reduce((sum, size) => sum + size, 0)).toBe(damagedBytes);
    }),
    { numRuns: 100 },
  );
});

/** How many damaged bytes a line speaks of. */
function sizeOf({ text, flags, stream }: SunkLine): number {
  if (stream === 'podlog') return Number(/^podlog: (\d+) bytes/.exec(text)![1]);
  return flags === FLAG_UNPARSED ? text.length : `${T0} stdout F `.length + text.length;
}

describe('while an agent runs', () => {
  const world = worldOfEachTest();

  test('NULs at the end of a live file wait for what follows them', async () => {
    world.live(cri('a') + NULS.slice(0, 100));
    await world.start();
    await world.expectLines(['a']);
    await world.settled();
    world.live(NULS.slice(0, 50));
    await world.settled();
    expect(world.markers()).toEqual([]);
    world.live(cri('b'));
    await world.expectLines(['a', marker(150), 'b']);
    await until(
      () => world.losses('zeros').times === 1,
      () => 'not counted',
    );
    expect(world.losses('zeros').bytes).toBe(150);
  });

  test('damage is counted once, whatever is repeated or restarted', async () => {
    world.live(cri('a') + NULS + cri('b'));
    let lost = 3;
    world.sink.fault = () => (lost-- > 0 ? 'store-and-hang-up' : undefined);
    await world.start();
    await world.expectLines(['a', marker(4096), 'b']);
    await world.stop();
    world.live(cri('c'));
    await world.start();
    await world.expectLines(['a', marker(4096), 'b', 'c']);
  });

  test('a file that begins with damage has an identity, and goes on after a restart', async () => {
    world.live(NULS + NULS + cri('a'));
    await world.start();
    await world.expectLines([marker(8192), 'a']);
    await world.stop();
    world.live(cri('b'));
    await world.start();
    await world.expectLines([marker(8192), 'a', 'b']);
  });
});
