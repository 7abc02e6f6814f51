/** Groups of an answer that are far more than it may have: none but those are made. */
import { expect, test } from 'vitest';
import { searchPer } from '../../../server/query/per.ts';
import type { LogView } from '../../../server/store/log-store.ts';
import type { Query } from '../../../server/store/query.ts';
import { EVERYTHING } from '../../../server/store/predicate.ts';
import type { Plan } from '../../../server/store/search-plan.ts';
import type { TextSink } from '../../../server/store/sink.ts';

const STREAMS = 50_000;
const LABELS = 20;
/** Far less than a condition for each label of each stream takes. */
const HEAP_BYTES_MAX = 64 * 1024 * 1024;

test('streams by the ten thousands are refused in little memory', async () => {
  const streams = Array.from({ length: STREAMS }, (_, n) =>
    Object.fromEntries(Array.from({ length: LABELS }, (__, label) => [`l${label}`, `v${n}`])),
  );
  const view = { streams: async () => streams } as unknown as LogView;
  const plan = { ...EVERYTHING, limit: 1, direction: 'backward' } as unknown as Plan;
  const before = process.memoryUsage().heapUsed;
  const lines = searchPer(view, {} as Query, { plan, per: 'stream', sink: {} as TextSink });
  await expect(lines.next()).rejects.toMatchObject({ status: 413, message: expect.stringContaining('stream') });
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(HEAP_BYTES_MAX);
  // So that they are not collected meanwhile.
  expect(streams).toHaveLength(STREAMS);
});
