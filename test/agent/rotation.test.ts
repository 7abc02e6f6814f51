import { closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cri, numbered, until, World } from './pods.ts';

let world: World;

beforeEach(async () => {
  world = new World();
  await world.open();
});

afterEach(() => world.close());

const LIVE = '0.log';
const OLD = ['20260101-000000', '20260101-000001', '20260101-000002'].map((rotation) => `0.log.${rotation}`);

function writeAll(name: string, lines: readonly string[]): void {
  world.write(world.path(name), lines.map((line) => cri(line)).join(''));
}

test('lines that were there and lines that come', async () => {
  writeAll(LIVE, ['a', 'b']);
  await world.start();
  await world.expectLines(['a', 'b']);
  writeAll(LIVE, ['c']);
  await world.expectLines(['a', 'b', 'c']);
  expect(world.sink.lines[0]).toMatchObject({ stream: 'stdout', pod: 'pod', container: 'app', flags: 0 });
});

test('a pod that appears while the agent runs', async () => {
  await world.start();
  await world.settled();
  writeAll(LIVE, ['a']);
  await world.expectLines(['a']);
});

test('rename while running: old lines before new ones', async () => {
  writeAll(LIVE, numbered('old', 1000));
  await world.start();
  await world.expectLines(numbered('old', 1000));
  writeAll(LIVE, ['last']);
  world.rename(world.path(LIVE), world.path(OLD[0]!));
  writeAll(LIVE, ['new']);
  await world.expectLines([...numbered('old', 1000), 'last', 'new']);
});

test.each(['plain', 'gz', 'twins'])('rotation while stopped: %s', async (how) => {
  writeAll(LIVE, numbered('old', 500));
  await world.start();
  await world.expectLines(numbered('old', 500));
  await world.stop();
  writeAll(LIVE, numbered('more', 20_000));
  world.rename(world.path(LIVE), world.path(OLD[0]!));
  if (how === 'gz') world.gzip(world.path(OLD[0]!));
  if (how === 'twins') {
    world.gzip(world.path(OLD[0]!), true);
    world.write(world.path(`${OLD[0]}.tmp`), cri('never'));
  }
  writeAll(LIVE, ['new']);
  await world.start();
  await world.expectLines([...numbered('old', 500), ...numbered('more', 20_000), 'new']);
  await world.settled();
  expect(world.sink.lines).toHaveLength(20_501);
});

test('three rotations while stopped', async () => {
  writeAll(LIVE, ['a']);
  await world.start();
  await world.expectLines(['a']);
  await world.stop();
  for (const [i, name] of OLD.entries()) {
    writeAll(LIVE, numbered(`r${i}`, 300));
    world.rename(world.path(LIVE), world.path(name));
    if (i < 2) world.gzip(world.path(name));
  }
  writeAll(LIVE, ['new']);
  await world.start();
  await world.expectLines(['a', ...numbered('r0', 300), ...numbered('r1', 300), ...numbered('r2', 300), 'new']);
});

test('a file is compressed after it was read, while running and again while stopped', async () => {
  writeAll(LIVE, numbered('old', 100));
  await world.start();
  await world.expectLines(numbered('old', 100));
  world.rename(world.path(LIVE), world.path(OLD[0]!));
  writeAll(LIVE, ['new']);
  await world.expectLines([...numbered('old', 100), 'new']);
  world.gzip(world.path(OLD[0]!));
  await world.settled();
  await world.stop();
  world.rename(world.path(LIVE), world.path(OLD[1]!));
  world.gzip(world.path(OLD[1]!));
  writeAll(LIVE, ['newest']);
  await world.start();
  await world.expectLines([...numbered('old', 100), 'new', 'newest']);
  await world.settled();
  expect(world.sink.lines).toHaveLength(102);
});

test('the inode of a deleted file is given to the new one', async () => {
  writeAll(LIVE, ['old']);
  await world.start();
  await world.expectLines(['old']);
  await world.stop();
  const { ino } = statSync(world.path(LIVE));
  // Rewriting in place keeps the inode, whatever the file system would have done with a new file.
  writeFileSync(world.path(LIVE), cri('new-1') + cri('new-2'));
  expect(statSync(world.path(LIVE)).ino).toBe(ino);
  await world.start();
  // Nobody knows whether the old file had grown before it went.
  await world.expectLines([
    'old',
    'podlog: lines of 0.log may have been lost: it was deleted while no agent was running',
    'new-1',
    'new-2',
  ]);
});

test('the old file grows after the new one has data', async () => {
  writeAll(LIVE, ['a']);
  await world.start();
  await world.expectLines(['a']);
  const fd = openSync(world.path(LIVE), 'a');
  world.rename(world.path(LIVE), world.path(OLD[0]!));
  writeAll(LIVE, ['new']);
  await world.expectLines(['a', 'new']);
  writeSync(fd, cri('late'));
  closeSync(fd);
  await world.expectLines(['a', 'new', 'late']);
});

test('a late line after the grace is found by listing', async () => {
  writeAll(LIVE, ['a']);
  await world.start();
  await world.expectLines(['a']);
  world.rename(world.path(LIVE), world.path(OLD[0]!));
  writeAll(LIVE, ['new']);
  await world.expectLines(['a', 'new']);
  await until(
    () => world.metric('open_files') === 1,
    () => 'the old file stays open',
  );
  writeAll(OLD[0]!, ['very late']);
  await world.expectLines(['a', 'new', 'very late']);
});

test('rename and rename back', async () => {
  writeAll(LIVE, ['a']);
  await world.start();
  await world.expectLines(['a']);
  world.rename(world.path(LIVE), world.path(OLD[0]!));
  await world.settled();
  world.rename(world.path(OLD[0]!), world.path(LIVE));
  writeAll(LIVE, ['b']);
  await world.expectLines(['a', 'b']);
  await world.settled();
  expect(world.sink.lines).toHaveLength(2);
});

test('a path that is absent for a while', async () => {
  writeAll(LIVE, ['a']);
  await world.start({ graceMs: 5_000, goneMs: 5_000 });
  await world.expectLines(['a']);
  world.rename(world.path('', 'app'), `${world.root}/away`);
  await world.settled();
  world.rename(`${world.root}/away`, world.path('', 'app'));
  writeAll(LIVE, ['b']);
  await world.expectLines(['a', 'b']);
  await world.settled();
  expect(world.sink.lines).toHaveLength(2);
});

test('a pod that is deleted right after its last line, and its position forgotten', async () => {
  await world.start();
  writeAll(LIVE, numbered('x', 200));
  await until(
    () => world.metric('open_files') === 1,
    () => 'the file was not opened',
  );
  writeAll(LIVE, ['last words']);
  world.remove(`${world.podsDir}/ns_pod_uid`);
  await world.expectLines([...numbered('x', 200), 'last words']);
  await until(
    () => world.sink.gone.length === 1,
    () => 'the file was not reported gone',
  );
  expect(world.metric('open_files')).toBe(0);
  expect(world.sink.positions.size).toBe(0);
});

test('a file that was deleted while stopped is reported gone', async () => {
  writeAll(LIVE, ['a']);
  await world.start();
  await world.expectLines(['a']);
  await world.stop();
  world.remove(`${world.podsDir}/ns_pod_uid`);
  await world.start();
  await until(
    () => world.sink.gone.length === 1,
    () => 'the file was not reported gone',
  );
});
