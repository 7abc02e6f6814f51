/** Pods and containers that live for less than a tick, and what comes and goes while an agent is halted. */
import { realpathSync } from 'node:fs';
import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import type { WatchPods } from '../../../agent/discover/directory-watcher.ts';
import { criLines, halt, LIVE, numbered, POD, until, worldOfEachTest } from '../pods.ts';

const world = worldOfEachTest();

test('a pod that lives less than a look is captured or counted', async () => {
  await world.start();
  await world.settled();
  world.writeLines(['a', 'b']);
  world.remove(`${world.podsDir}/${POD}`);
  await world.expectOnlyMarker(
    'never-opened',
    'podlog: lines of 0.log may have been lost: it was deleted before it could be opened',
    '',
  );
});

const UNSEEN = 'podlog: lines of 0.log may have been lost: it was deleted before it could be opened';

test('a container that comes and goes between two looks in a pod that stays', async () => {
  world.writeLines(['a'], 'other');
  await world.start({ tickMs: 60 });
  await world.expectLines(['a']);
  await until(
    () => world.metric('polling') === 0,
    () => 'pods are not watched',
  );
  world.writeLines(['b']);
  world.remove(world.path('', 'app'));
  await world.expectOnlyMarker('never-opened', UNSEEN);
});

test('the same where no event tells of it: the marker names no container', async () => {
  world.writeLines(['a'], 'other');
  const silent = Object.assign(new EventEmitter(), { close: async () => {} });
  await world.start({ tickMs: 60, watchPods: () => silent as unknown as ReturnType<WatchPods> });
  silent.emit('ready');
  await world.expectLines(['a']);
  await world.settled();
  world.writeLines(['b']);
  world.remove(world.path('', 'app'));
  await world.expectOnlyMarker('never-opened', UNSEEN, '');
});

test('an agent that ends right after the event of a pod that came and went still leaves its marker', async () => {
  const events = Object.assign(new EventEmitter(), { close: async () => {} });
  await world.start({ watchPods: () => events as unknown as ReturnType<WatchPods> });
  events.emit('ready');
  await world.settled();
  events.emit('raw', 'rename', POD, { watchedPath: realpathSync(world.podsDir) });
  await world.stop(30_000);
  expect(world.markers()).toEqual([UNSEEN]);
});

test('pods that live for 5 to 500 ms: every line is there, or the pod has its marker', async () => {
  await world.start({ tickMs: 120 });
  await world.settled();
  const names = Array.from({ length: 40 }, (_, i) => `pod-${i}`);
  await Promise.all(
    names.map(async (name, i) => {
      const path = world.path(LIVE, 'app', `ns_${name}_uid-${i}`);
      world.write(path, criLines(numbered(name, 10)));
      const endMs = Date.now() + 5 + i * 12;
      await until(
        () => Date.now() >= endMs,
        () => '',
      );
      world.remove(`${world.podsDir}/ns_${name}_uid-${i}`);
    }),
  );
  const accounted = (name: string): boolean => {
    const lines = world.sink.lines.filter(({ pod }) => pod === name).map(({ text }) => text);
    return (
      lines.filter((text) => text.startsWith(name)).length === 10 || lines.some((text) => text.startsWith('podlog: '))
    );
  };
  await until(
    () => names.every(accounted),
    () => `${names.filter((name) => !accounted(name)).join(' ')} left no trace`,
  );
  await world.settled();
  for (const name of names) {
    const lines = world.sink.lines.filter(({ pod }) => pod === name).map(({ text }) => text);
    expect(lines.length === 1 || lines.join() === numbered(name, 10).join(), lines.join()).toBe(true);
  }
});

test('an agent that was halted: what came and went meanwhile in a directory that is still there has a marker', async () => {
  await world.start();
  await world.settled();
  world.writeLines(['a'], 'other');
  world.writeLines(['lost']);
  halt();
  world.remove(world.path(LIVE));
  await world.expectOnlyMarker(
    'never-opened',
    'podlog: lines of 0.log may have been lost: it was deleted before it could be opened',
  );
});
