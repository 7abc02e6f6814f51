/** What every LogStore promises of pages: lines in one order, each once, whatever happens to the store between two pages. */
import { expect, test } from 'vitest';
import { QueryEngine } from '../../../server/query/engine.ts';
import { type Cursor, cursorWriter, parseCursor } from '../../../server/store/cursor.ts';
import type { LogStore } from '../../../server/store/log-store.ts';
import { valueLeaf } from '../../../server/store/predicate.ts';
import type { Direction, Plan } from '../../../server/store/search-plan.ts';
import { parsePattern } from '../../../server/store/value-test.ts';
import { instantOf } from '../../../shared/time.ts';
import { Random } from '../../corpus/random.ts';
import { eventually } from '../../eventually.ts';
import { type Line, TODAY } from '../engines/embedded/batches.ts';
import { planOf } from '../engines/embedded/query-context.ts';
import { append, linesIn, SOMEBODY } from './asking.ts';
import { rowsOf } from './naive-block.ts';
import { naiveCursor, type NaiveLine, naiveSearch } from './naive-search.ts';

const RAW = { kind: 'text', format: 'raw' } as const;
const ROWS = { kind: 'rows', fields: [] } as const;
const SEEDS = 10;
const DIRECTIONS: readonly Direction[] = ['forward', 'backward'];

interface Page {
  readonly lines: readonly string[];
  readonly hasMore: boolean;
  readonly last: Cursor | undefined;
}

export async function pageOf(store: LogStore, plan: Plan): Promise<Page> {
  const { pieces, page } = new QueryEngine(store).stream(SOMEBODY, (view, query) =>
    view.search(plan, { kind: 'text', format: 'raw' }, query),
  );
  const lines = linesIn(Buffer.concat(await Array.fromAsync(pieces)));
  return { lines, ...page };
}

/** As it travels in a URL. */
const sent = ({ cursorKey }: LogStore, cursor: Cursor): Cursor =>
  parseCursor(cursorWriter(cursorKey)(cursor), cursorKey)!;

/** All pages. @param between  called after each, with its number */
async function paged(
  store: LogStore,
  plan: Plan,
  sizeOf: () => number,
  between: (page: number) => Promise<void> = async () => {},
): Promise<string[]> {
  const lines: string[] = [];
  for (let after = plan.after, number = 0; ; number++) {
    const limit = sizeOf();
    const page = await pageOf(store, { ...plan, limit, ...(after !== undefined && { after }) });
    lines.push(...page.lines);
    expect(page.lines.length === limit || !page.hasMore).toBe(true);
    if (!page.hasMore) return lines;
    after = sent(store, page.last!);
    await between(number);
  }
}

/** Lines at few instants, in a few streams: most have the time of others, or some. */
function tiedLines(random: Random, from: number, count: number, instants = 6): Line[] {
  return Array.from({ length: count }, (_, i) => ({
    text: `{"n":${from + i},"user":${random.below(4)}}`,
    timeNs: random.below(instants) * 1e9,
    labels: { namespace: 'shop', pod: `api-${random.below(3)}` },
  }));
}

function naiveOf(lines: readonly Line[]): NaiveLine[] {
  return lines.map(({ text, labels, timeNs }, arrival) => ({
    text,
    labels: labels!,
    instant: instantOf(TODAY, timeNs!),
    arrival,
  }));
}

const texts = (lines: readonly NaiveLine[]): string[] => lines.map(({ text }) => text);

export function describePages(open: () => Promise<LogStore>): void {
  test.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
    'pages of random sizes have each line once, in order, across flushes: seed %i',
    async (seed) => {
      const random = new Random(seed);
      const store = await open();
      const lines: Line[] = [];
      for (let batch = 0; batch < 5; batch++) {
        const added = tiedLines(random, lines.length, 30, seed % 2 === 0 ? 6 : 100);
        lines.push(...added);
        await append(store, added);
        if (random.below(2) === 0) await store.tick();
      }
      for (const direction of DIRECTIONS) {
        for (const plan of [
          planOf({ direction }),
          planOf({ direction, where: valueLeaf('user', [parsePattern('2')]) }),
        ]) {
          const want = texts(naiveSearch(naiveOf(lines), plan));
          expect(
            await paged(
              store,
              plan,
              () => 1 + random.below(40),
              () => store.tick(),
            ),
          ).toEqual(want);
          expect(await paged(store, plan, () => 1)).toEqual(want);
        }
      }
      await store.close();
    },
  );

  test.each(DIRECTIONS)('a cursor stays true when lines arrive and others are erased: %s', async (direction) => {
    const random = new Random(1);
    const store = await open();
    const lines = tiedLines(random, 0, 120).map((line) => ({ ...line, timeNs: 7e9 }));
    for (const from of [0, 40, 80]) await append(store, lines.slice(from, from + 40));
    const plan = planOf({ direction });
    const first = await pageOf(store, { ...plan, limit: 25 });
    const later = tiedLines(random, 120, 20).map((line) => ({ ...line, timeNs: 7e9 }));
    await append(store, later);
    const { id } = await store.erase(planOf({ where: valueLeaf('user', [parsePattern('1')]) }));
    await eventually(async () => {
      await store.tick();
      expect(store.erasure(id)?.state).toBe('done');
    });
    const after = sent(store, first.last!);
    const want = naiveSearch(naiveOf([...lines, ...later]), { ...plan, after }).filter(
      ({ text }) => !text.includes('"user":1'),
    );
    expect(await paged(store, { ...plan, after }, () => 7)).toEqual(texts(want));
    await store.close();
  });

  test.each([0, 1, 2, 3])('all lines, in one view and in one after the other: seed %i', async (seed) => {
    const random = new Random(seed);
    const store = await open();
    const lines: Line[] = [];
    for (let batch = 0; batch < 4; batch++) {
      const added = tiedLines(random, lines.length, 700);
      lines.push(...added);
      await append(store, added);
      if (random.below(2) === 0) await store.tick();
    }
    const nowMs = (TODAY + 1) * 86_400_000;
    for (const direction of DIRECTIONS) {
      for (const where of [undefined, valueLeaf('user', [parsePattern('2')])]) {
        const plan = { ...planOf({ direction, ...(where !== undefined && { where }) }), limit: Infinity };
        const want = texts(naiveSearch(naiveOf(lines), plan));
        for (const viewHeldMsMax of [60_000, 0]) {
          const { pieces, page } = new QueryEngine(store, { viewHeldMsMax }).streamAll(SOMEBODY, plan, RAW, nowMs);
          const got: string[] = [];
          for await (const piece of pieces) {
            got.push(...linesIn(piece));
            if (random.below(20) === 0) await store.tick();
          }
          expect(got).toEqual(want);
          expect(page.hasMore).toBe(false);
        }
        const { pieces } = new QueryEngine(store).streamAll(SOMEBODY, plan, ROWS, nowMs);
        const rows = (await Array.fromAsync(pieces)).flatMap(rowsOf);
        expect(rows.map(({ text }) => text)).toEqual(want);
      }
    }
    await store.close();
  });

  test('all lines, while others arrive: none is missed, and it ends', async () => {
    const store = await open();
    const lines = tiedLines(new Random(5), 0, 50).map((line, i) => ({ ...line, timeNs: i * 1e9 }));
    await append(store, lines);
    const plan = { ...planOf({ direction: 'forward' }), limit: Infinity };
    const nowMs = TODAY * 86_400_000;
    const { pieces } = new QueryEngine(store, { viewHeldMsMax: 0 }).streamAll(SOMEBODY, plan, RAW, nowMs);
    const got: string[] = [];
    for (let later = 0; ; later++) {
      const { value, done } = await pieces.next();
      if (done === true) break;
      got.push(...linesIn(value));
      // Each is newer than all before, and than the beginning by hours in the end.
      await append(store, [{ text: `{"later":${later}}`, timeNs: 100e9 + later * 600e9, labels: { pod: 'later' } }]);
    }
    expect(got.slice(0, 50)).toEqual(lines.map(({ text }) => text));
    expect(got.length).toBeLessThan(60);
    await store.close();
  });

  // What tells a line from those of its stream and time, before it is flushed, is more than what does later.
  test.each(DIRECTIONS)('a cursor stays true over a flush: %s', async (direction) => {
    const random = new Random(4);
    const store = await open();
    const lines = tiedLines(random, 0, 200, 60);
    for (const from of [0, 50, 100, 150]) await append(store, lines.slice(from, from + 50));
    const naive = naiveOf(lines);
    const cursors = naive.map((line, place) => naiveCursor(line, place));
    for (const isFlushed of [false, true]) {
      if (isFlushed) await store.tick();
      for (let attempt = 0; attempt < 40; attempt++) {
        const after = cursors[random.below(lines.length)]!;
        for (const limit of [5, Infinity]) {
          const plan = { ...planOf({ direction }), limit, after };
          expect((await pageOf(store, plan)).lines).toEqual(texts(naiveSearch(naive, plan)));
          if (direction === 'forward') continue;
          const including = { ...planOf({ direction }), limit, upTo: after };
          expect((await pageOf(store, including)).lines).toEqual(texts(naiveSearch(naive, including)));
        }
      }
    }
    await store.close();
  });

  test('a page says whether there are more lines, and where it ends', async () => {
    const store = await open();
    expect(await pageOf(store, planOf({ limit: 2 }))).toEqual({ lines: [], hasMore: false, last: undefined });
    await append(store, tiedLines(new Random(3), 0, 4));
    const all = await pageOf(store, planOf({ limit: 4 }));
    expect(all.hasMore).toBe(false);
    expect(await pageOf(store, planOf({ limit: 3 }))).toMatchObject({ lines: all.lines.slice(0, 3), hasMore: true });
    expect(await pageOf(store, planOf({ after: all.last! }))).toMatchObject({ lines: [], hasMore: false });
    await store.close();
  });
}
