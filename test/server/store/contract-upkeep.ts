/** What every LogStore promises of erasures under way, of what it says of itself, and of abilities that it may have. */
import { expect, test } from 'vitest';
import { QueryEngine } from '../../../server/query/engine.ts';
import type { LogStore } from '../../../server/store/log-store.ts';
import { valueLeaf } from '../../../server/store/predicate.ts';
import { parsePattern } from '../../../server/store/value-test.ts';
import { instantOf } from '../../../shared/time.ts';
import { eventually } from '../../eventually.ts';
import { type Line, numberedLines, TODAY } from '../engines/embedded/batches.ts';
import { planOf } from '../engines/embedded/query-context.ts';
import { append, found } from './asking.ts';

/** What the stores' clock says. */
const NOON = TODAY * 86_400_000 + 43_200_000;

/** @param abilities  those that the store must have; it must not have any other */
export function describeUpkeep(open: () => Promise<LogStore>, { hasBackups }: { readonly hasBackups: boolean }): void {
  test('erase: an erasure says how far it is, by which names, and how many lines went', async () => {
    const store = await open();
    await append(store, numberedLines('x', 0, 10));
    expect(store.erasures()).toEqual([]);
    const tests = [parsePattern('3'), parsePattern('4')];
    const requested = await store.erase(planOf({ where: valueLeaf('n', tests), from: instantOf(TODAY, 0) }));
    expect(requested.names).toEqual(['n', 'since']);
    await eventually(async () => {
      await store.tick();
      expect(store.erasure(requested.id)).toMatchObject({ state: 'done', rowCount: 2, problem: undefined });
    });
    const { id } = await store.erase(planOf({ where: valueLeaf('n', [parsePattern('3')]) }));
    await eventually(async () => {
      await store.tick();
      expect(store.erasures().map((each) => [each.id, each.state, each.rowCount])).toEqual([
        [requested.id, 'done', 2],
        [id, 'done', 0],
      ]);
    });
    expect(store.erasure('none')).toBeUndefined();
    expect((await found(store, {})).length).toBe(8);
    await store.close();
  });

  test('stats: lines, their bytes and times, and no problem', async () => {
    const store = await open();
    const lines = numberedLines('x', 5, 10);
    await append(store, lines);
    expect(store.stats()).toMatchObject({
      rowCount: 10,
      lineBytes: lines.reduce((sum, { text }) => sum + text.length, 0),
      streamCount: 1,
      oldestInstant: instantOf(TODAY, 5e6),
      newestInstant: instantOf(TODAY, 14e6),
      quarantinedCount: 0,
      unreadableCount: 0,
    });
    expect([store.problem, store.unreadableCount]).toEqual([undefined, 0]);
    await store.close();
  });

  test('capacity: what came in the last day, by the times of lines', async () => {
    const store = await open();
    const aDayAgo = NOON - 86_400_000;
    const [young, old, future] = [
      [aDayAgo, NOON - 3_600_000, NOON],
      [aDayAgo - 1, aDayAgo - 86_400_000],
      [NOON + 60_000],
    ].map((timesMs) =>
      timesMs.map((ms, n): Line => {
        const day = Math.floor(ms / 86_400_000);
        return { text: `{"n":${n},"ms":${ms}}`, day, timeNs: (ms - day * 86_400_000) * 1e6 };
      }),
    );
    expect(store.capacity().intake).toMatchObject({ days: 0, rowCount: 0, lineBytes: 0 });
    await append(store, young!.slice(1));
    expect(store.capacity().intake).toMatchObject({ days: expect.closeTo(1 / 24), rowCount: 2 });
    for (const lines of [old!, young!.slice(0, 1), future!]) await append(store, lines);
    expect(store.capacity().intake).toMatchObject({
      days: 1,
      rowCount: 3,
      lineBytes: young!.reduce((sum, { text }) => sum + text.length, 0),
    });
    expect(store.capacity().retention).toEqual({ ageMs: Infinity, maxSizeBytes: Infinity, rules: [] });
    await store.close();
  });

  test('a question that nobody waits for any more fails with the reason', async () => {
    const store = await open();
    await append(store, numberedLines('x', 0, 10));
    const gone = new AbortController();
    const { pieces } = new QueryEngine(store).stream({ caller: 'a', signal: gone.signal }, (view, query) => {
      gone.abort(new Error('the client is gone'));
      return view.search(planOf(), { kind: 'text', format: 'raw' }, query);
    });
    await expect(pieces.next()).rejects.toThrow('the client is gone');
    await store.close();
  });

  test('backups, where a store can make them: made, listed, and removed', async () => {
    const store = await open();
    const { backups } = store;
    expect(backups !== undefined).toBe(hasBackups);
    if (backups !== undefined) {
      await append(store, numberedLines('x', 0, 10));
      await backups.create('one');
      await append(store, numberedLines('x', 10, 5));
      await backups.create('two');
      const rows = async (): Promise<unknown> => (await backups.list()).map(({ name, rowCount }) => [name, rowCount]);
      expect(await rows()).toEqual([
        ['one', 10],
        ['two', 15],
      ]);
      await expect(backups.create('one')).rejects.toMatchObject({ status: 409 });
      expect([await backups.remove('one'), await backups.remove('one')]).toEqual([true, false]);
      expect(await rows()).toEqual([['two', 15]]);
    }
    await store.close();
  });
}
