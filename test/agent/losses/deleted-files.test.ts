/** Deleted files that are held open until they are read, and what they may cost. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FLAG_PARTIAL } from '../../../shared/row-group/format.ts';
import { cri, criLines, LIVE, numbered, POD, rotated, until, worldOfEachTest } from '../pods.ts';

const world = worldOfEachTest();

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
