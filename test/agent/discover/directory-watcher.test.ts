import { EventEmitter } from 'node:events';
import { tmpdir } from 'node:os';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { DirectoryWatcher, type WatchPods } from '../../../agent/discover/directory-watcher.ts';
import { WATCH_RETRY_MS } from '../../../agent/limits.ts';

class FakeWatcher extends EventEmitter {
  close(): Promise<void> {
    return Promise.resolve();
  }
}

test('a watch that fails long after it was begun is tried again after a pause from then on', () => {
  const watchers: FakeWatcher[] = [];
  const watch: WatchPods = () => {
    watchers.push(new FakeWatcher());
    return watchers.at(-1) as unknown as ReturnType<WatchPods>;
  };
  const log = pino({ level: 'silent' });
  const nothing = (): void => undefined;
  const watcher = new DirectoryWatcher({ podsDir: tmpdir(), watch, log, changed: nothing, begun: nothing });
  watcher.open(1, 0);
  watchers[0]!.emit('ready');
  expect(watcher.isWatching).toBe(true);

  const failedMs = 10 * WATCH_RETRY_MS;
  watchers[0]!.emit('error', Object.assign(new Error('none left'), { code: 'ENOSPC' }));
  expect(watcher.isWatching).toBe(false);
  watcher.open(1, failedMs);
  watcher.open(1, failedMs + WATCH_RETRY_MS - 1);
  expect(watchers).toHaveLength(1);
  watcher.open(1, failedMs + WATCH_RETRY_MS);
  expect(watchers).toHaveLength(2);
});
