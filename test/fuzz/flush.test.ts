/**
 * Whatever `append` accepts is flushed or set aside, and keeps nothing else from being flushed: row groups with right
 * checksums and any content, between two that are whole.
 */
import { expect, test } from 'vitest';
import { PodlogError } from '../../shared/errors.ts';
import { encodeBatch } from '../../shared/wire.ts';
import type { Random } from '../corpus/random.ts';
import { batchOf, numberedLines } from '../server/engines/embedded/batches.ts';
import { append, closeStore, expectDamage, openStore, reopen } from '../server/engines/embedded/open-store.ts';
import { fuzz, mutated, overwritten } from './fuzz.ts';
import { LARGE, SMALL, withHeader, withPages } from './row-groups.ts';

const WHOLE_ROWS = 10;

const MUTATIONS: Readonly<Record<string, (random: Random) => Buffer>> = {
  'a packed group that is cut, stretched and changed': (random) => withHeader(SMALL, (body) => mutated(body, random)),
  'a packed group of other bytes': (random) => withHeader(SMALL, (body) => overwritten(body, random)),
  'a paged group with another header': (random) => withHeader(LARGE, (header) => overwritten(header, random)),
  'a paged group with other pages': (random) => withPages(LARGE, random),
};

test.each(Object.entries(MUTATIONS))('%s', (_, mutation) =>
  fuzz(async (random) => {
    const changed = mutation(random);
    let open = await openStore();
    expectDamage(open);
    await append(open.store, batchOf({ lines: numberedLines('before', 0, WHOLE_ROWS) }));
    const accepted = await acceptedRows(open.store, changed);
    await append(open.store, batchOf({ lines: numberedLines('after', 0, WHOLE_ROWS) }));
    if (random.below(2) === 0) open = await reopen(open);
    await open.store.flushAll();
    const { walFileCount, rowCount, quarantinedCount } = open.store.stats();
    expect(walFileCount).toBe(0);
    expect(rowCount).toBe(2 * WHOLE_ROWS + (quarantinedCount === 0 ? accepted : 0));
    await closeStore(open);
  }),
);

/** How many rows the store has taken, 0 when it refuses them. */
async function acceptedRows(store: Parameters<typeof append>[0], rowGroup: Buffer): Promise<number> {
  try {
    return (await append(store, encodeBatch({ node: 'n', files: [], gone: [], rowGroup }))).rowCount;
  } catch (error) {
    if (error instanceof PodlogError) return 0;
    throw error;
  }
}
