/** Files of one run that begin alike: each is read once, whatever is renamed, compressed, deleted or restarted. */
import { statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cri, LIVE, rotated, until, worldOfEachTest } from './pods.ts';

const world = worldOfEachTest();

const SAME = '2026-01-01T00:00:00.5Z stdout F ';

/** How two files of a run begin. */
const BEGINNINGS: readonly (readonly [what: string, older: string, newer: string])[] = [
  ['records of one time', `${SAME}a\n`, `${SAME}b\n`],
  ['records of one time and text', `${SAME}a\n${cri('b')}`, `${SAME}a\n${cri('c')}`],
  ['an empty line', `\n${cri('a')}`, `\n${cri('b')}`],
  ['an empty line and no more', `\n`, '\n'],
  ['an empty line and nothing else', `\n${cri('a')}`, '\n'],
  ['the same line that is not CRI', `garbage\n${cri('a')}`, `garbage\n${cri('b')}`],
];

function textsOf(...contents: readonly string[]): string[] {
  return contents.flatMap((content) =>
    content
      .split('\n')
      .slice(0, -1)
      .map((line) => /^\S+ stdout F (.*)$/.exec(line)?.[1] ?? line),
  );
}

async function expectEach(want: readonly string[]): Promise<void> {
  await until(
    () => world.sink.texts().length >= want.length,
    () => JSON.stringify({ got: world.sink.texts(), want }),
  );
  await world.settled();
  expect(world.sink.texts()).toEqual(want);
}

test.each(BEGINNINGS)('two files begin with %s: both are there at once', async (_, older, newer) => {
  world.write(world.path(rotated(1)), older);
  world.write(world.path(rotated(2)), newer);
  world.live(cri('last'));
  await world.start();
  await expectEach([...textsOf(older, newer), 'last']);
  await world.stop();
  await world.start();
  await expectEach([...textsOf(older, newer), 'last']);
});

test.each(BEGINNINGS)(
  'two files begin with %s: one after the other, renamed, compressed and deleted',
  async (_, older, newer) => {
    world.live(older);
    await world.start();
    await expectEach(textsOf(older));
    world.rename(world.path(LIVE), world.path(rotated(1)));
    world.live(newer);
    world.live(cri('more'));
    await expectEach([...textsOf(older, newer), 'more']);
    await world.stop();
    world.gzip(world.path(rotated(1)));
    world.rename(world.path(LIVE), world.path(rotated(2)));
    world.write(world.path(rotated(2)), cri('late'));
    world.live(cri('last'));
    await world.start();
    await expectEach([...textsOf(older, newer), 'more', 'late', 'last']);
    await world.stop();
    world.remove(`${world.path(rotated(1))}.gz`);
    world.gzip(world.path(rotated(2)));
    await world.start();
    await expectEach([...textsOf(older, newer), 'more', 'late', 'last']);
    expect(world.markers()).toEqual([]);
  },
);

test('a file that is compressed while it is closed is still the same', async () => {
  world.live(cri('a'));
  await world.start();
  world.rename(world.path(LIVE), world.path(rotated(1)));
  world.live(cri('b'));
  await until(
    () => world.metric('open_files') === 1,
    () => 'the old file stays open',
  );
  const { size } = statSync(world.path(rotated(1)));
  world.gzip(world.path(rotated(1)));
  await expectEach(['a', 'b']);
  expect([...world.sink.positions.values()].map(({ stdout }) => stdout)).toEqual([size, size]);
});

test.each([0, 1])(
  'a file that is open while it is empty is written, renamed and compressed at once, after %s others',
  async (others) => {
    const before = Array.from({ length: others }, (_, i) => `before ${i}`);
    for (const [i, text] of before.entries()) world.write(world.path(rotated(i)), cri(text));
    world.live('');
    await world.start();
    await expectEach(before);
    world.live(cri('only'));
    world.rename(world.path(LIVE), world.path(rotated(5)));
    world.gzip(world.path(rotated(5)));
    world.live(cri('next'));
    await expectEach([...before, 'only', 'next']);
    await world.stop();
    await world.start();
    world.live(cri('last'));
    await expectEach([...before, 'only', 'next', 'last']);
  },
);
