/**
 * A child process for kill.test.ts: a store in the folder argv[2], with small WAL files so that flushes are frequent.
 * Appends batches of ten numbered lines for each of four files, and prints a line once a batch is durable.
 */
import { pino } from 'pino';
import { Metrics } from '../../../../shared/metrics.ts';
import { BatchAcceptor } from '../../../../server/ingest/accept-batch.ts';
import { Positions } from '../../../../server/ingest/positions.ts';
import { realDisk } from '../../../../server/engines/embedded/platform/disk.ts';
import { compact } from '../../../../server/engines/embedded/lane/compaction/compact.ts';
import { Compactor } from '../../../../server/engines/embedded/lane/compaction/compactor.ts';
import { flush } from '../../../../server/engines/embedded/core/flush.ts';
import { Store } from '../../../../server/engines/embedded/core/store.ts';
import { batchOf, numberedLines, range } from './batches.ts';

const positions = new Positions(Date.now);
const shared = {
  dataDir: process.argv[2]!,
  indexedFields: ['name', 'n'],
  now: Date.now,
  log: pino({ level: 'silent' }),
  metrics: new Metrics(),
};
const store = await Store.open({
  ...shared,
  state: positions,
  flush: (input) => flush(realDisk, input),
});
const compactor = new Compactor({
  ...shared,
  store,
  compact: (input, stop) => compact(realDisk, input, () => stop.aborted),
});
const acceptor = new BatchAcceptor(store, positions);

async function send(file: string): Promise<never> {
  for (;;) {
    const from = positions.known('node-1', file).stdout;
    await acceptor.accept(batchOf({ lines: numberedLines(file, from, 10), files: [range(file, from, from + 10)] }));
    process.stdout.write(`${file} ${from + 10}\n`);
  }
}

async function flushAgainAndAgain(): Promise<never> {
  for (;;) {
    await store.flushAll();
    compactor.tick();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

await Promise.all([...['a', 'b', 'c', 'd'].map(send), flushAgainAndAgain()]);
