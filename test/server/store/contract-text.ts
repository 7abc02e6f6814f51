/** What every LogStore promises of rows as text: their objects, and the columns that are asked for. */
import { expect, test } from 'vitest';
import { NO_CURSOR_KEY, parseCursor } from '../../../server/store/cursor.ts';
import type { LogStore } from '../../../server/store/log-store.ts';
import { Random } from '../../corpus/random.ts';
import { planOf } from '../engines/embedded/query-context.ts';
import { append, found } from './asking.ts';
import { naiveSearch } from './naive-search.ts';
import { naiveColumns, naiveObject } from './naive-text.ts';
import { randomWhere } from './random-predicates.ts';
import { openRandom } from './random-store.ts';

const SEEDS = 4;
const SEARCHES = 8;
const OWN_COLUMNS = [
  'time',
  'pod',
  'level',
  'status',
  'message',
  'tags',
  'latency_ms',
  'app',
  'line',
  'labels',
  'absent',
];
const COLUMNS = [...OWN_COLUMNS, 'restart', 'line.run', 'line.pattern', 'latency_ms.log10', 'app.log10'];
const LABELS = { namespace: 'shop', pod: 'api-1' };

export function describeText(open: () => Promise<LogStore>): void {
  test.each(Array.from({ length: SEEDS }, (_, seed) => seed))('text: random trees of seed %i', async (seed) => {
    const random = new Random(2000 + seed);
    const { store, lines } = await openRandom(open, random);
    for (let search = 0; search < SEARCHES; search++) {
      const plan = planOf({ where: randomWhere(random), direction: 'forward', limit: 1000 });
      const placed = lines.map((line, arrival) => ({ ...line, arrival }));
      const want = naiveSearch(placed, plan);
      const rows = (await found(store, plan, { format: 'ndjson' })).map((line) => JSON.parse(line) as unknown);
      expect(rows).toEqual(want.map((line, place) => ({ ...naiveObject(line, place), cursor: expect.any(String) })));
      const cells = await found(store, plan, { format: 'ndjson', columns: COLUMNS });
      expect(cells.map((line) => JSON.parse(line) as unknown)).toEqual(
        want.map((line, place) => naiveColumns(line, place, COLUMNS)),
      );
    }
    await store.close();
  });

  test('text: the cursor of a row is where the next page begins', async () => {
    const { store } = await openRandom(open, new Random(7));
    const all = await found(store, { direction: 'forward', limit: 1000 }, { format: 'ndjson' });
    for (const at of [0, 1, 39, 40, 77, all.length - 1]) {
      const after = parseCursor((JSON.parse(all[at]!) as { cursor: string }).cursor, NO_CURSOR_KEY)!;
      expect(await found(store, { direction: 'forward', limit: 1000, after }, { format: 'ndjson' })).toEqual(
        all.slice(at + 1),
      );
    }
    await store.close();
  });

  test('text: the last of equal names, and nested ones by their whole names', async () => {
    const store = await open();
    await append(store, [{ text: '{"a":{"b":1,"c":{"d":[1,{"x":2}]}},"a.b":2,"n":1,"n":"3","":4}', labels: LABELS }]);
    const [line] = await found(store, {}, { format: 'ndjson' });
    expect(JSON.parse(line!)).toMatchObject({ fields: { 'a.b': 2, 'a.c.d': [1, { x: 2 }], n: '3', '': 4 } });
    await store.close();
  });
}
