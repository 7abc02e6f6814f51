/** Files, runs and pods that go while no agent runs: markers where something may be missing, and nowhere else. */
import { mkdirSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CAUGHT_UP_MARGIN_MS, KUBELET_FILES_MAX } from '../../../agent/limits.ts';
import { FLAG_PARTIAL } from '../../../shared/row-group/format.ts';
import { cri, halt, LIVE, POD, rotated, until, worldOfEachTest } from '../pods.ts';

const world = worldOfEachTest();

/** Files of one line each, the first of which is of this time and the others of the seconds after it. */
function writeFilesOfARun(count: number, firstMs: number, container = 'app'): void {
  for (let n = count - 1; n >= 0; n--) {
    const time = new Date(firstMs + (count - 1 - n) * 1_000).toISOString();
    world.write(world.path(n === 0 ? LIVE : rotated(count - n), container), `${time} stdout F line ${n}\n`);
  }
}

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
  await world.expectOnlyMarker('deleted-while-down', marker);
});

test('the same where a rotated file that was compressed is empty: it is not the one that is missing', async () => {
  world.writeLines(['a']);
  await world.start();
  await world.expectLines(['a']);
  await world.stop();
  world.remove(world.path(LIVE));
  world.write(world.path(rotated(5)), cri('b'));
  world.write(world.path(rotated(6)), '');
  for (const n of [5, 6]) world.gzip(world.path(rotated(n)));
  world.writeLines(['c']);
  await world.start();
  const marker = 'podlog: lines of 0.log may have been lost: it was deleted while no agent was running';
  await world.expectLines(['a', marker, 'b', 'c']);
  await world.expectOnlyMarker('deleted-while-down', marker);
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
  await world.expectOnlyMarker('deleted-while-down', marker);
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
  await world.readRotatedThenRemove();
  await world.start();
  await until(
    () => world.sink.gone.length === 1,
    () => 'not reported gone',
  );
  expect(world.markers()).toEqual([]);
});

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
  await world.expectOnlyMarker('deleted-while-down', marker);
});

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

/** For what has to do with modification times. */
async function sleepUntil(endMs: number): Promise<void> {
  await until(
    () => Date.now() >= endMs,
    () => 'the clock is still',
  );
}
