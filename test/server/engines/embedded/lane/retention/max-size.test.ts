/** --max-size holds while others write: what a merge or an erasure adds, and what comes in meanwhile, is in the reserve. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Metrics } from '../../../../../../shared/metrics.ts';
import {
  COMPACTION_WAL_FILES_MAX,
  MAX_SIZE_RESERVE_BYTES,
  SEGMENT_BYTES_MAX,
  WAL_FILE_BYTES_MAX,
} from '../../../../../../server/limits.ts';
import {
  compact,
  type CompactInput,
  type CompactOutput,
} from '../../../../../../server/engines/embedded/lane/compaction/compact.ts';
import { Compactor } from '../../../../../../server/engines/embedded/lane/compaction/compactor.ts';
import { realDisk } from '../../../../../../server/engines/embedded/platform/disk.ts';
import { eraseSegment } from '../../../../../../server/engines/embedded/lane/erasure/erase-segment.ts';
import { findErased } from '../../../../../../server/engines/embedded/lane/erasure/find-erased.ts';
import { Erasures } from '../../../../../../server/engines/embedded/lane/erasure/erasures.ts';
import { Retention } from '../../../../../../server/engines/embedded/lane/retention/retention.ts';
import { valueLeaf } from '../../../../../../server/store/predicate.ts';
import { parsePattern } from '../../../../../../server/store/value-test.ts';
import { batchOf, numberedLines, TODAY } from '../../batches.ts';
import { append, openStore, type OpenStore } from '../../open-store.ts';

const SEGMENTS = 12;

async function sizeOf(dataDir: string): Promise<number> {
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(files.map((path) => stat(path).catch(() => ({ size: 0 }))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

async function addSegment({ store }: OpenStore, n: number, name: string): Promise<void> {
  await append(store, batchOf({ lines: numberedLines(name, n * 1000, 1000, TODAY - SEGMENTS + n) }));
  await store.flushAll();
}

/** A store whose size is at the limit below the reserve. */
async function fullStore(): Promise<OpenStore & { limitBytes: number; segmentBytes: number; retention: Retention }> {
  const open = await openStore();
  for (let n = 0; n < SEGMENTS; n++) await addSegment(open, n, 'before');
  const { store, dataDir, options } = open;
  const limitBytes = await sizeOf(dataDir);
  const segmentBytes = Math.max(...store.segments().map(({ sizeBytes }) => sizeBytes));
  const { now: expiryNow, log, indexedFields } = options;
  const bytesMax = MAX_SIZE_RESERVE_BYTES + limitBytes;
  const shared = { store, dataDir, indexedFields, expiryNow, log, compact: compactHere };
  return {
    ...open,
    limitBytes,
    segmentBytes,
    retention: new Retention({ ...shared, rules: [], retentionMs: Infinity, bytesMax }),
  };
}

function compactHere(input: CompactInput, stop: AbortSignal): Promise<CompactOutput> {
  return compact(realDisk, input, () => stop.aborted);
}

test('the reserve has room for the largest merge, and for the WAL files that wait meanwhile', () => {
  const waitingBytes = (COMPACTION_WAL_FILES_MAX + 2) * WAL_FILE_BYTES_MAX;
  expect(MAX_SIZE_RESERVE_BYTES).toBeGreaterThanOrEqual(SEGMENT_BYTES_MAX + waitingBytes);
});

test('an erasure of many segments lets the oldest go as others come', async () => {
  const open = await fullStore();
  const { store, dataDir, options, retention, limitBytes, segmentBytes } = open;
  const sizes: number[] = [];
  let added = 0;
  const erasures = await Erasures.open({
    ...options,
    store,
    erase: async (input, stop) => {
      // While the segment is rewritten, as much comes in as one has.
      await addSegment(open, SEGMENTS + added++, 'meanwhile');
      void retention.tick();
      const output = await eraseSegment(realDisk, input, () => stop.aborted);
      sizes.push(await sizeOf(dataDir));
      return output;
    },
    find: (input) => findErased(realDisk, input),
  });
  await erasures.request({
    from: undefined,
    to: undefined,
    where: valueLeaf('n', [parsePattern('*7')]),
  });
  await erasures.idle();
  await retention.tick();
  expect(added).toBeGreaterThan(SEGMENTS / 4);
  // What came in, what is rewritten, and what an open snapshot may still hold; not all that came since the request.
  expect(Math.max(...sizes)).toBeLessThan(limitBytes + 4 * segmentBytes);
  expect(await sizeOf(dataDir)).toBeLessThan(limitBytes + segmentBytes);
  await erasures.close();
});

test('a merge needs no more room than its result', async () => {
  const open = await fullStore();
  const { store, dataDir, options, limitBytes } = open;
  for (let n = 0; n < SEGMENTS; n++) await addSegment(open, SEGMENTS - 1, `other-${n}`);
  const before = await sizeOf(dataDir);
  const results: { totalBytes: number; sizeBytes: number }[] = [];
  const compactor = new Compactor({
    ...options,
    store,
    metrics: new Metrics(),
    compact: async (input, stop) => {
      const output = await compactHere(input, stop);
      const sizeBytes = output.kind === 'merged' ? output.segment!.sizeBytes : 0;
      results.push({ totalBytes: await sizeOf(dataDir), sizeBytes });
      return output;
    },
  });
  await compactor.settle();
  expect(results.length).toBeGreaterThan(0);
  for (const { totalBytes, sizeBytes } of results) expect(totalBytes).toBeLessThanOrEqual(before + sizeBytes);
  await open.retention.tick();
  expect(await sizeOf(dataDir)).toBeLessThanOrEqual(limitBytes);
  await compactor.close();
});
