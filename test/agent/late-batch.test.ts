/**
 * What an agent says to be missing before anything that it sent is stored. A killed agent's last batch may be under way: the
 * server stores it after the next agent has asked what there is.
 */
import { statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cri, LIVE, openInodes, rotated, until, worldOfEachTest } from './pods.ts';

const world = worldOfEachTest();

/** Kills the agent while its next batch is under way. */
async function killWithBatch(): Promise<void> {
  world.sink.fault = () => 'late';
  await until(
    () => world.sink.isLate,
    () => 'no batch comes',
  );
  await world.stop();
  world.sink.fault = () => undefined;
}

/** Each with a line of its name; the oldest are deleted, as the kubelet does. */
function rotateTimes(first: number, count: number): void {
  for (let n = first; n < first + count; n++) {
    world.rename(world.path(LIVE), world.path(rotated(n)));
    if (n >= 4) world.remove(world.path(rotated(n - 4)));
    world.live(cri(`file ${n + 1}`));
  }
}

const MARKER = 'podlog: lines of 0.log may have been lost: it was deleted while no agent was running';

test('a marker in it is not stored a second time', async () => {
  world.live(cri('file 0'));
  await world.start();
  await world.expectLines(['file 0']);
  await world.stop();
  rotateTimes(0, 8);
  const late = killWithBatch();
  await world.start();
  await late;
  await world.start();
  await world.expectLines(['file 0', MARKER, 'file 4', 'file 5', 'file 6', 'file 7', 'file 8']);
  await world.settled();
  expect(world.markers()).toEqual([MARKER]);
});

test('lines in it are not said to be lost, though their file has gone meanwhile', async () => {
  world.live(cri('file 0'));
  await world.start();
  await world.expectLines(['file 0']);
  const late = killWithBatch();
  rotateTimes(0, 1);
  await late;
  rotateTimes(1, 4);
  await world.start();
  await world.expectLines(['file 0', ...[1, 2, 3, 4, 5].map((n) => `file ${n}`)]);
  await world.settled();
  expect(world.markers()).toEqual([]);
});

/**
 * A file or a run of which everything is stored gives way to the next one. The agent closes it, and has nothing of its own
 * stored.
 * @param next  the name of the file with which the container goes on
 */
async function finishUnheard(before: readonly string[], next: string): Promise<void> {
  world.live(before.map((text) => cri(text)).join(''));
  await world.start();
  await until(
    () => world.sink.notes.size > 1 && world.sink.lines.length === before.length,
    () => 'the run is not known',
  );
  await world.stop();
  world.sink.fault = () => ({ status: 503 });
  await world.start();
  const old = next === LIVE ? world.path(rotated(0)) : world.path(LIVE);
  const { ino } = statSync(world.path(LIVE));
  if (next === LIVE) world.rename(world.path(LIVE), old);
  world.write(world.path(next), cri('after'));
  await world.seen(next);
  world.remove(old);
  await until(
    () => !openInodes().has(ino),
    () => 'the file is not done with',
  );
}

/** With the next batch; then all is well. */
async function conflict(): Promise<void> {
  const { conflicts } = world.sink;
  world.sink.fault = () => {
    world.sink.fault = () => undefined;
    return 'conflict';
  };
  await until(
    () => world.sink.texts('stdout').includes('after'),
    () => 'nothing is stored',
  );
  await world.settled();
  expect(world.sink.conflicts).toBe(conflicts + 1);
}

test.each([
  ['a file', ['before'], LIVE],
  ['a run', ['before'], '1.log'],
  ['a run without a line', [], '1.log'],
])('what the agent is done with is not missing when it judges again: %s', async (_what, before, next) => {
  await finishUnheard(before, next);
  await conflict();
  expect(world.sink.texts()).toEqual([...before, 'after']);
});

test.each([
  ['a file', LIVE],
  ['a run', '1.log'],
])('what the agent is done with is missing when the server has gone back: %s', async (_what, next) => {
  await finishUnheard(['before'], next);
  for (const id of world.sink.positions.keys()) world.sink.positions.set(id, { stdout: 1, stderr: 1 });
  await conflict();
  expect(world.markers()).toEqual([MARKER]);
});
