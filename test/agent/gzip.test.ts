/** Compressed files that are not what the kubelet makes: damaged from their beginning, other data, or still being written. */
import { appendFileSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { cri, criLines, LIVE, numbered, rotated, until, worldOfEachTest } from './pods.ts';

const world = worldOfEachTest();

function damageOf(file: string): string {
  return `podlog: lines of ${file} were lost: its gzip data is damaged`;
}

function writeGzip(number: number, bytes: Uint8Array | string): string {
  const name = `${rotated(number)}.gz`;
  mkdirSync(world.path('', 'app'), { recursive: true });
  writeFileSync(world.path(name), bytes);
  return name;
}

/** So that it was not written just now. */
function age(name: string): void {
  utimesSync(world.path(name), 1_767_225_600, 1_767_225_600);
}

const SOUND = gzipSync(criLines(numbered('x', 1_000)));

test.each([
  ['no byte', Buffer.alloc(0)],
  ['another magic number', Buffer.concat([Buffer.of(0x42), SOUND.subarray(1)])],
  ['half a header', SOUND.subarray(0, 5)],
  ['a header and no data', SOUND.subarray(0, 10)],
  ['damage right after the header', Buffer.concat([SOUND.subarray(0, 10), Buffer.alloc(200, 0xff)])],
  ['zeros, as after a power cut', Buffer.alloc(4_096)],
  ['text', Buffer.from(criLines(['not compressed']))],
])('a gzip file of which nothing can be read has one marker, over restarts, too: %s', async (_, bytes) => {
  const name = writeGzip(1, bytes);
  age(name);
  world.writeLines(['new']);
  await world.start();
  await world.expectLines([damageOf(name), 'new']);
  await world.restart();
  world.writeLines(['newer']);
  await world.expectLines([damageOf(name), 'new', 'newer']);
  await world.restart();
  expect(world.markers()).toEqual([damageOf(name)]);
});

test('two of them have a marker each, and when they are deleted nothing more is said', async () => {
  const names = [1, 2].map((n) => writeGzip(n, 'no gzip'));
  for (const name of names) age(name);
  world.writeLines(['new']);
  await world.start();
  const want = [...names.map(damageOf), 'new'];
  await world.expectLines(want);
  await world.settled();
  await world.stop();
  for (const name of names) rmSync(world.path(name));
  await world.start();
  await world.settled();
  await world.expectLines(want);
});

test('the file that the server knows, of which nothing can be read any more, has one marker', async () => {
  world.writeLines(['a']);
  await world.start();
  await world.expectLines(['a']);
  await world.stop();
  world.writeLines(['b']);
  world.remove(world.path(LIVE));
  const name = writeGzip(1, 'no gzip');
  age(name);
  world.writeLines(['new']);
  await world.start();
  await world.expectLines(['a', damageOf(name), 'new']);
  await world.restart();
  expect(world.markers()).toEqual([damageOf(name)]);
});

test('one that had been read before it was compressed has none', async () => {
  await world.readRotatedThenRemove();
  age(writeGzip(1, 'no gzip'));
  await world.start();
  world.writeLines(['c']);
  await world.expectLines(['a', 'b', 'c']);
  await world.restart();
  expect(world.markers()).toEqual([]);
});

test('lines before the first damaged byte are read once, whatever was known of the file', async () => {
  world.writeLines(numbered('x', 10));
  await world.start();
  await world.expectLines(numbered('x', 10));
  await world.stop();
  world.writeLines(numbered('y', 2_000));
  const whole = gzipSync(readFileSync(world.path(LIVE)));
  world.remove(world.path(LIVE));
  // In the part in which the file's first line is looked for.
  const damaged = Buffer.concat([whole.subarray(0, 2_000), Buffer.alloc(2_000, 0xff)]);
  const name = writeGzip(1, damaged);
  age(name);
  world.writeLines(['new']);
  await world.start();
  await world.settled();
  await world.restart();
  const got = world.sink.texts('stdout').filter((text) => /^[xy]-\d+$/.test(text));
  expect(got).toEqual([...numbered('x', 10), ...numbered('y', got.length - 10)]);
  expect(got.length).toBeGreaterThan(20);
  expect(world.markers()).toEqual([damageOf(name)]);
});

test('an empty one that is whole has no marker', async () => {
  age(writeGzip(1, gzipSync('')));
  world.writeLines(['new']);
  await world.start();
  await world.expectLines(['new']);
  await world.restart();
  expect(world.sink.texts()).toEqual(['new']);
});

test.each([0, 5, 2_000])(
  'one that is still being written, of which %i bytes are there, is read when it is whole',
  async (size) => {
    const whole = gzipSync(criLines(numbered('x', 3_000)));
    const name = writeGzip(1, whole.subarray(0, size));
    world.writeLines(['new']);
    await world.start({ graceMs: 60_000 });
    await world.settled();
    appendFileSync(world.path(name), whole.subarray(size));
    await world.expectLines([...numbered('x', 3_000), 'new']);
    expect(world.markers()).toEqual([]);
  },
);

test('one whose writer has stopped half-way has what there is, and a marker', async () => {
  const whole = gzipSync(criLines(numbered('x', 3_000)));
  const name = writeGzip(1, whole.subarray(0, 2_000));
  world.live(cri('new'));
  await world.start();
  await until(
    () => world.markers().length > 0,
    () => 'no marker',
  );
  await world.restart();
  const got = world.sink.texts('stdout').filter((text) => /^x-\d+$/.test(text));
  expect(got).toEqual(numbered('x', got.length));
  expect(got.length).toBeGreaterThan(20);
  expect(world.markers()).toEqual([damageOf(name)]);
});
