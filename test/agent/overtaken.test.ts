/** An agent that is halted, as by SIGSTOP or a frozen node, while the kubelet goes on to rotate. */
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { LIVE, rotated, until, worldOfEachTest } from './pods.ts';

const world = worldOfEachTest();
const FILES_KEPT = 5;
const MARKER = 'podlog: lines of 0.log may have been lost: it was deleted before it could be opened';

let seconds = 0;

/** Each file has a line of its own second, so that none follows at once on the one before. */
function writeLine(text: string): void {
  const time = new Date(Date.now() + (seconds += 5) * 1_000).toISOString();
  world.live(`${time} stdout F ${text}\n`);
}

/** At once: the agent, which is in this process, gets no turn in between. */
function rotateTimes(count: number): string[] {
  const texts: string[] = [];
  for (let n = 0; n < count; n++) {
    rotations++;
    world.rename(world.path(LIVE), world.path(rotated(rotations)));
    if (rotations >= FILES_KEPT) world.remove(world.path(rotated(rotations - FILES_KEPT + 1)));
    texts.push(`file ${rotations}`);
    writeLine(texts.at(-1)!);
  }
  return texts;
}

let rotations = 0;

test('a file that came and went meanwhile has a marker where it is missing, and only there', async () => {
  rotations = 0;
  writeLine('first');
  await world.start();
  await world.expectLines(['first']);
  writeLine('not read yet');
  const texts = rotateTimes(FILES_KEPT + 2);
  const kept = texts.slice(-FILES_KEPT);
  await world.expectLines(['first', 'not read yet', MARKER, ...kept]);
  await until(
    () => world.losses('never-opened').times === 1,
    () => 'not counted',
  );
  const more = rotateTimes(1);
  await world.expectLines(['first', 'not read yet', MARKER, ...kept, ...more]);
  await world.restart();
  expect(world.markers()).toEqual([MARKER]);
});

test('no file came and went: no marker', async () => {
  rotations = 0;
  writeLine('first');
  await world.start();
  await world.expectLines(['first']);
  const texts = rotateTimes(FILES_KEPT - 1);
  await world.expectLines(['first', ...texts]);
  await world.settled();
  expect(world.markers()).toEqual([]);
});

test.each(['the whole pod', 'its files only'])(
  'a pod that goes right after a rotation: the last file, which was never seen, has a marker: %s',
  async (what) => {
    writeLine('first');
    await world.start();
    await world.expectLines(['first']);
    writeLine('not read yet');
    world.rename(world.path(LIVE), world.path(rotated(1)));
    writeLine('never seen');
    if (what === 'the whole pod') world.remove(dirname(world.path('')));
    else for (const name of [LIVE, rotated(1)]) world.remove(world.path(name));
    await world.expectLines(['first', 'not read yet', MARKER]);
    await world.restart();
    expect(world.markers()).toEqual([MARKER]);
  },
);

test('a pod that goes some time after a rotation has none', async () => {
  writeLine('first');
  await world.start();
  await world.expectLines(['first']);
  world.rename(world.path(LIVE), world.path(rotated(1)));
  writeLine('second');
  await world.expectLines(['first', 'second']);
  writeLine('last');
  world.remove(dirname(world.path('')));
  await world.expectLines(['first', 'second', 'last']);
  await until(
    () => world.sink.gone.length > 0,
    () => 'no file is reported gone',
  );
  expect(world.markers()).toEqual([]);
});

test('files that are deleted one after the other, the newest first, as the kubelet does with those of a container', async () => {
  writeLine('first');
  await world.start();
  await world.expectLines(['first']);
  world.rename(world.path(LIVE), world.path(rotated(1)));
  writeLine('second');
  await world.expectLines(['first', 'second']);
  world.remove(world.path(LIVE));
  await until(
    () => world.sink.gone.length > 0,
    () => 'the file is not reported gone',
  );
  world.remove(world.path(rotated(1)));
  await until(
    () => world.sink.gone.length > 1,
    () => 'the older file is not reported gone',
  );
  expect(world.markers()).toEqual([]);
});
