/** Answers are exact: the right rows in the right order, wherever they lie and whatever the store does meanwhile. */
import { readFile, writeFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import fc from '../../../../fast-check.ts';
import { describe, expect, it } from 'vitest';
import { parsePattern } from '../../../../../server/store/value-test.ts';
import type { Plan } from '../../../../../server/store/search-plan.ts';
import { answerBest } from '../../../../../server/engines/embedded/search/answer.ts';
import type { QueryContext } from '../../../../../server/engines/embedded/search/answer.ts';
import type { Store } from '../../../../../server/engines/embedded/core/store.ts';
import { batchOf, type Line, numberedLines, TODAY } from '../batches.ts';
import { append, checkAndClose, openStore } from '../open-store.ts';
import { planOf, queryContext, RAW } from '../query-context.ts';

async function answer(store: Store, plan: Plan, context: QueryContext = queryContext(store)): Promise<string[]> {
  const snapshot = store.snapshot();
  try {
    const pieces: Uint8Array[] = [];
    const signal = new AbortController().signal;
    for await (const piece of answerBest(snapshot.rowGroups, plan, RAW, context, signal)) pieces.push(piece);
    return Buffer.concat(pieces).toString().split('\n').slice(0, -1);
  } finally {
    snapshot.release();
  }
}

interface Step {
  readonly pod: string;
  readonly lines: readonly { readonly day: number; readonly timeNs: number }[];
  readonly flush: boolean;
}

const steps = fc.array(
  fc.record<Step>({
    pod: fc.constantFrom('a', 'b', 'c'),
    lines: fc.array(fc.record({ day: fc.constantFrom(TODAY, TODAY + 1), timeNs: fc.nat(15).map((n) => n * 1e9) }), {
      minLength: 1,
      maxLength: 8,
    }),
    flush: fc.boolean(),
  }),
  { minLength: 1, maxLength: 8 },
);

describe('select', () => {
  it('gives the newest or oldest lines, sorted by time over memtable and segments', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom('backward', 'forward'),
        async (todo, limit, direction) => {
          const open = await openStore();
          const { store } = open;
          const stored: { key: number; text: string }[] = [];
          for (const [s, { pod, lines, flush }] of todo.entries()) {
            const batch = lines.map((line, i): Line => ({ ...line, text: `${s}-${i}`, labels: { pod } }));
            await append(store, batchOf({ lines: batch }));
            for (const { day, timeNs, text } of batch) stored.push({ key: day! * 1e6 + timeNs! / 1e9, text });
            if (flush) await store.flushAll();
          }
          const got = await answer(store, planOf({ limit, direction }));
          const keys = new Map(stored.map(({ key, text }) => [text, key]));
          const want = stored
            .toSorted((a, b) => (direction === 'backward' ? b.key - a.key : a.key - b.key))
            .slice(0, limit);
          // Lines of different pods at the same instant may stand in either order; their times may not.
          expect(got.map((text) => keys.get(text))).toEqual(want.map(({ key }) => key));
          expect(new Set(got).size).toBe(got.length);
          await checkAndClose(open);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps the order in which one stream wrote lines at the same instant, in both directions', async () => {
    const { store } = await openStore();
    const lines = Array.from({ length: 9 }, (_, i): Line => ({ text: String(i), timeNs: 5 }));
    for (const from of [0, 3, 6]) await append(store, batchOf({ lines: lines.slice(from, from + 3) }));
    const ascending = lines.map(({ text }) => text);
    for (let round = 0; round < 2; round++) {
      expect(await answer(store, planOf({ direction: 'forward' }))).toEqual(ascending);
      expect(await answer(store, planOf({ direction: 'backward', limit: 4 }))).toEqual(
        ascending.toReversed().slice(0, 4),
      );
      await store.flushAll();
    }
  });

  it('misses nothing and doubles nothing while lines arrive and are flushed', async () => {
    const { store } = await openStore();
    const context = queryContext(store);
    const progress = { acknowledged: 0, done: false, rounds: 0 };
    const flushes: Promise<unknown>[] = [];
    const writing = (async () => {
      for (let batch = 0; batch < 60 || progress.rounds < 4; batch++) {
        await append(store, batchOf({ lines: numberedLines('x', batch * 10, 10) }));
        progress.acknowledged = (batch + 1) * 10;
        if (batch % 7 === 0) flushes.push(store.flushAll());
      }
      progress.done = true;
    })();
    while (!progress.done) {
      const atLeast = progress.acknowledged;
      const got = (await answer(store, planOf({ direction: 'forward' }), context)).map(
        (line) => (JSON.parse(line) as { n: number }).n,
      );
      expect(got).toEqual(Array.from({ length: got.length }, (_, n) => n));
      expect(got.length).toBeGreaterThanOrEqual(atLeast);
      progress.rounds++;
      await setImmediate();
    }
    await writing;
    await Promise.all(flushes);
  });

  it('does not open row groups that cannot hold a better line', async () => {
    const { store } = await openStore();
    for (let batch = 0; batch < 20; batch++)
      await append(store, batchOf({ lines: numberedLines('x', batch * 4000, 4000) }));
    const context = queryContext(store);
    let opened = 0;
    const counting: QueryContext = {
      ...context,
      scan: (input, signal) => {
        opened += input.places.length;
        return context.scan(input, signal);
      },
    };
    expect((await answer(store, planOf({ limit: 3 }), counting)).map((line) => JSON.parse(line) as unknown)).toEqual([
      { name: 'x', n: 79_999 },
      { name: 'x', n: 79_998 },
      { name: 'x', n: 79_997 },
    ]);
    expect(opened).toBeLessThan(10);
    opened = 0;
    const elsewhere = planOf({ values: [{ name: 'pod', any: [parsePattern('other')], none: [] }] });
    expect(await answer(store, elsewhere, counting)).toEqual([]);
    expect(opened).toBe(0);
  });

  it('sets a broken row group aside and answers from the rest', async () => {
    const { store } = await openStore();
    await append(store, batchOf({ lines: [{ text: 'first' }] }));
    await append(store, batchOf({ lines: [{ text: 'second' }] }));
    const snapshot = store.snapshot();
    const first = snapshot.rowGroups.find(({ order }) => order === 0)!;
    snapshot.release();
    const bytes = await readFile(first.path);
    bytes[first.offset + first.sizeBytes - 3]! ^= 1;
    await writeFile(first.path, bytes);
    expect(await answer(store, planOf())).toEqual(['second']);
    expect(store.stats().quarantinedCount).toBe(1);
    expect(await answer(store, planOf())).toEqual(['second']);
  });
});
