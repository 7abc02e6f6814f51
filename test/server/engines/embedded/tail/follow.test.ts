/** A live tail has the history and then each line once, in order, and costs nothing when its reader is gone. */
import { describe, expect, it } from 'vitest';
import { parsePattern } from '../../../../../server/store/value-test.ts';
import { batchOf, numberedLines } from '../batches.ts';
import { append, filesIn, openStore } from '../open-store.ts';
import { followed, planOf } from '../query-context.ts';

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
    const tail = followed(store, planOf({ limit: 5 }), { signal: stop.signal });
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
    const tail = followed(store, planOf({ limit: 0, values: [even] }));
    const got = take(tail, 4);
    await append(store, batchOf({ lines: numberedLines('x', 0, 20) }));
    expect(await got).toEqual([0, 2, 10, 12]);
    await tail.return(undefined);
  });
});
