/** Containers that have not written for a while: nothing is listed here for a minute, so it is the watch that tells. */
import { truncateSync, watch } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Watch } from '../../agent/discover/quiet-containers.ts';
import { cri, criLines, until, World } from './pods.ts';

let world: World;
/** Directories of containers that are watched. */
let watched: string[];

const LIVE = '0.log';
const RESCAN_MS = 60_000;

beforeEach(async () => {
  world = new World();
  watched = [];
  await world.open();
});

afterEach(() => world.close());

/** As `fs.watch`, but that `watchContainer` stands for it where a container's directory is to be watched. */
function spy(watchContainer: Watch = watch): Watch {
  return (path, listener) => {
    if (!path.endsWith('/app')) return watch(path, listener);
    const watcher = watchContainer(path, listener);
    watched.push(path);
    const { close } = watcher;
    watcher.close = () => {
      watched = watched.filter((other) => other !== path);
      close.call(watcher);
    };
    return watcher;
  };
}

async function startQuiet(): Promise<void> {
  world.write(world.path(LIVE), criLines(['a', 'b']));
  await world.start({ rescanMs: RESCAN_MS, watch: spy() });
  await world.expectLines(['a', 'b']);
  await becomesQuiet();
}

async function becomesQuiet(): Promise<void> {
  await until(
    () => watched.length === 1,
    () => `${watched.length} containers are watched`,
  );
}

test('a line that comes, and the next after another quiet time', async () => {
  await startQuiet();
  world.write(world.path(LIVE), criLines(['c']));
  await world.expectLines(['a', 'b', 'c']);
  await becomesQuiet();
  world.write(world.path(LIVE), criLines(['d']));
  await world.expectLines(['a', 'b', 'c', 'd']);
});

test('a container that writes is not watched', async () => {
  await startQuiet();
  world.write(world.path(LIVE), cri('half of ', 'P'));
  await until(
    () => watched.length === 0,
    () => 'it is watched',
  );
  await world.settled();
  expect(watched).toEqual([]);
  world.write(world.path(LIVE), cri('a line'));
  await world.expectLines(['a', 'b', 'half of a line']);
});

test('a rotation, with a late line in the old file', async () => {
  await startQuiet();
  const old = world.path('0.log.20260101-000000');
  world.rename(world.path(LIVE), old);
  world.write(old, criLines(['late']));
  world.write(world.path(LIVE), criLines(['new']));
  await world.expectLines(['a', 'b', 'late', 'new']);
});

test('a new run of the container', async () => {
  await startQuiet();
  world.write(world.path('1.log'), criLines(['again']));
  await world.expectLines(['a', 'b', 'again']);
});

test('a pod that is deleted', async () => {
  await startQuiet();
  world.remove(world.path('', '', 'ns_pod_uid'));
  await until(
    () => world.metric('open_files') === 0,
    () => 'its file is still open',
  );
  expect(watched).toEqual([]);
});

test('truncation in place', async () => {
  await startQuiet();
  truncateSync(world.path(LIVE));
  world.write(world.path(LIVE), criLines(['c']));
  await until(
    () => world.sink.texts().includes('c'),
    () => 'the line is missing',
  );
  expect(world.metric('truncated_files_total')).toBe(1);
});

test('a server that lost everything is given the files of quiet containers, too', async () => {
  await startQuiet();
  world.write(world.path(LIVE, 'other'), criLines(['first']));
  await world.expectLines(['a', 'b', 'first']);
  world.sink.lines.length = 0;
  world.sink.positions.clear();
  world.write(world.path(LIVE, 'other'), criLines(['second']));
  await until(
    () => ['a', 'b', 'first', 'second'].every((text) => world.sink.texts().includes(text)),
    () => `only ${world.sink.texts().join(', ')} arrived`,
  );
});

test('a file system that tells of nothing: found when all is listed', async () => {
  world.write(world.path(LIVE), criLines(['a']));
  await world.start({ watch: spy((path) => watch(path)) });
  await world.expectLines(['a']);
  await becomesQuiet();
  world.write(world.path(LIVE), criLines(['b']));
  await world.expectLines(['a', 'b']);
});

test('without watches a container is looked at as one that writes', async () => {
  const none: Watch = () => {
    throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  };
  world.write(world.path(LIVE), criLines(['a']));
  await world.start({ rescanMs: RESCAN_MS, watch: spy(none) });
  await world.expectLines(['a']);
  await world.settled();
  world.write(world.path(LIVE), criLines(['b']));
  await world.expectLines(['a', 'b']);
  expect(world.metric('read_errors_total')).toBe(0);
});
