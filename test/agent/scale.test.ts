/** Many files, one that floods, nodes that have no inotify watches left, and what a busy hour leaves behind. */
import { watch } from 'node:fs';
import { watch as watchWithChokidar } from 'chokidar';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { WatchPods } from '../../agent/discover/directory-watcher.ts';
import type { Watch } from '../../agent/discover/quiet-containers.ts';
import { criLines, LIVE, numbered, rotated, until, worldOfEachTest } from './pods.ts';

const world = worldOfEachTest();

test('one container that floods does not hold back the quiet ones', async () => {
  const quiet = numbered('quiet', 200);
  for (const name of quiet) world.write(world.path(LIVE, name), criLines(['first']));
  const block = criLines(Array.from({ length: 256 }, () => 'x'.repeat(4_000)));
  for (let i = 0; i < 20; i++) world.write(world.path(LIVE, 'flood'), block);
  await world.start();
  await until(
    () => world.sink.lines.filter(({ text }) => text === 'first').length === quiet.length,
    () => 'the first lines are missing',
  );
  const batchAt = new Map<string, number>();
  for (let i = 0; i < 100; i++) {
    world.write(world.path(LIVE, 'flood'), block);
    const { batches } = world.sink;
    batchAt.set(`line-${i}`, batches);
    world.write(world.path(LIVE, quiet[(i * 7) % quiet.length]), criLines([`line-${i}`]));
    await until(
      () => world.sink.batches > batches,
      () => 'nothing is sent',
    );
  }
  await until(
    () => world.sink.lines.filter(({ text }) => batchAt.has(text)).length === batchAt.size,
    () => 'lines of quiet containers are missing',
  );
  const waits = world.sink.lines
    .filter(({ text }) => batchAt.has(text))
    .map((line) => line.batch - batchAt.get(line.text)!);
  // Two batches are on their way when it is written, and a tick may pass. Two seconds at 50 MB/s are 57 batches.
  expect(Math.max(...waits)).toBeLessThanOrEqual(10);
});

test('a container over its limit: the oldest is dropped, counted for it alone, and said; the others are whole', async () => {
  await world.start({ rateLimit: { bytesPerSecond: 200_000, backlogMs: 500 } });
  const text = criLines(numbered('x', 60_000));
  world.write(world.path(LIVE, 'flood'), text);
  world.write(world.path(LIVE, 'quiet'), criLines(numbered('q', 1_000)));
  await until(
    () => world.sink.texts().includes('x-59999'),
    () => 'the newest line is missing',
  );
  await world.settled();
  const of = (name: string): string[] =>
    world.sink.lines.filter((line) => line.container === name).map((line) => line.text);
  expect(of('quiet')).toEqual(numbered('q', 1_000));
  const { times, bytes } = world.losses('limited', 'flood');
  const stored = of('flood').filter((line) => line.startsWith('x-'));
  expect(criLines(stored).length + bytes).toBe(text.length);
  expect(bytes).toBeGreaterThan(text.length / 2);
  const markers = of('flood').filter((line) => line.startsWith('podlog: '));
  expect(markers).toHaveLength(times);
  expect(markers[0]).toMatch(
    /^podlog: \d+ bytes of 0\.log were lost: the container writes more than its limit allows$/,
  );
  expect(world.losses('limited', 'quiet').times).toBe(0);
});

test('2,000 files without inotify watches: says so once, finds new pods by listing, and bounds its descriptors', async () => {
  const openFilesMax = 500;
  const paths = Array.from({ length: 2_000 }, (_, i) => {
    const pod = Math.floor(i / 5);
    return world.path(LIVE, `c${i % 5}`, `ns_pod-${pod}_uid-${pod}`);
  });
  for (const [i, path] of paths.entries()) world.write(path, criLines([`line-${i}`]));
  const exhausted = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  let watches = 0;
  const scarce: Watch = (path, listener) => {
    if (watches === 64) throw exhausted;
    watches++;
    return watch(path, listener);
  };
  const watchPods: WatchPods = (podsDir) => {
    const watcher = watchWithChokidar(podsDir, { depth: 0 });
    watcher.on('ready', () => watcher.emit('error', exhausted));
    return watcher;
  };
  const warnings: string[] = [];
  const log = pino({ level: 'warn' }, { write: (text) => warnings.push(text) });
  let openMost = 0;
  await world.start({ watch: scarce, watchPods, openFilesMax, log, tickMs: 50, rescanMs: 1_000 });
  const untilAllAreThere = async (want: readonly string[]): Promise<void> => {
    const missing = (): string[] => {
      const have = new Set(world.sink.texts());
      return want.filter((text) => !have.has(text));
    };
    await until(
      () => {
        openMost = Math.max(openMost, world.metric('open_files'));
        return missing().length === 0;
      },
      () => `${missing().length} lines are missing: ${missing().slice(0, 20).join()}`,
    );
  };
  await untilAllAreThere(numbered('line', paths.length));
  for (let i = 0; i < 500; i++) world.write(paths[i * 4]!, criLines([`more-${i}`]));
  world.write(world.path(LIVE, 'app', 'ns_late_uid-late'), criLines(['late']));
  await untilAllAreThere([...numbered('more', 500), 'late']);
  expect(world.sink.lines).toHaveLength(paths.length + 501);
  expect(world.metric('polling')).toBe(1);
  expect(openMost).toBeLessThanOrEqual(openFilesMax);
  expect(warnings.filter((text) => text.includes('inotify'))).toHaveLength(1);
  expect(warnings).toHaveLength(1);
});

test('rotations and crash loops: hardly a byte is read twice, and nothing is left open', async () => {
  await world.start();
  let writtenBytes = 0;
  const write = (path: string, lines: readonly string[]): void => {
    const text = criLines(lines);
    writtenBytes += text.length;
    world.write(path, text);
  };
  const rotations = 60;
  const restarts = 50;
  const want: string[] = [];
  for (let i = 0; i < rotations; i++) {
    const lines = numbered(`r${i}`, 2_000);
    write(world.path(LIVE), lines);
    want.push(...lines);
    if (i < restarts) {
      write(world.path(`${i}.log`, 'crash'), [`start ${i}`, `crash ${i}`]);
      await world.seen(`${i}.log`, 'crash');
      if (i >= 2) world.remove(world.path(`${i - 2}.log`, 'crash'));
    }
    await world.seen(LIVE);
    world.rename(world.path(LIVE), world.path(rotated(i)));
    if (i >= 1) world.gzip(world.path(rotated(i - 1)));
    if (i >= 4) world.remove(`${world.path(rotated(i - 4))}.gz`);
  }
  write(world.path(LIVE), ['end']);
  const of = (name: string): string[] =>
    world.sink.lines.filter((line) => line.container === name).map((line) => line.text);
  await until(
    () => of('app').includes('end') && of('crash').includes(`crash ${restarts - 1}`),
    () => `the last lines are missing; markers: ${world.markers().join('; ')}`,
  );
  await world.settled();
  expect(of('app')).toEqual([...want, 'end']);
  expect(of('crash')).toEqual(Array.from({ length: restarts }, (_, i) => [`start ${i}`, `crash ${i}`]).flat());
  expect(world.metric('read_bytes_total')).toBeLessThanOrEqual(writtenBytes * 1.05);
  await until(
    () => world.metric('open_files') === 2,
    () => `${world.metric('open_files')} files stay open`,
  );
  await until(
    () => world.sink.positions.size <= 8,
    () => `${world.sink.positions.size} positions are kept`,
  );
  expect(world.markers()).toEqual([]);
});
