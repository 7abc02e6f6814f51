/** Files that are cut in place or damaged: what is lost has a marker, stored once, whatever is repeated. */
import { mkdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { cri, criLines, LIVE, numbered, rotated, until, worldOfEachTest } from '../pods.ts';

const world = worldOfEachTest();

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
  await world.expectOnlyMarker('truncated', marker);
});

test('truncation in place: new content that becomes longer than the old is not taken for more of it', async () => {
  world.writeLines(['a']);
  // The old content is remembered for as long.
  await world.start({ graceMs: 60_000 });
  await world.expectLines(['a']);
  truncateSync(world.path(LIVE));
  const marker = 'podlog: lines of 0.log may have been lost: it was truncated in place';
  await world.expectLines(['a', marker]);
  world.writeLines(['b', 'c', 'd']);
  await world.expectLines(['a', marker, 'b', 'c', 'd']);
  // The directory is listed again.
  world.write(world.path('1.log'), cri('e'));
  await world.expectLines(['a', marker, 'b', 'c', 'd', 'e']);
  await world.restart();
  expect(world.sink.texts()).toEqual(['a', marker, 'b', 'c', 'd', 'e']);
});

test.each([
  ['as long as', ['b']],
  ['longer than', ['b', 'c']],
])('truncation in place: new content that is %s the old before anyone looks', async (_, texts) => {
  world.writeLines(['a']);
  await world.start({ graceMs: 60_000 });
  await world.expectLines(['a']);
  const { size } = statSync(world.path(LIVE));
  // In one step for the agent, which looks between two turns of the event loop.
  truncateSync(world.path(LIVE));
  world.writeLines(texts);
  expect(statSync(world.path(LIVE)).size).toBe(size * texts.length);
  const marker = 'podlog: lines of 0.log may have been lost: it was truncated in place';
  await world.expectLines(['a', marker, ...texts]);
  await world.expectOnlyMarker('truncated', marker);
  world.writeLines(['last']);
  await world.restart();
  await world.expectLines(['a', marker, ...texts, 'last']);
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
  await world.expectOnlyMarker('truncated', `podlog: ${bytes} bytes of 0.log were lost: it was truncated in place`);
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
  await world.expectOnlyMarker('gzip', `podlog: lines of ${rotated(1)}.gz were lost: its gzip data is damaged`);
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
