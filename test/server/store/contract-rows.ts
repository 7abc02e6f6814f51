/** What every LogStore promises of rows as columns, and of what it says of its work. */
import { expect, test } from 'vitest';
import type { LogStore } from '../../../server/store/log-store.ts';
import { instantOf } from '../../../shared/time.ts';
import { Random } from '../../corpus/random.ts';
import { batchOf, numberedLines, TODAY } from '../engines/embedded/batches.ts';
import { planOf } from '../engines/embedded/query-context.ts';
import { decodeBatch } from '../../../shared/wire.ts';
import { allOf, valueLeaf } from '../../../server/store/predicate.ts';
import { textAt } from '../../../server/store/block-texts.ts';
import type { RowValues } from '../../../server/store/row-values.ts';
import { parsePattern } from '../../../server/store/value-test.ts';
import { append, ask, foundRows } from './asking.ts';
import { naiveFieldOf } from './naive-block.ts';
import { naiveSearch } from './naive-search.ts';
import { randomWhere } from './random-predicates.ts';
import { openRandom } from './random-store.ts';

const FIELDS = ['level', 'status', 'path', 'user', 'app', 'pod', 'latency_ms', 'message', 'line.pattern', 'absent'];
/** Names that ask for a label or a field alone, or for shapes, beside them. */
const ASKED = [
  ...FIELDS,
  'restart',
  'line.run',
  'field.app',
  'label.app',
  'field.pod',
  'path.shape',
  'label.pod.shape',
  '\\user',
];
const SEEDS = 4;
const SEARCHES = 12;

/** By row: the values of the names, null where it has none. */
function valuesIn(found: readonly RowValues[]): (string | null)[][] {
  return found.flatMap(({ rowCount, fields }) =>
    Array.from({ length: rowCount }, (_, row) =>
      fields.map(({ isPresent, values }) =>
        isPresent[row] === 1 ? Buffer.from(textAt(values, row)).toString() : null,
      ),
    ),
  );
}

function inSomeOrder(rows: readonly (readonly (string | null)[])[]): string[] {
  return rows.map((row) => JSON.stringify(row)).toSorted();
}

export function describeRows(open: () => Promise<LogStore>): void {
  test('rows: time, labels, flags, line, and the fields that are asked for', async () => {
    const store = await open();
    const labels = { namespace: 'shop', pod: 'api-1' };
    await append(store, [
      { text: '{"level":"WARN","user":7,"pod":"a field","empty":""}', timeNs: 1e9 + 1, labels },
      { text: 'plain é text', timeNs: 2e9, labels: { ...labels, level: 'debug' } },
    ]);
    const { rows } = await foundRows(store, planOf({ direction: 'forward' }), ['user', 'pod', 'level', 'empty']);
    expect(rows).toEqual([
      {
        instant: instantOf(TODAY, 1e9 + 1),
        labels,
        flags: 0,
        text: '{"level":"WARN","user":7,"pod":"a field","empty":""}',
        fields: { user: '7', pod: 'api-1', level: 'warn', empty: '' },
      },
      {
        instant: instantOf(TODAY, 2e9),
        labels: { ...labels, level: 'debug' },
        flags: 0,
        text: 'plain é text',
        fields: { user: undefined, pod: 'api-1', level: 'debug', empty: undefined },
      },
    ]);
    await store.close();
  });

  test.each(Array.from({ length: SEEDS }, (_, seed) => seed))('rows: random trees of seed %i', async (seed) => {
    const random = new Random(1000 + seed);
    const { store, lines } = await openRandom(open, random);
    for (let search = 0; search < SEARCHES; search++) {
      const plan = planOf({
        where: randomWhere(random),
        direction: random.below(2) === 0 ? 'forward' : 'backward',
        limit: random.below(3) === 0 ? 5 : 1000,
      });
      const names = random.below(2) === 0 ? FIELDS : ASKED;
      const want = naiveSearch(lines, plan).map((line) => ({
        ...line,
        run: undefined,
        flags: 0,
        fields: Object.fromEntries(names.map((name) => [name, naiveFieldOf(line, name)])),
      }));
      const { rows, statistics } = await foundRows(store, plan, names);
      expect(rows).toEqual(want);
      const matching = naiveSearch(lines, { ...plan, limit: Infinity }).length;
      expect(statistics.rowsMatched).toBeGreaterThanOrEqual(rows.length);
      expect(statistics.rowsMatched).toBeLessThanOrEqual(matching);
      if (plan.limit > matching) expect(statistics.rowsMatched).toBe(matching);
    }
    await store.close();
  });

  test.each(Array.from({ length: SEEDS }, (_, seed) => seed))('values without lines: seed %i', async (seed) => {
    const random = new Random(2000 + seed);
    const { store, lines } = await openRandom(open, random);
    for (let search = 0; search < SEARCHES; search++) {
      const lead = valueLeaf('user', [parsePattern(String(random.below(30)))]);
      const where = random.below(2) === 0 ? randomWhere(random) : allOf([lead, randomWhere(random)]);
      const plan = planOf({ where, direction: 'forward' });
      const names = random.below(2) === 0 ? FIELDS : ASKED;
      const matching = naiveSearch(lines, plan);
      const want = matching.map((line) => names.map((name) => naiveFieldOf(line, name) ?? null));
      const asked = { names, rowsMax: matching.length, bytesMax: Infinity };
      const found = await ask(store, (view, query) => view.rowValues(plan, asked, query));
      expect(inSomeOrder(valuesIn(found!))).toEqual(inSomeOrder(want));
      const { rows: withoutLines } = await foundRows(store, plan, names, true);
      expect(withoutLines.map(({ text, fields }) => [text, ...names.map((name) => fields[name] ?? null)])).toEqual(
        want.map((values) => ['', ...values]),
      );
      if (matching.length === 0) continue;
      const sizeBytes = want.flat().reduce((sum, value) => sum + Buffer.byteLength(value ?? ''), 0);
      for (const [limits, isEnough] of [
        [{ rowsMax: matching.length - 1, bytesMax: Infinity }, false],
        [{ rowsMax: matching.length, bytesMax: sizeBytes - 1 }, false],
        [{ rowsMax: matching.length, bytesMax: sizeBytes }, true],
      ] as const) {
        const limited = await ask(store, (view, query) => view.rowValues(plan, { names, ...limits }, query));
        expect(limited !== undefined).toBe(isEnough);
      }
    }
    await store.close();
  });

  test('rows: lines of days apart, and many of them', async () => {
    const store = await open();
    const lines = [...numberedLines('a', 0, 3000, TODAY - 1), ...numberedLines('b', 0, 3000)];
    for (const part of [lines.slice(0, 3000), lines.slice(3000)]) {
      const bytes = batchOf({ lines: part });
      await store.append(bytes, decodeBatch(bytes));
    }
    const { rows } = await foundRows(store, planOf({ direction: 'forward' }), ['n']);
    expect(rows.map(({ text, instant, fields }) => [text, instant, fields['n']])).toEqual(
      lines.map(({ text, day, timeNs }, i) => [text, instantOf(day!, timeNs!), String(i % 3000)]),
    );
    const asked = { names: ['absent', 'n'], rowsMax: lines.length, bytesMax: Infinity };
    const found = await ask(store, (view, query) => view.rowValues(planOf(), asked, query));
    expect(inSomeOrder(valuesIn(found!))).toEqual(inSomeOrder(lines.map((_, i) => [null, String(i % 3000)])));
    await store.close();
  });
}
