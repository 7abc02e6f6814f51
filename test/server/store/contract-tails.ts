/** What every LogStore promises of live tails. */
import { expect, test } from 'vitest';
import { QueryEngine } from '../../../server/query/engine.ts';
import type { LogStore } from '../../../server/store/log-store.ts';
import { valueLeaf } from '../../../server/store/predicate.ts';
import { parsePattern } from '../../../server/store/value-test.ts';
import { compareCursors } from '../../../server/store/cursor.ts';
import { instantOf } from '../../../shared/time.ts';
import { Random } from '../../corpus/random.ts';
import { type Line, numberedLines, TODAY } from '../engines/embedded/batches.ts';
import { planOf, RAW } from '../engines/embedded/query-context.ts';
import { append, found, linesIn } from './asking.ts';
import { rowsOf } from './naive-block.ts';
import { naiveCursor } from './naive-search.ts';

export function describeTails(open: () => Promise<LogStore>): void {
  const take = async (pieces: AsyncGenerator<Uint8Array>, count: number): Promise<string[]> => {
    const got: string[] = [];
    while (got.length < count) got.push(...linesIn((await pieces.next()).value as Uint8Array));
    return got;
  };
  const texts = (from: number, count: number): string[] => numberedLines('x', from, count).map(({ text }) => text);

  test('follow: the newest lines, oldest first, and then each line once as it is stored', async () => {
    const store = await open();
    await append(store, numberedLines('x', 0, 30));
    const stop = new AbortController();
    const engine = new QueryEngine(store);
    const { pieces } = engine.follow({ caller: 'a', signal: stop.signal }, planOf({ limit: 5 }), RAW);
    const got = take(pieces, 5 + 40);
    for (let batch = 0; batch < 8; batch++) await append(store, numberedLines('x', 30 + batch * 5, 5));
    expect(await got).toEqual(texts(25, 45));
    const ended = expect(pieces.next()).rejects.toThrow(/abort/i);
    stop.abort();
    await ended;
    expect(engine.tailSlots.count).toBe(0);
    await store.close();
  });

  test('follow: what is stored between its beginning and its first read is news, and no history', async () => {
    const store = await open();
    await append(store, numberedLines('x', 0, 3));
    const stop = new AbortController();
    const where = valueLeaf('n', [parsePattern('2'), parsePattern('4'), parsePattern('5')]);
    const engine = new QueryEngine(store);
    const { pieces } = engine.follow({ caller: 'a', signal: stop.signal }, planOf({ where }), RAW);
    await append(store, numberedLines('x', 3, 3));
    expect(await take(pieces, 3)).toEqual([...texts(2, 1), ...texts(4, 2)]);
    await pieces.return(undefined);
    await append(store, numberedLines('x', 6, 1));
    expect((await found(store, {})).length).toBe(7);
    await store.close();
  });

  // Two senders, of which one is late: what it sends is older than what is there.
  test.each([0, 1, 2, 3, 4, 5])('follow: goes on after any line without a loss: seed %i', async (seed) => {
    const random = new Random(seed);
    const store = await open();
    const lines: (Line & { readonly arrival: number; readonly batchFrom: number })[] = [];
    const send = async (): Promise<void> => {
      const batchFrom = lines.length;
      const lateNs = random.below(2) * 5e9;
      const added = Array.from({ length: 1 + random.below(5) }, (_, i) => ({
        text: `{"n":${batchFrom + i}}`,
        timeNs: 10e9 + batchFrom * 5e9 - lateNs + random.below(3) * 1e9,
        labels: { pod: `api-${random.below(2)}` },
        arrival: batchFrom + i,
        batchFrom,
      }));
      lines.push(...added);
      await append(store, added);
      if (random.below(3) === 0) await store.tick();
    };
    for (let batch = 0; batch < 12; batch++) await send();
    const cursors = lines.map((line, place) =>
      naiveCursor({ text: line.text, labels: line.labels!, instant: instantOf(TODAY, line.timeNs!) }, place),
    );
    for (let attempt = 0; attempt < 6; attempt++) {
      const after = cursors[random.below(lines.length)]!;
      const isDue = (n: number): boolean =>
        compareCursors(cursors[n]!, after) > 0 || lines[n]!.batchFrom > after.arrival;
      const due = [...lines.keys()].filter(isDue);
      const stop = new AbortController();
      const engine = new QueryEngine(store);
      const { pieces } = engine.follow({ caller: 'a', signal: stop.signal }, planOf({ after, limit: 0 }), RAW);
      const first = lines.length;
      await send();
      const got: number[] = [];
      while (!got.includes(first)) {
        const piece = (await pieces.next()).value as Uint8Array;
        got.push(...linesIn(piece).map((text) => (JSON.parse(text) as { n: number }).n));
      }
      const history = got.filter((n) => n < first);
      expect(new Set(history).size).toBe(history.length);
      expect(history).toEqual(expect.arrayContaining(due));
      for (const n of history) {
        const isNear = lines[n]!.timeNs! >= lines[after.arrival]!.timeNs! - 60e9;
        expect(isDue(n) || n > after.arrival || isNear).toBe(true);
      }
      for (const line of lines.slice(cursors.length)) {
        const { text, labels, timeNs, arrival } = line;
        cursors.push(naiveCursor({ text, labels: labels!, instant: instantOf(TODAY, timeNs!) }, arrival));
      }
      stop.abort();
      await expect(pieces.next()).rejects.toThrow(/abort/i);
    }
    await store.close();
  });

  test('follow: other questions than the history are about what was stored when it began', async () => {
    const store = await open();
    await append(store, numberedLines('x', 0, 3));
    const stop = new AbortController();
    const engine = new QueryEngine(store);
    const { history, news } = engine.followAfter(
      { caller: 'a', signal: stop.signal },
      async (view, query) => Array.fromAsync(view.search(planOf({ limit: 2 }), RAW, query)),
      { predicate: { ...planOf(), from: undefined, to: undefined }, sink: RAW, onDropped: () => expect.unreachable() },
    );
    await append(store, numberedLines('x', 3, 2));
    expect((await history()).flatMap(linesIn)).toEqual(texts(1, 2).toReversed());
    const pieces = news();
    expect(await take(pieces, 2)).toEqual(texts(3, 2));
    await pieces.return(undefined);
    expect(engine.tailSlots.count).toBe(0);
    await store.close();
  });

  test('follow: rows, where the sink wants them', async () => {
    const store = await open();
    await append(store, numberedLines('x', 0, 3));
    const stop = new AbortController();
    const sink = { kind: 'rows', fields: ['n', 'name'] } as const;
    const engine = new QueryEngine(store);
    const { pieces } = engine.follow({ caller: 'a', signal: stop.signal }, planOf({ limit: 2 }), sink);
    const got: unknown[] = [];
    while (got.length < 2) got.push(...rowsOf((await pieces.next()).value).map(({ fields }) => fields['n']));
    await append(store, numberedLines('x', 3, 2));
    while (got.length < 4) got.push(...rowsOf((await pieces.next()).value).map(({ fields }) => fields['n']));
    expect(got).toEqual(['1', '2', '3', '4']);
    await pieces.return(undefined);
    await store.close();
  });
}
