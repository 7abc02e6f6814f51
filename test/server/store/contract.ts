/** What every LogStore promises, as tests: `describeLogStore('mine', open, abilities)` holds an implementation to it. */
import { describe, expect, test } from 'vitest';
import type { LogStore } from '../../../server/store/log-store.ts';
import { parsePattern } from '../../../server/store/value-test.ts';
import type { Plan } from '../../../server/store/search-plan.ts';
import { Random } from '../../corpus/random.ts';
import type { Filters, ValueFilter } from '../engines/embedded/filters.ts';
import { append, ask, found } from './asking.ts';
import { describeCounts } from './contract-counts.ts';
import { describeAround } from './contract-around.ts';
import { describeMetadata } from './contract-metadata.ts';
import { describePer } from './contract-per.ts';
import { describePages } from './contract-pages.ts';
import { describeRows } from './contract-rows.ts';
import { describeSenders } from './contract-senders.ts';
import { describeTails } from './contract-tails.ts';
import { describeText } from './contract-text.ts';
import { describeUpkeep } from './contract-upkeep.ts';
import { naiveSearch } from './naive-search.ts';
import { randomWhere } from './random-predicates.ts';
import { openRandom } from './random-store.ts';
import { CorruptionError } from '../../../shared/errors.ts';
import { instantOf } from '../../../shared/time.ts';
import { decodeBatch } from '../../../shared/wire.ts';
import { eventually } from '../../eventually.ts';
import { planOf } from '../engines/embedded/query-context.ts';
import { batchOf, type Line, numberedLines, TODAY } from '../engines/embedded/batches.ts';
import type { Measure } from '../../../server/store/aggregate-plan.ts';

export interface LogStoreOptions {
  readonly now: () => number;
  readonly retentionMs: number;
}

/** What a store may be able to do, or not. */
export interface StoreAbilities {
  readonly hasBackups: boolean;
}

const DAY_MS = 86_400_000;
const NOW_MS = TODAY * DAY_MS + DAY_MS / 2;
const API = { namespace: 'shop', pod: 'api-1' };
const WEB = { namespace: 'shop', pod: 'web-1' };

/** A few lines of two streams, out of order, two of them at one instant. */
const LINES: readonly Line[] = [
  { text: '{"level":"info","user":1}', timeNs: 3e9, labels: API },
  { text: '{"level":"error","user":2}', timeNs: 1e9, labels: WEB },
  { text: '{"level":"info","user":2,"pod":"a field"}', timeNs: 2e9, labels: API },
  { text: 'plain é text', timeNs: 4e9, labels: WEB },
  { text: '{"level":"info","user":1,"n":2}', timeNs: 3e9, labels: API },
];

/** Lines of several loggers, one after the other. */
const LEVELLED: readonly Line[] = [
  '{"level":"warn","user":1}',
  '{"level":40,"user":1}',
  '{"severity":"WARNING"}',
  '{"log":{"level":"WARN"}}',
  '{"level":"error","severity":"WARNING"}',
  '{"level":"audit"}',
  '{"severity":"NOTICE"}',
  '{"@l":"Error"}',
  '{"user":1}',
].map((text, second) => ({ text, timeNs: second * 1e9, labels: API }));

const texts = (...indexes: readonly number[]): string[] => indexes.map((index) => LINES[index]!.text);
const value = (name: string, any: readonly string[], none: readonly string[] = []): ValueFilter => ({
  name,
  any: any.map(parsePattern),
  none: none.map(parsePattern),
});
const COUNTED = { measures: [], stepNs: undefined, limit: undefined };
const USER: Measure = { kind: 'numbers', of: 'user', quantiles: [0, 1] };
const at = (timeNs: number): bigint => instantOf(TODAY, timeNs);

const SEARCHES: readonly (readonly [string, Partial<Plan> & Filters, readonly number[]])[] = [
  ['newest first', {}, [3, 4, 0, 2, 1]],
  ['oldest first', { direction: 'forward' }, [1, 2, 0, 4, 3]],
  ['the newest two', { limit: 2 }, [3, 4]],
  ['from an instant on, before another', { from: at(2e9), to: at(4e9), direction: 'forward' }, [2, 0, 4]],
  ['a label', { values: [value('pod', ['web-1'])] }, [3, 1]],
  ['a label hides the field of its name', { values: [value('pod', ['a field'])] }, []],
  ['a field', { values: [value('user', ['2'])] }, [2, 1]],
  ['a label alone', { values: [{ ...value('pod', ['web-1']), labelOnly: true }] }, [3, 1]],
  ['a label alone, for which no field stands', { values: [{ ...value('user', ['2']), labelOnly: true }] }, []],
  ['any of some values', { values: [value('user', ['1', '2'])], limit: 3 }, [4, 0, 2]],
  ['none of some values, also where there is no such field', { values: [value('level', [], ['info'])] }, [3, 1]],
  ['a wildcard', { values: [value('level', ['e*r'])] }, [1]],
  ['two filters', { values: [value('level', ['info']), value('user', ['1'])] }, [4, 0]],
  ['text', { text: { any: [Buffer.from('é t')], none: [] } }, [3]],
  ['no such text', { text: { any: [], none: [Buffer.from('user')] } }, [3]],
];

/** Of each implementation, on every run of the tests. */
const RANDOM_SEEDS = 12;
const RANDOM_SEARCHES = 40;

/** A tree as text that one can read. */
function shown(_key: string, each: unknown): unknown {
  if (typeof each === 'bigint') return String(each);
  const isBuffer = each !== null && typeof each === 'object' && 'type' in each && each.type === 'Buffer';
  return isBuffer ? Buffer.from((each as unknown as { data: number[] }).data).toString() : each;
}

export function describeLogStore(
  name: string,
  open: (options: LogStoreOptions) => Promise<LogStore>,
  abilities: StoreAbilities,
): void {
  const openEmpty = (): Promise<LogStore> => open({ now: () => NOW_MS, retentionMs: Infinity });
  const openFilled = async (): Promise<LogStore> => {
    const store = await openEmpty();
    for (const lines of [LINES.slice(0, 2), LINES.slice(2, 4), LINES.slice(4)]) {
      expect(await append(store, lines)).toEqual({ rowCount: lines.length });
    }
    return store;
  };

  describe(`${name} is a log store`, () => {
    describeSenders(openEmpty);
    describeTails(openEmpty);
    describeRows(openEmpty);
    describeText(openEmpty);
    describeMetadata(openEmpty);
    describePages(openEmpty);
    describeAround(openEmpty);
    describePer(openEmpty);
    describeCounts(openEmpty);
    describeUpkeep(openEmpty, abilities);

    test.each(SEARCHES)('search: %s', async (_, plan, want) => {
      const store = await openFilled();
      expect(await found(store, plan)).toEqual(texts(...want));
      await store.close();
    });

    // The seed is in the test's name; a tree that fails is in the message.
    test.each(Array.from({ length: RANDOM_SEEDS }, (_, seed) => seed))(
      'search: random trees of seed %i',
      async (seed) => {
        const random = new Random(seed);
        const { store, lines } = await openRandom(openEmpty, random);
        let count = 0;
        for (let search = 0; search < RANDOM_SEARCHES; search++) {
          const plan = planOf({
            where: randomWhere(random),
            from: random.below(4) === 0 ? at(random.below(120) * 1e6) : undefined,
            direction: random.below(2) === 0 ? 'forward' : 'backward',
            limit: random.below(3) === 0 ? 5 : 1000,
          });
          const want = naiveSearch(lines, plan).map(({ text }) => text);
          expect(await found(store, plan), JSON.stringify(plan, shown)).toEqual(want);
          count += want.length;
        }
        expect(count).toBeGreaterThan(RANDOM_SEARCHES);
        await store.close();
      },
    );

    test('level: whatever a line calls it, in searches, counts and erasures', async () => {
      const store = await openEmpty();
      await append(store, LEVELLED);
      const wanted = async (any: readonly string[], none: readonly string[] = []): Promise<string> =>
        (await found(store, { values: [value('level', any, none)], direction: 'forward' }))
          .map((line) => LEVELLED.findIndex(({ text }) => text === line))
          .join('');
      expect(await wanted(['warn'])).toBe('0123');
      expect(await wanted(['Warning', 'info'])).toBe('01236');
      expect(await wanted(['notice'])).toBe('6');
      expect(await wanted([], ['w*'])).toBe('45678');
      expect(await wanted(['audit'])).toBe('5');
      expect(await wanted([], ['*'])).toBe('8');
      const plan = { ...planOf(), ...COUNTED, by: ['level'] };
      const { cells } = await ask(store, (view, query) => view.aggregate(plan, query));
      const counts = cells.map(({ by, rows }) => `${by.join()} ${rows}`);
      expect(counts.toSorted()).toEqual([' 1', 'audit 1', 'error 2', 'info 1', 'warn 4']);
      const { id } = await store.erase({ ...planOf({ values: [value('level', ['warn'])] }) });
      await eventually(async () => {
        await store.tick();
        expect(store.erasure(id)?.state).toBe('done');
      });
      expect(await wanted([])).toBe('45678');
      await store.close();
    });

    test('an object has the time, the labels and the line', async () => {
      const store = await openFilled();
      const [line] = await found(store, { limit: 1 }, { format: 'ndjson' });
      const want = { time: '2026-11-23T00:00:04.000000000Z', labels: WEB, line: LINES[3]!.text, fields: {} };
      expect(JSON.parse(line!)).toMatchObject(want);
      await store.close();
    });

    test('streams: by their labels and times, whatever the lines say', async () => {
      const store = await openFilled();
      const pods = async (predicate: Partial<Plan> & Filters): Promise<string> =>
        (await ask(store, (view, query) => view.streams(planOf(predicate), query)))
          .map(({ pod }) => pod!)
          .toSorted()
          .join();
      expect(await pods({})).toBe('api-1,web-1');
      expect(await pods({ values: [value('pod', ['api-*'])] })).toBe('api-1');
      expect(await pods({ values: [value('absent', [], ['x'])] })).toBe('api-1,web-1');
      expect(await pods({ values: [value('absent', ['x'])] })).toBe('');
      expect(await pods({ from: at(5e9) })).toBe('');
      await store.close();
    });

    test('aggregate: rows by label and field', async () => {
      const store = await openFilled();
      const plan = { ...planOf(), ...COUNTED, by: ['pod', 'level'] };
      const { cells } = await ask(store, (view, query) => view.aggregate(plan, query));
      expect(cells.map(({ by, rows }) => `${by.join()} ${rows}`).toSorted()).toEqual([
        'api-1,info 3',
        'web-1, 1',
        'web-1,error 1',
      ]);
      await store.close();
    });

    test('aggregate: the largest groups first, and their measures', async () => {
      const store = await openFilled();
      const plan = { ...planOf(), ...COUNTED, by: ['pod'], measures: [USER], limit: 1 };
      const { cells } = await ask(store, (view, query) => view.aggregate(plan, query));
      const measures = [{ kind: 'numbers', count: 3, sum: 4, min: 1, max: 2, quantiles: [1, 2] }];
      expect(cells).toMatchObject([{ by: ['api-1'], rows: 3, measures }]);
      await store.close();
    });

    test('a broken batch is refused and leaves nothing', async () => {
      const store = await openFilled();
      const bytes = batchOf({ lines: numberedLines('broken', 0, 3) });
      bytes[bytes.length - 1]! ^= 1;
      await expect(store.append(bytes, decodeBatch(bytes))).rejects.toThrow(CorruptionError);
      expect(store.stats()).toMatchObject({ rowCount: LINES.length, streamCount: 2 });
      expect(store.problem).toBeUndefined();
      await store.close();
    });

    test('erase: what was there goes, what comes later stays', async () => {
      const store = await openFilled();
      const { id } = await store.erase({ ...planOf({ values: [value('user', ['2'])] }) });
      await eventually(async () => {
        await store.tick();
        expect(store.erasure(id)?.state).toBe('done');
      });
      expect(await found(store, {})).toEqual(texts(3, 4, 0));
      await append(store, [LINES[2]!]);
      expect(await found(store, {})).toEqual(texts(3, 4, 0, 2));
      await store.close();
    });

    test('erase, remembered: what is from before goes again when it comes back, until it is forgotten', async () => {
      let nowMs = NOW_MS;
      const store = await open({ now: () => nowMs, retentionMs: 30 * DAY_MS });
      await append(store, LINES);
      const { id, rememberedUntilMs } = await store.erase(planOf({ values: [value('user', ['2'])] }), true);
      expect(rememberedUntilMs).toBe(NOW_MS + 31 * DAY_MS);
      const settled = (want: readonly string[]): Promise<void> =>
        eventually(async () => {
          nowMs += 60_000;
          await store.tick();
          expect(store.erasure(id)?.state).toBe('done');
          expect(await found(store, {})).toEqual(want);
        });
      await settled(texts(3, 4, 0));
      await append(store, [LINES[2]!]);
      await settled(texts(3, 4, 0));
      const later = { ...LINES[2]!, day: TODAY + 1 };
      await append(store, [later]);
      await settled(texts(2, 3, 4, 0));
      expect(await store.forgetErasure('none')).toBeUndefined();
      expect(await store.forgetErasure(id)).toMatchObject({ id, rememberedUntilMs: undefined });
      await append(store, [LINES[2]!]);
      await settled(texts(2, 3, 4, 0, 2));
      await store.close();
    });

    test('retention: old days go, young ones stay', async () => {
      let nowMs = NOW_MS;
      const store = await open({ now: () => nowMs, retentionMs: 3 * DAY_MS });
      await append(store, numberedLines('old', 0, 5, TODAY - 2));
      await append(store, numberedLines('young', 0, 5));
      await store.tick();
      expect(store.stats().rowCount).toBe(10);
      nowMs += 2 * DAY_MS;
      await eventually(async () => {
        await store.tick();
        expect(await found(store, { direction: 'forward' })).toEqual(
          numberedLines('young', 0, 5).map(({ text }) => text),
        );
      });
      await store.close();
    });
  });
}
