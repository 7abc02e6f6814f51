/** A store with random lines, and the same lines for a naive answer. */
import type { LogStore } from '../../../server/store/log-store.ts';
import { instantOf } from '../../../shared/time.ts';
import type { Random } from '../../corpus/random.ts';
import { TODAY } from '../engines/embedded/batches.ts';
import { append } from './asking.ts';
import type { NaiveLine } from './naive-search.ts';
import { randomLines } from './random-predicates.ts';

const BATCHES = 3;
const BATCH_LINES = 40;

/** Opens a store and fills it, batch by batch; each line has a millisecond of its own, from the beginning of TODAY. */
export async function openRandom(
  open: () => Promise<LogStore>,
  random: Random,
): Promise<{ store: LogStore; lines: readonly NaiveLine[] }> {
  const store = await open();
  const batches = Array.from({ length: BATCHES }, (_, i) => randomLines(random, BATCH_LINES, i * BATCH_LINES));
  for (const batch of batches) await append(store, batch);
  const lines = batches.flat().map(({ text, labels = {}, run, metadata, timeNs = 0 }) => ({
    text,
    labels,
    run,
    metadata,
    instant: instantOf(TODAY, timeNs),
  }));
  return { store, lines };
}
