/** Files of a run under names that the kubelet does not give. */
import { copyFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cri, LIVE, rotated, until, worldOfEachTest } from './pods.ts';

const world = worldOfEachTest();

async function readLines(texts: readonly string[]): Promise<void> {
  world.writeLines(texts);
  await world.start();
  await world.expectLines(texts);
  await world.stop();
}

/** What is stored after a restart, too: nothing is doubled and nothing said to be lost. */
async function expectForGood(texts: readonly string[]): Promise<void> {
  await world.expectLines(texts);
  await world.restart();
  await world.expectLines(texts);
}

test.each(['0.log.20261127-171231124', '0.log.1', '0.log-20261127', '0.log-20261127-1795813'])(
  'a rotated file is read, known or not: %s',
  async (name) => {
    await readLines(['a']);
    world.writeLines(['b']);
    world.rename(world.path(LIVE), world.path(name));
    world.writeLines(['c']);
    // Of another container, which no agent has seen.
    world.write(world.path(name, 'other'), cri('x'));
    world.write(world.path(LIVE, 'other'), cri('y'));
    await world.start();
    await world.expectInAnyOrder(['a', 'b', 'c', 'x', 'y']);
    expect(world.markers()).toEqual([]);
  },
);

test('numbered files move on by one at each rotation, while an agent runs and while none does', async () => {
  const rotate = (): void => {
    for (const n of [2, 1]) world.rename(world.path(`0.log.${n}`), world.path(`0.log.${n + 1}`));
    world.rename(world.path(LIVE), world.path('0.log.1'));
  };
  world.write(world.path('0.log.2'), cri('a'));
  world.write(world.path('0.log.1'), cri('b'));
  world.writeLines(['c']);
  await world.start();
  await world.expectLines(['a', 'b', 'c']);
  rotate();
  world.writeLines(['d']);
  await world.expectLines(['a', 'b', 'c', 'd']);
  await world.settled();
  await world.stop();
  world.writeLines(['e']);
  world.remove(world.path('0.log.3'));
  world.gzip(world.path('0.log.2'));
  world.rename(world.path('0.log.2.gz'), world.path('0.log.3.gz'));
  world.rename(world.path('0.log.1'), world.path('0.log.2'));
  world.rename(world.path(LIVE), world.path('0.log.1'));
  world.writeLines(['f']);
  await world.start();
  await expectForGood(['a', 'b', 'c', 'd', 'e', 'f']);
});

/** Waits until a file is taken for gone for good: if something were to be said of it, that has been said. */
async function isGone(): Promise<void> {
  await until(
    () => world.sink.gone.length > 0,
    () => 'no file is reported gone',
  );
}

test.each(['0.log.bak', '0.log.20261127-171231.bak', '0.log.20261127-171231.tmp', '0.log.old.gz', '0.log~'])(
  'the file that the server knows was set aside: it is read, and not said to be deleted: %s',
  async (name) => {
    await readLines(['a']);
    world.writeLines(['b']);
    if (name.endsWith('.gz')) {
      world.gzip(world.path(LIVE));
      world.rename(`${world.path(LIVE)}.gz`, world.path(name));
    } else world.rename(world.path(LIVE), world.path(name));
    world.writeLines(['c']);
    await world.start();
    await isGone();
    await expectForGood(['a', 'b', 'c']);
  },
);

test('it was set aside, and nothing else is there', async () => {
  await readLines(['a']);
  world.writeLines(['b']);
  world.rename(world.path(LIVE), world.path('0.log.bak'));
  await world.start();
  await isGone();
  await expectForGood(['a', 'b']);
});

test('a copy is not read, and does not stand for what is deleted', async () => {
  await readLines(['a']);
  copyFileSync(world.path(LIVE), world.path('0.log.bak'));
  world.writeLines(['b']);
  world.rename(world.path(LIVE), world.path(rotated(1)));
  world.writeLines(['c']);
  await world.start();
  await expectForGood(['a', 'b', 'c']);
});
