/**
 * What cannot be captured is counted: a metric of the container, and one marker with its labels and `stream=podlog`,
 * whatever is repeated or restarted in between.
 */
import { mkdirSync, readdirSync, readFileSync, realpathSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { EventEmitter } from 'node:events';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { pino } from 'pino';
import { CAUGHT_UP_MARGIN_MS, KUBELET_FILES_MAX } from '../../agent/limits.ts';
import { FLAG_PARTIAL } from '../../shared/row-group/format.ts';
import type { WatchPods } from '../../agent/discover/directory-watcher.ts';
import { cri, criLines, LIVE, numbered, rotated, until, worldOfEachTest } from './pods.ts';

const world = worldOfEachTest();

const POD = 'ns_pod_uid';

/** Files of one line each, the first of which is of this time and the others of the seconds after it. */
function writeFilesOfARun(count: number, firstMs: number, container = 'app'): void {
  for (let n = count - 1; n >= 0; n--) {
    const time = new Date(firstMs + (count - 1 - n) * 1_000).toISOString();
    world.write(world.path(n === 0 ? LIVE : rotated(count - n), container), `${time} stdout F line ${n}\n`);
  }
}

/** Waits for a loss that is counted, and for its only marker, and that neither comes again with another agent. */
async function expectMarker(reason: string, text: string, container = 'app', pod = 'pod'): Promise<void> {
  await until(
    () => world.losses(reason, container, pod).times === 1,
    () => `not counted: ${JSON.stringify(world.markers())}`,
  );
  expect(world.markers()).toEqual([text]);
  await world.restart();
  expect(world.markers()).toEqual([text]);
}

test('truncation in place: what is known to be lost, and the new content from 0', async () => {
  world.writeLines(['a', 'b', 'c']);
  await world.start();
  await world.expectLines(['a', 'b', 'c']);
  truncateSync(world.path(LIVE));
  const marker = 'podlog: lines of 0.log may have been lost: it was truncated in place';
  await world.expectLines(['a', 'b', 'c', marker]);
  world.writeLines(['d']);
  await world.expectLines(['a', 'b', 'c', marker, 'd']);
  expect(world.metric('truncated_files_total')).toBe(1);
  expect(world.sink.gone).toHaveLength(1);
  await expectMarker('truncated', marker);
});

test('a marker has the labels of its container but for the stream, and its time is between the lines around it', async () => {
  world.writeLines(['a']);
  world.live(cri('b', 'F', 'stderr'));
  await world.start();
  await world.expectLines(['a', 'b']);
  truncateSync(world.path(LIVE));
  await until(
    () => world.markers().length === 1,
    () => 'no marker',
  );
  world.writeLines(['c']);
  await world.expectLines(['a', 'c'], 'stdout');
  await world.expectLines(['b'], 'stderr');
  const [, b, marker, c] = world.sink.lines;
  const { namespace, pod, container } = b!;
  expect(marker).toMatchObject({ namespace, pod, container, stream: 'podlog', instant: b!.instant + 1n });
  expect(c!.instant).toBeGreaterThan(marker!.instant);
});

test('truncation in place of what was not read: the bytes are counted', async () => {
  world.writeLines(['a']);
  await world.start();
  await world.expectLines(['a']);
  world.sink.isDown = true;
  // More than the two batches that an agent holds.
  world.writeLines(numbered('x', 200_000));
  const writtenBytes = statSync(world.path(LIVE)).size;
  await until(
    () => world.metric('read_bytes_total') > 1_000_000,
    () => 'the agent does not fill up',
  );
  await world.unmoved('read_bytes_total');
  truncateSync(world.path(LIVE));
  await until(
    () => world.metric('truncated_files_total') === 1,
    () => 'not noticed',
  );
  world.sink.isDown = false;
  await until(
    () => world.losses('truncated').times === 1,
    () => 'not counted',
  );
  const { bytes } = world.losses('truncated');
  const stored = world.sink.texts().filter((text) => text.startsWith('x-'));
  expect(stored).toEqual(numbered('x', stored.length));
  expect(bytes + criLines(['a', ...stored]).length).toBe(writtenBytes);
  await expectMarker('truncated', `podlog: ${bytes} bytes of 0.log were lost: it was truncated in place`);
});

test('a marker is stored once, though the answers are lost and the agent is killed', async () => {
  world.writeLines(['a']);
  await world.start();
  await world.expectLines(['a']);
  let lost = 3;
  world.sink.fault = () => (lost-- > 0 ? 'store-and-hang-up' : undefined);
  truncateSync(world.path(LIVE));
  await until(
    () => world.markers().length > 0,
    () => 'no marker',
  );
  await world.stop();
  await world.start();
  await world.settled();
  expect(world.markers(), world.sink.texts().join('; ')).toHaveLength(1);
});

test('a gzip file that is damaged: what can be read, then a marker, once', async () => {
  const content = Buffer.from(criLines(numbered('x', 20_000)));
  const compressed = gzipSync(content);
  mkdirSync(world.path('', 'app'), { recursive: true });
  writeFileSync(`${world.path(rotated(1))}.gz`, compressed.subarray(0, compressed.length / 2));
  world.writeLines(['new']);
  await world.start();
  await until(
    () => world.sink.texts().at(-1) === 'new',
    () => 'the live file is not read',
  );
  const stored = world.sink.texts().filter((text) => text.startsWith('x-'));
  expect(stored.length).toBeGreaterThan(1_000);
  expect(stored).toEqual(numbered('x', stored.length));
  await expectMarker('gzip', `podlog: lines of ${rotated(1)}.gz were lost: its gzip data is damaged`);
});

test('a pod that lives less than a look is captured or counted', async () => {
  await world.start();
  await world.settled();
  world.writeLines(['a', 'b']);
  world.remove(`${world.podsDir}/${POD}`);
  await expectMarker(
    'unseen',
    'podlog: lines of 0.log may have been lost: it was deleted before it could be opened',
    '',
  );
});

const UNSEEN = 'podlog: lines of 0.log may have been lost: it was deleted before it could be opened';

test('a container that comes and goes between two looks in a pod that stays', async () => {
  world.writeLines(['a'], 'other');
  await world.start({ tickMs: 60 });
  await world.expectLines(['a']);
  await until(
    () => world.metric('polling') === 0,
    () => 'pods are not watched',
  );
  world.writeLines(['b']);
  world.remove(world.path('', 'app'));
  await expectMarker('unseen', UNSEEN);
});

test('the same where no event tells of it: the marker names no container', async () => {
  world.writeLines(['a'], 'other');
  const silent = Object.assign(new EventEmitter(), { close: async () => {} });
  await world.start({ tickMs: 60, watchPods: () => silent as unknown as ReturnType<WatchPods> });
  silent.emit('ready');
  await world.expectLines(['a']);
  await world.settled();
  world.writeLines(['b']);
  world.remove(world.path('', 'app'));
  await expectMarker('unseen', UNSEEN, '');
});

test('an agent that ends right after the event of a pod that came and went still leaves its marker', async () => {
  const events = Object.assign(new EventEmitter(), { close: async () => {} });
  await world.start({ watchPods: () => events as unknown as ReturnType<WatchPods> });
  events.emit('ready');
  await world.settled();
  events.emit('raw', 'rename', POD, { watchedPath: realpathSync(world.podsDir) });
  await world.stop(30_000);
  expect(world.markers()).toEqual([UNSEEN]);
});

test('pods that live for 5 to 500 ms: every line is there, or the pod has its marker', async () => {
  await world.start({ tickMs: 120 });
  await world.settled();
  const names = Array.from({ length: 40 }, (_, i) => `pod-${i}`);
  await Promise.all(
    names.map(async (name, i) => {
      const path = world.path(LIVE, 'app', `ns_${name}_uid-${i}`);
      world.write(path, criLines(numbered(name, 10)));
      const endMs = Date.now() + 5 + i * 12;
      await until(
        () => Date.now() >= endMs,
        () => '',
      );
      world.remove(`${world.podsDir}/ns_${name}_uid-${i}`);
    }),
  );
  const accounted = (name: string): boolean => {
    const lines = world.sink.lines.filter(({ pod }) => pod === name).map(({ text }) => text);
    return (
      lines.filter((text) => text.startsWith(name)).length === 10 || lines.some((text) => text.startsWith('podlog: '))
    );
  };
  await until(
    () => names.every(accounted),
    () => `${names.filter((name) => !accounted(name)).join(' ')} left no trace`,
  );
  await world.settled();
  for (const name of names) {
    const lines = world.sink.lines.filter(({ pod }) => pod === name).map(({ text }) => text);
    expect(lines.length === 1 || lines.join() === numbered(name, 10).join(), lines.join()).toBe(true);
  }
});

test('rotation that outran an agent that was away: a marker where the gap is', async () => {
  world.writeLines(['a']);
  await world.start();
  await world.expectLines(['a']);
  await world.stop();
  world.writeLines(['never read']);
  world.remove(world.path(LIVE));
  world.write(world.path(rotated(5)), cri('b'));
  world.writeLines(['c']);
  await world.start();
  const marker = 'podlog: lines of 0.log may have been lost: it was deleted while no agent was running';
  await world.expectLines(['a', marker, 'b', 'c']);
  expect(world.sink.gone).toHaveLength(1);
  await expectMarker('unwatched', marker);
});

test('a gap before a file that was empty has no second marker when the file has lines, and as many came after it as are kept', async () => {
  world.writeLines(['a']);
  await world.start();
  await world.expectLines(['a']);
  await world.stop();
  world.remove(world.path(LIVE));
  world.live('');
  await world.start();
  await until(
    () => world.markers().length === 1,
    () => 'no marker',
  );
  await world.stop();
  world.remove(world.path(LIVE));
  writeFilesOfARun(KUBELET_FILES_MAX, Date.now() + 60_000);
  await world.start();
  await until(
    () => world.sink.texts().includes('line 0'),
    () => 'the last line is missing',
  );
  await world.settled();
  expect(world.markers()).toHaveLength(1);
});

test('a container that began while no agent ran, and has as many files as are kept: older ones may be missing', async () => {
  world.writeLines(['a'], 'other');
  await world.start();
  await world.expectLines(['a']);
  await world.stop();
  writeFilesOfARun(5, Date.now() + 60_000);
  await world.start();
  const marker = 'podlog: lines of 0.log may have been lost: it was deleted while no agent was running';
  await until(
    () => world.sink.texts().includes('line 0'),
    () => 'the last line is missing',
  );
  const texts = world.sink.lines.filter(({ container }) => container === 'app').map(({ text }) => text);
  expect(texts).toEqual([marker, 'line 4', 'line 3', 'line 2', 'line 1', 'line 0']);
  await expectMarker('unwatched', marker);
});

test('a container with more files than are usually kept, and one that began with its directory: no marker', async () => {
  world.writeLines(['a'], 'other');
  await world.start();
  await world.expectLines(['a']);
  await world.stop();
  writeFilesOfARun(7, Date.now() + 60_000, 'many');
  writeFilesOfARun(5, Date.now() + 60_000, 'fewer');
  mkdirSync(world.path('', 'young'));
  const { birthtimeMs } = statSync(world.path('', 'young'));
  writeFilesOfARun(7, birthtimeMs + 10, 'young');
  await world.start();
  await until(
    () => world.sink.texts().filter((text) => text === 'line 0').length === 3,
    () => 'lines are missing',
  );
  expect(world.sink.lines.filter(({ stream }) => stream === 'podlog').map(({ container }) => container)).toEqual([
    'many',
  ]);
});

test('a node that no agent was on before, and a container with fewer files: no marker', async () => {
  for (const n of [4, 3, 2, 1]) world.write(world.path(rotated(n)), cri(`line ${n}`));
  world.writeLines(['b']);
  await world.start();
  await until(
    () => world.sink.texts().includes('b'),
    () => 'the last line is missing',
  );
  await world.stop();
  world.write(world.path(rotated(1), 'other'), cri('c'));
  world.write(world.path(LIVE, 'other'), cri('d'));
  await world.start();
  await until(
    () => world.sink.texts().includes('d'),
    () => 'the last line is missing',
  );
  expect(world.markers()).toEqual([]);
});

test('a pod that was deleted while the agent was away has a marker under its names', async () => {
  world.writeLines(['a']);
  await world.start();
  await world.expectLines(['a']);
  await world.stop();
  world.remove(`${world.podsDir}/${POD}`);
  await world.start();
  await until(
    () => world.sink.gone.length === 1,
    () => 'not reported gone',
  );
  expect(world.sink.lines.at(-1)).toMatchObject({ namespace: 'ns', pod: 'pod', container: 'app' });
  expect(world.markers()).toEqual([
    'podlog: lines of 0.log may have been lost: it was deleted while no agent was running',
  ]);
});

test('older files that went while the agent was away had been read: no marker', async () => {
  world.writeLines(['a']);
  await world.start();
  await world.expectLines(['a']);
  world.rename(world.path(LIVE), world.path(rotated(1)));
  world.writeLines(['b']);
  await world.expectLines(['a', 'b']);
  await world.stop();
  world.remove(world.path(rotated(1)));
  await world.start();
  await until(
    () => world.sink.gone.length === 1,
    () => 'not reported gone',
  );
  expect(world.markers()).toEqual([]);
});

test('deleted files that are not read: exact below the cap', async () => {
  await world.start({ deletedBytesMax: 50_000_000 });
  world.sink.isDown = true;
  const want: string[] = [];
  for (let i = 0; i < 8; i++) {
    world.writeLines(numbered(`r${i}`, 20_000));
    want.push(...numbered(`r${i}`, 20_000));
    await world.seen(LIVE);
    world.rename(world.path(LIVE), world.path(rotated(i)));
    if (i >= 1) world.gzip(world.path(rotated(i - 1)));
    if (i >= 4) world.remove(`${world.path(rotated(i - 4))}.gz`);
    world.writeLines([]);
  }
  expect(readdirSync(world.path('', 'app')).length).toBeLessThan(6);
  world.sink.isDown = false;
  await world.expectLines(want);
  expect(world.markers()).toEqual([]);
});

test('deleted files that are not read: beyond the cap the oldest is dropped, and its bytes are counted', async () => {
  const deletedBytesMax = 3_000_000;
  await world.start({ deletedBytesMax });
  world.sink.isDown = true;
  const containers = Array.from({ length: 8 }, (_, i) => `c${i}`);
  const sizes = new Map<string, number>();
  for (const name of containers) {
    world.writeLines(numbered(name, 20_000), name);
    sizes.set(name, statSync(world.path(LIVE, name)).size);
  }
  await until(
    () => world.metric('open_files') === containers.length,
    () => 'the files were not opened',
  );
  for (const name of containers) {
    world.remove(world.path('', name));
    await until(
      () => world.metric('deleted_bytes') > 0 && openDeletedBytes() <= deletedBytesMax,
      () => `${openDeletedBytes()} deleted bytes are held`,
    );
  }
  world.sink.isDown = false;
  await until(
    () => world.metric('open_files') === 0,
    () => 'files stay open',
  );
  await world.settled();
  let dropped = 0;
  for (const name of containers) {
    const texts = world.sink.lines.filter(({ container }) => container === name).map(({ text }) => text);
    const lines = texts.filter((text) => text.startsWith(`${name}-`));
    const { times, bytes } = world.losses('deleted', name);
    expect(lines).toEqual(numbered(name, lines.length));
    expect(criLines(lines).length + bytes).toBe(sizes.get(name));
    dropped += times;
    if (times === 0) continue;
    const why = 'deleted files that were not read yet took too much of the disk';
    expect(texts.at(-1)).toBe(`podlog: ${bytes} bytes of 0.log were lost: ${why}`);
  }
  expect(dropped).toBeGreaterThanOrEqual(4);
});

/** As lsof +L1 counts them: bytes of this process's descriptors whose files have no name any more. */
function openDeletedBytes(): number {
  let sum = 0;
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const stats = statSync(`/proc/self/fd/${fd}`);
      const isOurs = stats.isFile() && stats.nlink === 0 && readFileSync(`/proc/self/fdinfo/${fd}`).length > 0;
      if (isOurs && stats.size > 100_000) sum += stats.size;
    } catch {
      // The descriptor of the listing itself.
    }
  }
  return sum;
}

test('a log that came and went while no agent ran, and left its empty directory, has a marker', async () => {
  world.writeLines(['a'], 'other');
  mkdirSync(world.path('', 'never-written'));
  await world.start();
  await world.expectLines(['a']);
  // What is vouched for ends a little before the last look.
  await sleepUntil(Date.now() + CAUGHT_UP_MARGIN_MS);
  world.writeLines(['b'], 'other');
  await world.expectLines(['a', 'b']);
  await world.stop();
  world.writeLines(['lost']);
  halt();
  world.remove(world.path(LIVE));
  world.remove(world.path(LIVE, 'other'));
  mkdirSync(world.path('', 'not-yet-written'));
  await world.start();
  const marker = 'podlog: lines of 0.log may have been lost: it was deleted while no agent was running';
  await until(
    () => world.markers().length >= 2,
    () => JSON.stringify(world.markers()),
  );
  await world.restart();
  const markers = world.sink.lines.filter(({ stream }) => stream === 'podlog');
  expect(markers.map(({ text, pod, container }) => ({ text, pod, container }))).toEqual([
    { text: marker, pod: 'pod', container: 'app' },
    { text: marker, pod: 'pod', container: 'other' },
  ]);
});

test('an agent that was halted: what came and went meanwhile in a directory that is still there has a marker', async () => {
  await world.start();
  await world.settled();
  world.writeLines(['a'], 'other');
  world.writeLines(['lost']);
  halt();
  world.remove(world.path(LIVE));
  await expectMarker('unseen', 'podlog: lines of 0.log may have been lost: it was deleted before it could be opened');
});

test('runs that came and went while no agent ran have one marker; those that had been read have none', async () => {
  world.writeLines(['a']);
  await world.start();
  await world.expectLines(['a']);
  world.write(world.path('1.log'), cri('b'));
  await world.expectLines(['a', 'b']);
  await until(
    () => [...world.sink.notes].some(([id, { stderr }]) => id.startsWith('uid/app/runs:') && stderr === 1),
    () => 'the first run is not done',
  );
  await world.stop();
  world.remove(world.path(LIVE));
  world.write(world.path('5.log'), `${new Date(Date.now() + 1_000).toISOString()} stdout F c\n`);
  await world.start();
  const marker = 'podlog: lines of 2.log to 4.log may have been lost: it was deleted while no agent was running';
  await world.expectInAnyOrder(['a', 'b', 'c', marker]);
  await expectMarker('unwatched', marker);
});

test.each([0, 30_000])(
  'an unfinished line of a deleted pod, and an agent that may drain for %i ms',
  async (drainMsMax) => {
    world.writeLines(['a']);
    world.live(cri('begun ', 'P', 'stderr'));
    await world.start({ graceMs: 60_000 });
    await world.expectLines(['a']);
    const [time] = cri('').split(' ', 1);
    world.live(`${time} stdout F no newline`);
    await world.settled();
    world.remove(`${world.podsDir}/${POD}`);
    await world.stop(drainMsMax);
    const words = world.sink.lines.filter(({ flags }) => flags === FLAG_PARTIAL).map(({ text }) => text);
    await world.start();
    await until(
      () => world.sink.positions.size === 0,
      () => 'its files are remembered',
    );
    await world.settled();
    // An agent that may not drain has left it, and the next one cannot know that it was all.
    expect([words.toSorted(), world.markers()]).toEqual(
      drainMsMax > 0
        ? [['begun ', 'no newline'], []]
        : [[], ['podlog: lines of 0.log may have been lost: it was deleted while no agent was running']],
    );
  },
);

test('a pod that goes while an agent runs, with runs that were closed before: the next agent has nothing to say of it', async () => {
  world.writeLines(['a']);
  await world.start({ goneMs: 60_000 });
  await world.expectLines(['a']);
  world.write(world.path('1.log'), cri('b'));
  await world.expectLines(['a', 'b']);
  await until(
    () => world.metric('open_files') === 1,
    () => 'the file of the first run stays open',
  );
  world.remove(`${world.podsDir}/${POD}`);
  await until(
    () => world.sink.positions.size === 0 && !JSON.stringify([...world.sink.notes]).includes('runs:'),
    () => 'it is remembered',
  );
  await world.stop();
  await world.start();
  await world.settled();
  expect(world.markers()).toEqual([]);
});

test.each([
  ['the rest of a line', cri('end'), FLAG_PARTIAL],
  ['two more pieces of a line', cri('en', 'P') + cri('d'), FLAG_PARTIAL],
  ['an object', cri('{"a":1}'), 0],
])('behind a file that is lost: %s', async (_, text, flags) => {
  world.writeLines(['a']);
  await world.start();
  await world.expectLines(['a']);
  await world.stop();
  world.remove(world.path(LIVE));
  world.live(text + cri('next'));
  await world.start();
  await until(
    () => world.sink.texts('stdout').at(-1) === 'next',
    () => 'the last line is missing',
  );
  expect(world.sink.lines.filter(({ stream }) => stream === 'stdout').map((line) => line.flags)).toEqual([0, flags, 0]);
});

test('conflicts lose nothing, and nothing is said to be lost', async () => {
  const errors: string[] = [];
  const log = pino({ level: 'error' }, { write: (text: string) => void errors.push(text) });
  world.writeLines(['a']);
  await world.start({ log });
  await world.expectLines(['a']);
  truncateSync(world.path(LIVE));
  await until(
    () => world.markers().length === 1,
    () => 'no marker',
  );
  for (const text of ['b', 'c']) {
    for (const [id] of world.sink.positions)
      if (!id.includes('lost')) world.sink.positions.set(id, { stdout: 0, stderr: 0 });
    world.writeLines([text]);
    await until(
      () => world.sink.texts().includes(text),
      () => `${text} is missing`,
    );
  }
  expect(world.metric('conflicts_total')).toBeGreaterThan(0);
  expect(errors).toEqual([]);
});

/** Long enough for the clock of file times to move on; the agent, in this process, can do nothing meanwhile. */
function halt(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
}

/** For what has to do with modification times. */
async function sleepUntil(endMs: number): Promise<void> {
  await until(
    () => Date.now() >= endMs,
    () => 'the clock is still',
  );
}
