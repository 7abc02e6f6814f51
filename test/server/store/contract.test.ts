import { join } from 'node:path';
import { pino } from 'pino';
import { expect } from 'vitest';
import { Metrics } from '../../../shared/metrics.ts';
import { openEmbeddedLogStore } from '../../../server/engines/embedded/open.ts';
import { positionsProblem } from '../../../server/ingest/check-positions.ts';
import { Positions } from '../../../server/ingest/positions.ts';
import type { LogStore } from '../../../server/store/log-store.ts';
import { newFolder } from '../engines/embedded/open-store.ts';
import { runHere } from '../engines/embedded/in-this-thread.ts';
import { describeLogStore, type LogStoreOptions } from './contract.ts';
import { memoryLogStore } from './memory-log-store.ts';

/** As server/main.ts opens it, but for the workers. @param flushes  after each batch, so that answers come from segments */
async function openEmbedded({ now, retentionMs }: LogStoreOptions, flushes: boolean): Promise<LogStore> {
  const logs = await openEmbeddedLogStore({
    dataDir: join(await newFolder(), 'data'),
    retentionMs,
    maxSizeBytes: Infinity,
    retentionRulesPath: undefined,
    indexedFields: ['n', 'request_id', 'user_id'],
    state: (clock) =>
      new Positions(
        () => clock.steadyNow(),
        () => clock.keepsAll(),
      ),
    stateProblem: positionsProblem,
    run: runHere(),
    now,
    // Time goes by as the test says.
    monotonicMs: now,
    log: pino({ level: 'silent' }),
    metrics: new Metrics(),
  });
  return {
    ...logs,
    // Not as they are now.
    get problem() {
      return logs.problem;
    },
    get unreadableCount() {
      return logs.unreadableCount;
    },
    append: async (...batch) => {
      const stored = await logs.append(...batch);
      if (flushes) await flushed(logs);
      return stored;
    },
    // Retention drops segments; a line in the WAL is young, but for a clock that a test has set.
    tick: async () => {
      await flushed(logs);
      await logs.tick();
    },
    close: async () => {
      expect(await flushed(logs)).toEqual([]);
      await logs.close();
    },
  };
}

/** What a check finds; it looks at segments alone, and so has all flushed. */
async function flushed(logs: LogStore): Promise<unknown[]> {
  await using check = await logs.check!.begin(new AbortController().signal);
  return (await Array.fromAsync(check.events)).filter(({ kind }) => kind === 'finding');
}

describeLogStore('an array', async (options) => memoryLogStore(options), { hasBackups: false });
describeLogStore('the embedded store', (options) => openEmbedded(options, false), { hasBackups: true });
describeLogStore('the embedded store, in segments', (options) => openEmbedded(options, true), { hasBackups: true });
