import { expect, test } from 'vitest';
import { LINE_BYTES_MAX } from '../../agent/limits.ts';
import { FLAG_PARTIAL, FLAG_TRUNCATED, FLAG_UNPARSED } from '../../shared/row-group/format.ts';
import { formatInstant } from '../../shared/time.ts';
import { cri, LIVE, numbered, rotated, until, worldOfEachTest } from './pods.ts';

const world = worldOfEachTest();

const OLD = rotated(0);

test('a static pod is known by its hash, and its path says all that is needed: nothing is asked or waited for', async () => {
  const hash = '5f1e29cd0f3f5a3bdf2fb2d0ee4dd3a2';
  await world.start();
  await world.settled();
  world.write(world.path(LIVE, 'etcd', `kube-system_etcd-n1_${hash}`), cri('a'));
  await world.expectLines(['a']);
  expect(world.sink.lines[0]).toMatchObject({ namespace: 'kube-system', pod: 'etcd-n1', container: 'etcd' });
  expect([...world.sink.positions.keys()][0]).toMatch(`${hash}/etcd/0@`);
});

test('fragments are joined; the time is the first one’s', async () => {
  const first = cri('one ', 'P');
  world.live(first + cri('two ', 'P'));
  await world.start();
  await world.settled();
  expect(world.sink.lines).toEqual([]);
  world.live(cri('three'));
  await world.expectLines(['one two three']);
  expect(formatInstant(world.sink.lines[0]!.instant)).toBe(first.split(' ')[0]);
  expect(world.sink.lines[0]!.flags).toBe(0);
});

test.each([false, true])('P ends the old file, F starts the new one; restart between: %s', async (restarts) => {
  world.live(cri('before') + cri('half ', 'P'));
  await world.start();
  await world.expectLines(['before']);
  world.rename(world.path(LIVE), world.path(OLD));
  await world.settled();
  if (restarts) {
    await world.stop();
    await world.start();
    await world.settled();
  }
  world.live(cri('whole') + cri('after'));
  await world.expectLines(['before', 'half whole', 'after']);
  await world.settled();
  expect(world.sink.lines).toHaveLength(3);
});

test.each(['never', 'between', 'killed'])('stdout and stderr partials interleave; restart: %s', async (restart) => {
  world.live(cri('o1 ', 'P') + cri('e1 ', 'P', 'stderr') + cri('o2 ', 'P'));
  await world.start();
  await world.settled();
  world.live(cri('e2', 'F', 'stderr') + cri('e3', 'F', 'stderr'));
  await world.expectLines(['e1 e2', 'e3'], 'stderr');
  await until(
    () => [...world.sink.positions.values()][0]!.stdout === 0,
    () => 'stdout is not held back',
  );
  if (restart !== 'never') {
    await world.stop(restart === 'between' ? 1000 : 0);
    await world.start();
  }
  world.live(cri('o3') + cri('e4', 'F', 'stderr'));
  await world.expectLines(['o1 o2 o3'], 'stdout');
  await world.expectLines(['e1 e2', 'e3', 'e4'], 'stderr');
  await world.settled();
  expect(world.sink.lines).toHaveLength(4);
});

test('a final P of an exited container is a line of its own, never the beginning of 1.log', async () => {
  world.live(cri('a') + cri('dying', 'P'));
  await world.start();
  await world.expectLines(['a']);
  world.write(world.path('1.log'), cri('reborn'));
  await world.expectInAnyOrder(['a', 'dying', 'reborn']);
  expect(world.sink.lines.find(({ text }) => text === 'dying')!.flags).toBe(FLAG_PARTIAL);
  await until(
    () => world.metric('partial_lines_total') === 1,
    () => 'not counted',
  );
});

test('a final P of a deleted pod', async () => {
  world.live(cri('a') + cri('dying', 'P'));
  await world.start();
  await world.expectLines(['a']);
  world.remove(`${world.podsDir}/ns_pod_uid`);
  await world.expectLines(['a', 'dying']);
  await until(
    () => world.sink.gone.length === 1,
    () => 'the file was not reported gone',
  );
});

test('a P that nothing follows is stored after a while; its F is then a line of its own', async () => {
  world.live(cri('a', 'P'));
  await world.start({ pendingIdleMsMax: 100 });
  await world.expectLines(['a']);
  world.live(cri('b'));
  await world.expectLines(['a', 'b']);
});

test('a P that is flushed late to the old file does not swallow a line of the new one', async () => {
  world.live(cri('a'));
  await world.start();
  await world.expectLines(['a']);
  world.rename(world.path(LIVE), world.path(OLD));
  world.live(cri('b'));
  await world.expectLines(['a', 'b']);
  world.write(world.path(OLD), cri('late', 'P'));
  await world.expectLines(['a', 'b', 'late']);
  world.live(cri('c'));
  await world.expectLines(['a', 'b', 'late', 'c']);
  expect(world.sink.lines.map(({ flags }) => flags)).toEqual([0, 0, FLAG_PARTIAL, 0]);
});

test('100 KB with an emoji across the cut', async () => {
  const bytes = Buffer.from(`${'x'.repeat(16_383)}😀${'y'.repeat(90_000)}`);
  const text = bytes.toString('latin1');
  for (let at = 0; at < text.length; at += 16_384) {
    world.live(cri(text.slice(at, at + 16_384), at + 16_384 < text.length ? 'P' : 'F'));
  }
  await world.start();
  await world.expectLines([text]);
});

test('1000 fragments without an end are cut, flagged, counted and complete', async () => {
  const fragment = 'z'.repeat(16_384);
  for (let i = 0; i < 1000; i++) world.live(cri(fragment, 'P'));
  world.live(cri('end'));
  await world.start();
  await until(
    () => world.sink.lines.at(-1)?.text.endsWith('end') === true,
    () => 'the end is missing',
  );
  const { lines } = world.sink;
  expect(lines.map(({ text }) => text).join('')).toBe(`${fragment.repeat(1000)}end`);
  expect(Math.max(...lines.map(({ text }) => text.length))).toBeLessThanOrEqual(LINE_BYTES_MAX);
  expect(lines.map(({ flags }) => flags)).toEqual([...lines.slice(1).map(() => FLAG_TRUNCATED), 0]);
  await until(
    () => world.metric('truncated_lines_total') === lines.length - 1,
    () => 'not counted',
  );
});

test.each(['plain', 'gz'])('one fragment that is longer than a line may be: %s', async (how) => {
  world.live(cri('a') + cri('q'.repeat(3 * LINE_BYTES_MAX)) + cri('b'));
  world.rename(world.path(LIVE), world.path(OLD));
  if (how === 'gz') world.gzip(world.path(OLD));
  await world.start();
  await until(
    () => world.sink.texts().includes('b'),
    () => `lines are missing; markers: ${world.markers().join('; ')}`,
  );
  expect(world.sink.lines).toHaveLength(4);
  const [a, cut, marker, b] = world.sink.lines;
  expect([a!.text, b!.text]).toEqual(['a', 'b']);
  expect(cut!.flags).toBe(FLAG_TRUNCATED);
  expect(cut!.text).toMatch(/^q+$/);
  await until(
    () => world.losses('overlong').times === 1,
    () => 'not counted',
  );
  const { bytes } = world.losses('overlong');
  expect(marker!.text).toBe(
    `podlog: ${bytes} bytes of ${how === 'gz' ? `${OLD}.gz` : OLD} were lost: a line is too long`,
  );
  // The newline of the fragment is lost with its end.
  expect(cut!.text.length + bytes).toBe(3 * LINE_BYTES_MAX + 1);
});

const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, i) => i).filter((byte) => byte !== 10)).toString(
  'latin1',
);

test.each([
  ['an empty message', 'Z stdout F \n', '', 0],
  ['further tags', 'Z stdout F:x:y tagged\n', 'tagged', 0],
  ['an offset', '+02:00 stdout F offset\n', 'offset', 0],
  ['every byte', `Z stdout F ${EVERY_BYTE}\n`, EVERY_BYTE, 0],
  ['no tag', 'Z stdout no tag\n', '2026-01-02T03:04:05Z stdout no tag', FLAG_UNPARSED],
  ['no delimiter after the tag', 'Z stdout F\n', '2026-01-02T03:04:05Z stdout F', FLAG_UNPARSED],
])('what becomes of %s', async (_, rest, want, flags) => {
  world.live(`2026-01-02T03:04:05${rest}`);
  await world.start();
  await world.expectLines([want]);
  expect(world.sink.lines[0]!.flags).toBe(flags);
});

test('garbage is kept, counted, and takes the time of the line before it', async () => {
  const first = cri('a');
  world.live(`${first}\x00\xff garbage\n\n${cri('b')}`);
  await world.start();
  await world.expectLines(['a', '\x00\xff garbage', '', 'b']);
  expect(world.sink.lines.map(({ flags }) => flags)).toEqual([0, FLAG_UNPARSED, FLAG_UNPARSED, 0]);
  expect(formatInstant(world.sink.lines[1]!.instant)).toBe(first.split(' ')[0]);
  await until(
    () => world.metric('unparsed_lines_total') === 2,
    () => 'not counted',
  );
});

test('a file of garbage, with a restart', async () => {
  world.live('garbage 1\ngarbage 2\n');
  await world.start();
  await world.expectLines(['garbage 1', 'garbage 2']);
  await world.stop();
  world.live('garbage 3\n');
  await world.start();
  await world.expectLines(['garbage 1', 'garbage 2', 'garbage 3']);
  expect([...world.sink.positions.keys()][0]).toMatch(/^uid\/app\/0@crc32-[0-9a-f]{8}$/);
});

test('a half-written line waits, also the first of a file', async () => {
  const first = cri('first');
  world.live(first.slice(0, 40));
  await world.start();
  await world.settled();
  world.live(first.slice(40));
  await world.expectLines(['first']);
  const second = cri('second');
  world.live(second.slice(0, -3));
  await world.settled();
  world.live(second.slice(-3));
  await world.expectLines(['first', 'second']);
});

test('a line whose newline was never written is kept when its file is gone', async () => {
  world.live(`${cri('a')}${cri('b').slice(0, -1)}`);
  await world.start();
  await world.expectLines(['a']);
  world.remove(`${world.podsDir}/ns_pod_uid`);
  await world.expectLines(['a', 'b']);
  expect(world.sink.lines[1]!.flags).toBe(FLAG_PARTIAL);
  await until(
    () => world.metric('open_files') === 0,
    () => 'the file stays open',
  );
});

test('times that are 150 days apart in one file', async () => {
  world.live('2026-01-01T00:00:00Z stdout F a\n2026-06-01T00:00:00Z stdout F b\n2025-01-01T00:00:00Z stdout F c\n');
  await world.start();
  await world.expectLines(['a', 'b', 'c']);
  expect(world.sink.lines.map(({ instant }) => formatInstant(instant).slice(0, 7))).toEqual([
    '2026-01',
    '2026-06',
    '2025-01',
  ]);
});

test('many files are read fairly', async () => {
  for (let i = 0; i < 40; i++) {
    world.write(
      world.path(LIVE, `c${i}`),
      numbered(`c${i}`, 500)
        .map((line) => cri(line))
        .join(''),
    );
  }
  await world.start();
  await world.expectInAnyOrder(Array.from({ length: 40 }, (_, i) => numbered(`c${i}`, 500)).flat());
});
