/**
 * Flushes everything that a stopped server left in its WAL, so that the size on disk is that of segments alone.
 * `node flush-all.ts <dataDir>`
 */
import { resolve } from 'node:path';
import { pino } from 'pino';
import { Positions } from '../../server/ingest/positions.ts';
import { realDisk } from '../../server/engines/embedded/platform/disk.ts';
import { flush } from '../../server/engines/embedded/core/flush.ts';
import { Store } from '../../server/engines/embedded/core/store.ts';
import { Metrics } from '../../shared/metrics.ts';

const store = await Store.open({
  dataDir: resolve(process.argv[2]!),
  indexedFields: ['request_id', 'user_id', 'trace_id', 'path'],
  state: new Positions(Date.now),
  flush: (input) => flush(realDisk, input),
  now: Date.now,
  log: pino({ level: 'warn' }),
  metrics: new Metrics(),
});
await store.flushAll();
await store.close();
