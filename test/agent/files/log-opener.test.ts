/** Names of log files that are something else, and links: none of them stops the agent, or has it read what it should not. */
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LogOpener } from '../../../agent/files/log-opener.ts';
import { cri, LIVE, numbered, rotated, worldOfEachTest } from '../pods.ts';

const world = worldOfEachTest();

let outside: string;
beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), 'podlog-outside-'));
  writeFileSync(join(outside, 'secret.log'), cri('secret'));
});
afterEach(() => rmSync(outside, { recursive: true, force: true }));

/** A logger whose warnings are counted by their path. */
function warnings() {
  const paths: string[] = [];
  const write = (line: string): void => {
    const { level, path } = JSON.parse(line) as { level: number; path?: string };
    if (level === 40 && path !== undefined) paths.push(path);
  };
  return { paths, log: pino({ level: 'warn' }, { write }) };
}

async function listen(path: string): Promise<() => Promise<void>> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return () => new Promise((resolve) => server.close(() => resolve()));
}

test.each<[what: string, make: (path: string) => unknown]>([
  ['a pipe', (path) => execFileSync('mkfifo', [path])],
  ['a folder', (path) => mkdirSync(path)],
  ['a socket', listen],
  ['a link to a device', (path) => symlinkSync('/dev/zero', path)],
  [
    'a link to a pipe',
    (path) => {
      execFileSync('mkfifo', [join(outside, 'pipe')]);
      symlinkSync(join(outside, 'pipe'), path);
    },
  ],
  ['a link to nothing', (path) => symlinkSync(join(outside, 'nothing'), path)],
  ['a link to itself', (path) => symlinkSync(path, path)],
  ['a link out of the pods folder', (path) => symlinkSync(join(outside, 'secret.log'), path)],
  ['a relative link out of it', (path) => symlinkSync(`../../../../${outside.split('/').at(-1)}/secret.log`, path)],
])('%s is not read, and the other files of its container are', async (_, make) => {
  world.write(world.path(rotated(1)), cri('before'));
  const close = (await make(world.path(LIVE))) as (() => Promise<void>) | undefined;
  world.write(world.path('1.log'), cri('after'));
  const { paths, log } = warnings();
  await world.start({ log });
  await world.expectLines(['before', 'after']);
  world.write(world.path('1.log'), cri('more'));
  await world.expectLines(['before', 'after', 'more']);
  await world.settled();
  expect(paths.filter((path) => path === world.path(LIVE)).length).toBeLessThan(2);
  if (typeof close === 'function') await close();
});

test('a refusal is said once', async () => {
  mkdirSync(world.path(''), { recursive: true });
  execFileSync('mkfifo', [world.path(LIVE)]);
  symlinkSync(join(outside, 'secret.log'), world.path('1.log'));
  const { paths, log } = warnings();
  await world.start({ log, rescanMs: 20 });
  await world.settled();
  expect(paths.toSorted()).toEqual([world.path(LIVE), world.path('1.log')]);
});

test('a link that stays inside is followed, and one that leads to a folder which is allowed', async () => {
  world.write(join(world.podsDir, 'ns_other_uid2', 'app', LIVE), cri('target'));
  mkdirSync(world.path(''), { recursive: true });
  symlinkSync(join(world.podsDir, 'ns_other_uid2', 'app', LIVE), world.path(LIVE));
  symlinkSync(join(outside, 'secret.log'), world.path('1.log'));
  await world.start({ linkedDirs: [outside] });
  await world.expectInAnyOrder(['secret', 'target', 'target']);
});

test('folders that are links are not followed', async () => {
  mkdirSync(join(outside, 'app'));
  writeFileSync(join(outside, 'app', LIVE), cri('secret'));
  world.writeLines(['a']);
  symlinkSync(outside, join(world.podsDir, 'ns_linked_uid2'));
  symlinkSync(join(outside, 'app'), join(world.podsDir, 'ns_pod_uid', 'linked'));
  await world.start();
  await world.expectLines(['a']);
  await world.settled();
  expect(world.sink.texts()).toEqual(['a']);
});

test('the pods folder may itself be a link', async () => {
  const link = join(outside, 'pods');
  symlinkSync(world.podsDir, link);
  world.writeLines(['a']);
  await world.start({ podsDir: link });
  await world.expectLines(['a']);
});

test('a folder that becomes a link between the listing and the opening is seen by what was opened', () => {
  const { paths, log } = warnings();
  const opener = new LogOpener({ podsDir: world.podsDir, log });
  world.writeLines(['a']);
  mkdirSync(join(outside, 'app'));
  writeFileSync(join(outside, 'app', LIVE), cri('secret'));
  renameSync(join(world.podsDir, 'ns_pod_uid'), join(outside, 'moved'));
  symlinkSync(outside, join(world.podsDir, 'ns_pod_uid'));
  expect(opener.open(world.path(LIVE))).toBe(-1);
  expect(paths).toEqual([world.path(LIVE)]);
});

test('a folder whose name begins as that of the pods folder is outside', () => {
  const { log } = warnings();
  const opener = new LogOpener({ podsDir: world.podsDir, log });
  mkdirSync(`${world.podsDir}-other`);
  writeFileSync(join(`${world.podsDir}-other`, LIVE), cri('secret'));
  mkdirSync(world.path(''), { recursive: true });
  symlinkSync(join(`${world.podsDir}-other`, LIVE), world.path(LIVE));
  expect(opener.open(world.path(LIVE))).toBe(-1);
});

test('two names of one file are one file', async () => {
  world.writeLines(numbered('a', 100));
  linkSync(world.path(LIVE), world.path(rotated(1)));
  await world.start();
  await world.expectLines(numbered('a', 100));
  await world.settled();
  expect(world.sink.lines).toHaveLength(100);
});

test('thousands of other names, long ones and ones that are not text, do no harm', async () => {
  mkdirSync(world.path(''), { recursive: true });
  for (let i = 0; i < 3000; i++) writeFileSync(world.path(`${i}.txt`), '');
  writeFileSync(world.path(`${'9'.repeat(251)}.log`), cri('no'));
  writeFileSync(Buffer.concat([Buffer.from(world.path('')), Buffer.from('/\xff\xfe.log', 'latin1')]), cri('no'));
  mkdirSync(Buffer.concat([Buffer.from(`${world.podsDir}/ns_`), Buffer.from('\xff\n_uid', 'latin1')]));
  mkdirSync(join(world.podsDir, `ns_${'p'.repeat(248)}_uid`));
  world.writeLines(['a']);
  await world.start();
  await world.expectLines(['a']);
  await world.settled();
  expect(world.sink.texts()).toEqual(['a']);
});
