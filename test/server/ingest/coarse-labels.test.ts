/** A store that is full of streams: pushes of new ones are refused, and no line of an agent is. */
import { expect, test } from 'vitest';
import { TooManyStreamsError } from '../../../shared/errors.ts';
import { type Labels, labelsMemoryBytes } from '../../../shared/labels.ts';
import { BatchAcceptor } from '../../../server/ingest/accept-batch.ts';
import { COARSE_POD, coarseningReporter } from '../../../server/ingest/coarse-labels.ts';
import { Positions } from '../../../server/ingest/positions.ts';
import { PUSH_NODE } from '../../../server/store/positions.ts';
import { COMPLAINT_MS, PUSHED_STREAMS_SHARE_MAX } from '../../../server/limits.ts';
import { Metrics } from '../../../shared/metrics.ts';
import { batchOf, range } from '../engines/embedded/batches.ts';
import { linesOf, openStore } from '../engines/embedded/open-store.ts';

const LIMITS = { count: 1000, bytes: 256 * 1024 };
const SETS_PER_BATCH = 10;

/** About 3 KB. */
function largeSet(name: string): Labels {
  return Object.fromEntries(Array.from({ length: 3 }, (_, i) => [`label${i}`, name.padEnd(1000, 'x')]));
}

test('a full store', async () => {
  const positions = new Positions(() => 0);
  const { store } = await openStore({ state: positions, streamLimits: LIMITS });
  const metrics = new Metrics();
  const warnings: unknown[] = [];
  let nowMs = 0;
  const log = { warn: (fields: object) => warnings.push(fields) } as never;
  const report = coarseningReporter({ log, metrics, now: () => nowMs });
  const acceptor = new BatchAcceptor(store, positions, undefined, report);
  let fileBytes = 0;
  const accept = (lines: readonly { text: string; labels: Labels }[], node = 'node-1') => {
    const files = node === PUSH_NODE ? [] : [range('f', fileBytes, ++fileBytes)];
    return acceptor.accept(batchOf({ lines, node, files }));
  };
  const fill = async (name: string, node: string): Promise<void> => {
    for (let i = 0; ; i++) {
      const before = store.stats().streamCount;
      const sets = Array.from({ length: SETS_PER_BATCH }, (_, s) => largeSet(`${name} ${i} ${s} `));
      await accept(
        sets.map((labels) => ({ text: name, labels })),
        node,
      );
      if (store.stats().streamCount < before + SETS_PER_BATCH) return;
    }
  };

  // Pushes have their share of the room.
  await expect(fill('push', PUSH_NODE)).rejects.toThrow(TooManyStreamsError);
  const room = SETS_PER_BATCH * labelsMemoryBytes(largeSet(''));
  expect(store.stats().streamBytes).toBeGreaterThan(PUSHED_STREAMS_SHARE_MAX * LIMITS.bytes - room - 1);
  expect(store.stats().streamBytes).toBeLessThanOrEqual(PUSHED_STREAMS_SHARE_MAX * LIMITS.bytes);
  expect(warnings).toEqual([]);

  // Agents have the rest, and go on when that is gone.
  await fill('agent', 'node-1');
  expect(warnings).toHaveLength(1);
  const pod = (name: string): Labels => ({
    namespace: 'shop',
    node: 'node-1',
    pod: name,
    container: 'c',
    stream: 'stdout',
  });
  for (let i = 0; store.stats().streamBytes <= LIMITS.bytes - 1000; i++) {
    await accept([{ text: 'fits', labels: pod(`fitting-${i}`) }]);
  }
  const news = Array.from({ length: 500 }, (_, i) => ({ text: `news ${i}`, labels: pod(`new-${i}`) }));
  expect(await accept(news)).toEqual({ kind: 'stored', rowCount: 500 });
  const before = store.stats().streamCount;
  nowMs = COMPLAINT_MS;
  expect(await accept(news)).toEqual({ kind: 'stored', rowCount: 500 });
  expect(store.stats().streamCount).toBe(before);
  expect(warnings).toHaveLength(2);
  expect(positions.known('node-1', 'f').stdout).toBe(fileBytes);
  const lines = linesOf(store).filter((line) => line.includes('news 499'));
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    for (const text of ['["namespace","shop"]', '["container","c"]', `["pod","${COARSE_POD}"]`])
      expect(line).toContain(text);
    expect(line).not.toContain('node-1');
  }
  const known = { text: 'known', labels: largeSet('push 0 0 ') };
  expect(await accept([known], PUSH_NODE)).toEqual({ kind: 'stored', rowCount: 1 });
});
