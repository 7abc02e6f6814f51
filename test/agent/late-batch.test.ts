/** A killed agent's last batch is under way: the server stores it after the next agent has asked what there is. */
import { expect, test } from 'vitest';
import { cri, LIVE, rotated, until, worldOfEachTest } from './pods.ts';

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
