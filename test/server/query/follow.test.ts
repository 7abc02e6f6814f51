/** A live tail has the history and then each line once, in order, and costs nothing when its reader is gone. */
import { describe, expect, it } from 'vitest';
import { FOLLOW_BATCHES_WAITING_MAX } from '../../../server/limits.ts';
import { follow } from '../../../server/query/follow.ts';
import { parsePattern } from '../../../server/store/scan/pattern.ts';
import { batchOf, numberedLines } from '../store/batches.ts';
import { append, filesIn, openStore } from '../store/open-store.ts';
import { planOf, queryContext } from './query-context.ts';

async function take(tail: AsyncGenerator<Uint8Array>, lines: number): Promise<number[]> {
  const got: number[] = [];
  while (got.length < lines) {
    const { value, done } = await tail.next();
    if (done === true) break;
    for (const line of Buffer.from(value).toString().split('\n').slice(0, -1))
      got.push((JSON.parse(line) as { n: number }).n);
  }
  return got;
}

function upTo(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, i) => from + i);
}

describe('follow', () => {
  it('goes on from the history without a gap, while batches arrive and are flushed', async () => {
    const { store, dataDir } = await openStore();
    await append(store, batchOf({ lines: numberedLines('x', 0, 30) }));
    const stop = new AbortController();
    const tail = follow(store, planOf({ limit: 5 }), 'raw', queryContext(store), stop.signal);
    const first = take(tail, 5);
    const writing = (async () => {
      for (let batch = 0; batch < 30; batch++) {
        await append(store, batchOf({ lines: numberedLines('x', 30 + batch * 5, 5) }));
        if (batch % 5 === 0) await store.flushAll();
      }
    })();
    expect(await first).toEqual(upTo(5, 25));
    expect(await take(tail, 150)).toEqual(upTo(150, 30));
    await writing;
    const ended = expect(tail.next()).rejects.toThrow(/abort/i);
    stop.abort();
    await ended;
    // Nothing is held any more: a flush leaves no WAL file behind.
    await store.flushAll();
    await expect.poll(async () => (await filesIn(dataDir)).filter((path) => path.endsWith('.wal'))).toEqual([]);
  });

  it('applies the filter to history and news, and may have no history', async () => {
    const { store } = await openStore();
    const even = { name: 'n', any: [parsePattern('*0'), parsePattern('*2')], none: [] };
    const tail = follow(
      store,
      planOf({ limit: 0, values: [even] }),
      'raw',
      queryContext(store),
      new AbortController().signal,
    );
    const got = take(tail, 4);
    await append(store, batchOf({ lines: numberedLines('x', 0, 20) }));
    expect(await got).toEqual([0, 2, 10, 12]);
    await tail.return(undefined);
  });

  it('ends with an error when its reader is too slow', async () => {
    const { store } = await openStore();
    const tail = follow(store, planOf({ limit: 0 }), 'raw', queryContext(store), new AbortController().signal);
    const first = take(tail, 1);
    await append(store, batchOf({ lines: numberedLines('x', 0, 1) }));
    expect(await first).toEqual([0]);
    const batches = FOLLOW_BATCHES_WAITING_MAX + 1;
    await Promise.all(upTo(batches, 1).map((n) => append(store, batchOf({ lines: numberedLines('x', n, 1) }))));
    expect((await take(tail, FOLLOW_BATCHES_WAITING_MAX)).length).toBe(FOLLOW_BATCHES_WAITING_MAX);
    await expect(tail.next()).rejects.toThrow(/reads slower than lines arrive/);
  });
});
