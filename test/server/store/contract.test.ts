import { join } from 'node:path';
import { embeddedLogStore } from '../../../server/engines/embedded/embedded-log-store.ts';
import { aggregateTask, facetsTask } from '../../../server/engines/embedded/aggregate/run.ts';
import { gatherTask } from '../../../server/engines/embedded/aggregate/tally.ts';
import { TallyMemory } from '../../../server/query/tally-memory.ts';
import { realDisk } from '../../../server/engines/embedded/platform/disk.ts';
import { eraseSegment } from '../../../server/engines/embedded/lane/erasure/erase-segment.ts';
import { Erasures } from '../../../server/engines/embedded/lane/erasure/erasures.ts';
import type { LogStore } from '../../../server/store/log-store.ts';
import { OpenFiles } from '../../../server/engines/embedded/scan/open-files.ts';
import { RowGroups } from '../../../server/engines/embedded/scan/row-groups.ts';
import { streamsInRange } from '../../../server/engines/embedded/scan/streams-in-range.ts';
import { queryContext } from '../engines/embedded/query-context.ts';
import { describeLogStore, type LogStoreOptions } from './contract.ts';
import { memoryLogStore } from './memory-log-store.ts';
import { openStore } from '../engines/embedded/open-store.ts';

/** @param flushes  after each batch, so that answers come from segments */
async function openEmbedded(options: LogStoreOptions, flushes: boolean): Promise<LogStore> {
  const { store, dataDir, options: used } = await openStore(options);
  const { log, now, indexedFields } = used;
  const erasures = await Erasures.open({
    store,
    dataDir,
    indexedFields,
    now,
    log,
    snapshotsDir: join(dataDir, 'snapshots'),
    erase: (input) => eraseSegment(realDisk, input),
  });
  const rowGroups = new RowGroups(new OpenFiles());
  const query = {
    ...queryContext(store),
    aggregate: async (input: Parameters<typeof aggregateTask>[0]) => aggregateTask(input, rowGroups),
    gather: async (input: Parameters<typeof gatherTask>[0]) => gatherTask(input),
    memory: new TallyMemory(),
    streams: async (input: Parameters<typeof streamsInRange>[0]) => streamsInRange(input, rowGroups),
    facets: async (input: Parameters<typeof facetsTask>[0]) => facetsTask(input, rowGroups),
  };
  const logs = embeddedLogStore({ store, erasures, newQuery: () => query });
  const append: LogStore['append'] = async (...batch) => {
    const stored = await logs.append(...batch);
    if (flushes) await store.flushAll();
    return stored;
  };
  // Retention drops segments; a line in the WAL is young, but for a clock that a test has set.
  const tick = async (): Promise<void> => {
    await store.flushAll();
    await logs.tick();
  };
  return { ...logs, problem: undefined, append, tick };
}

describeLogStore('an array', async (options) => memoryLogStore(options));
describeLogStore('the embedded store', (options) => openEmbedded(options, false));
describeLogStore('the embedded store, in segments', (options) => openEmbedded(options, true));
