import { closeSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cri, LIVE, numbered, rotated, until, worldOfEachTest } from './pods.ts';

const world = worldOfEachTest();

test('lines that were there and lines that come', async () => {
  world.writeLines(['a', 'b']);
  await world.start();
  await world.expectLines(['a', 'b']);
  world.writeLines(['c']);
  await world.expectLines(['a', 'b', 'c']);
  expect(world.sink.lines[0]).toMatchObject({ stream: 'stdout', pod: 'pod', container: 'app', flags: 0 });
});

test('a pod that appears while the agent runs', async () => {
  await world.start();
  await world.settled();
  world.writeLines(['a']);
  await world.expectLines(['a']);
});

test('rename while running: old lines before new ones', async () => {
  world.writeLines(numbered('old', 1000));
  await world.start();
  await world.expectLines(numbered('old', 1000));
  world.writeLines(['last']);
  world.rename(world.path(LIVE), world.path(rotated(0)));
  world.writeLines(['new']);
  await world.expectLines([...numbered('old', 1000), 'last', 'new']);
});

test.each(['plain', 'gz', 'twins'])('rotation while stopped: %s', async (how) => {
  world.writeLines(numbered('old', 500));
  await world.start();
  await world.expectLines(numbered('old', 500));
  await world.stop();
  world.writeLines(numbered('more', 20_000));
  world.rename(world.path(LIVE), world.path(rotated(0)));
  if (how === 'gz') world.gzip(world.path(rotated(0)));
  if (how === 'twins') {
    world.gzip(world.path(rotated(0)), true);
    world.write(world.path(`${rotated(0)}.tmp`), cri('never'));
  }
  world.writeLines(['new']);
  await world.start();
  await world.expectLines([...numbered('old', 500), ...numbered('more', 20_000), 'new']);
  await world.settled();
  expect(world.sink.lines).toHaveLength(20_501);
});

test('three rotations while stopped', async () => {
  world.writeLines(['a']);
  await world.start();
  await world.expectLines(['a']);
  await world.stop();
  for (const i of [0, 1, 2]) {
    world.writeLines(numbered(`r${i}`, 300));
    world.rename(world.path(LIVE), world.path(rotated(i)));
    if (i < 2) world.gzip(world.path(rotated(i)));
  }
  world.writeLines(['new']);
  await world.start();
  await world.expectLines(['a', ...numbered('r0', 300), ...numbered('r1', 300), ...numbered('r2', 300), 'new']);
});

test('a file is compressed after it was read, while running and again while stopped', async () => {
  world.writeLines(numbered('old', 100));
  await world.start();
  await world.expectLines(numbered('old', 100));
  world.rename(world.path(LIVE), world.path(rotated(0)));
  world.writeLines(['new']);
  await world.expectLines([...numbered('old', 100), 'new']);
  world.gzip(world.path(rotated(0)));
  await world.settled();
  await world.stop();
  world.rename(world.path(LIVE), world.path(rotated(1)));
  world.gzip(world.path(rotated(1)));
  world.writeLines(['newest']);
  await world.start();
  await world.expectLines([...numbered('old', 100), 'new', 'newest']);
  await world.settled();
  expect(world.sink.lines).toHaveLength(102);
});

test('the inode of a deleted file is given to the new one', async () => {
  world.writeLines(['old']);
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
  world.writeLines(['a']);
  await world.start();
  await world.expectLines(['a']);
  const fd = openSync(world.path(LIVE), 'a');
  world.rename(world.path(LIVE), world.path(rotated(0)));
  world.writeLines(['new']);
  await world.expectLines(['a', 'new']);
  writeSync(fd, cri('late'));
  closeSync(fd);
  await world.expectLines(['a', 'new', 'late']);
});

test('a late line after the grace is found by listing', async () => {
  world.writeLines(['a']);
  await world.start();
  await world.expectLines(['a']);
  world.rename(world.path(LIVE), world.path(rotated(0)));
  world.writeLines(['new']);
  await world.expectLines(['a', 'new']);
  await until(
    () => world.metric('open_files') === 1,
    () => 'the old file stays open',
  );
  world.write(world.path(rotated(0)), cri('very late'));
  await world.expectLines(['a', 'new', 'very late']);
});

test('rename and rename back', async () => {
  world.writeLines(['a']);
  await world.start();
  await world.expectLines(['a']);
  world.rename(world.path(LIVE), world.path(rotated(0)));
  await world.settled();
  world.rename(world.path(rotated(0)), world.path(LIVE));
  world.writeLines(['b']);
  await world.expectLines(['a', 'b']);
  await world.settled();
  expect(world.sink.lines).toHaveLength(2);
});

test('a path that is absent for a while', async () => {
  world.writeLines(['a']);
  await world.start({ graceMs: 5_000, goneMs: 5_000 });
  await world.expectLines(['a']);
  world.rename(world.path('', 'app'), `${world.root}/away`);
  await world.settled();
  world.rename(`${world.root}/away`, world.path('', 'app'));
  world.writeLines(['b']);
  await world.expectLines(['a', 'b']);
  await world.settled();
  expect(world.sink.lines).toHaveLength(2);
});

test('a pod that is deleted right after its last line, and its position forgotten', async () => {
  await world.start();
  world.writeLines(numbered('x', 200));
  await until(
    () => world.metric('open_files') === 1,
    () => 'the file was not opened',
  );
  world.writeLines(['last words']);
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
  world.writeLines(['a']);
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
