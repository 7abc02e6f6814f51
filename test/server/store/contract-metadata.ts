/** What every LogStore promises of structured metadata: what was sent with a line instead of in it. */
import { expect, test } from 'vitest';
import type { LogStore } from '../../../server/store/log-store.ts';
import { instantOf } from '../../../shared/time.ts';
import { eventually } from '../../eventually.ts';
import { valueLeaf } from '../../../server/store/predicate.ts';
import { parsePattern } from '../../../server/store/value-test.ts';
import type { Line } from '../engines/embedded/batches.ts';
import { TODAY } from '../engines/embedded/batches.ts';
import type { ValueFilter } from '../engines/embedded/filters.ts';
import { planOf } from '../engines/embedded/query-context.ts';
import { append, ask, found, foundRows } from './asking.ts';
import { naiveFacets } from './naive-facets.ts';
import { type NaiveLine, naiveSearch } from './naive-search.ts';

const LABELS = { app: 'shop', pod: 'api-1' };
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

const LINES: readonly Line[] = [
  { text: 'started', metadata: { trace_id: TRACE, user_id: 'u-1', severity_text: 'WARN' } },
  { text: '{"level":"info","user_id":"u-2"}', metadata: { user_id: 'u-1', attempt: '3' } },
  { text: '{"level":"info","user_id":"u-1","pod":"x"}' },
  { text: '{"level":"info"}', metadata: { pod: 'api-9', empty: '' } },
  { text: 'needle', metadata: { note: 'a needle' } },
  { text: '', metadata: { note: 'needle', user_id: 'u-2' } },
].map((line, second) => ({ ...line, labels: LABELS, timeNs: second * 1e9 }));

const value = (name: string, ...any: readonly string[]): ValueFilter => ({
  name,
  any: any.map(parsePattern),
  none: [],
});
const needle = { text: { any: [Buffer.from('needle')], none: [] } };

/** More shapes than the builder tells apart, so that some lines are kept whole; half of them with metadata. */
const SHAPES = Array.from({ length: 300 }, (_, i): Line => ({
  text: `{"user_id":"u-${i % 7}","key-${i}":"v","status":${200 + (i % 3)}}`,
  labels: LABELS,
  timeNs: i * 1e6,
  metadata: i % 2 === 0 ? undefined : { user_id: `m-${i % 5}`, [`name-${i % 4}`]: String(i), level: 'error' },
}));

function naive(lines: readonly Line[]): NaiveLine[] {
  return lines.map(({ text, labels = {}, metadata, timeNs = 0 }) => ({
    text,
    labels,
    metadata,
    instant: instantOf(TODAY, timeNs),
  }));
}

export function describeMetadata(open: () => Promise<LogStore>): void {
  const openFilled = async (): Promise<LogStore> => {
    const store = await open();
    await append(store, LINES.slice(0, 3));
    await append(store, LINES.slice(3));
    return store;
  };

  test.each([
    ['by a name that only metadata has', { values: [value('trace_id', TRACE)] }, [0]],
    ['by a wildcard', { values: [value('note', '*needle')] }, [4, 5]],
    ['it counts, and not the field of its name', { values: [value('user_id', 'u-1')] }, [0, 1, 2]],
    ['the field counts where there is none', { values: [value('user_id', 'u-2')] }, [5]],
    ['a label counts first', { values: [value('pod', 'api-9')] }, []],
    ['as a field alone', { where: { ...valueLeaf('pod', ['api-9', 'x'].map(parsePattern)), fieldOnly: true } }, [2, 3]],
    ['by its level', { values: [value('level', 'warn')] }, [0]],
    ['by a number', { values: [value('attempt', '3')] }, [1]],
    ['it is no text of the line', needle, [4]],
  ] as const)('metadata: found %s', async (_, plan, want) => {
    const store = await openFilled();
    const lines = await found(store, { ...plan, direction: 'forward' } as never);
    expect(lines).toEqual(want.map((index) => LINES[index]!.text));
    await store.close();
  });

  test('metadata: in rows as it was sent, in objects apart from fields', async () => {
    const store = await openFilled();
    const { rows } = await foundRows(store, planOf({ direction: 'forward' }), ['user_id']);
    expect(rows.map(({ text, metadata, fields }) => ({ text, metadata, user: fields['user_id'] }))).toEqual(
      LINES.map(({ text, metadata }, i) => ({
        text,
        metadata,
        user: ['u-1', 'u-1', 'u-1', undefined, undefined, 'u-2'][i],
      })),
    );
    const objects = await found(store, { direction: 'forward' }, { format: 'ndjson' });
    expect(objects.map((object) => JSON.parse(object) as object)).toMatchObject(
      LINES.map(({ text, metadata }) => ({ line: text, ...(metadata !== undefined && { metadata }) })),
    );
    const object = JSON.parse(objects[1]!) as { fields: object };
    expect(object.fields).toEqual({ level: 'info', user_id: 'u-2' });
    expect(await found(store, { direction: 'forward' })).toEqual(LINES.map(({ text }) => text));
    await store.close();
  });

  test('metadata: of lines of any number of shapes', async () => {
    const store = await open();
    for (let from = 0; from < SHAPES.length; from += 100) await append(store, SHAPES.slice(from, from + 100));
    const lines = naive(SHAPES);
    for (const [name, ...any] of [
      ['user_id', 'm-1'],
      ['user_id', 'u-1'],
      ['level', 'error'],
      ['name-3', '*'],
      ['status', '201'],
    ]) {
      const plan = planOf({ values: [value(name!, ...any)], direction: 'forward', limit: 1000 });
      const want = naiveSearch(lines, plan);
      expect(want.length).toBeGreaterThan(0);
      const { rows } = await foundRows(store, plan, ['user_id']);
      expect(rows.map(({ text, metadata }) => ({ text, metadata }))).toEqual(
        want.map(({ text, metadata }) => ({ text, metadata })),
      );
    }
    const asked = { by: ['user_id'], measures: [{ kind: 'bytes' } as const], stepNs: undefined, limit: undefined };
    const { cells } = await ask(store, (view, query) => view.aggregate({ ...planOf(), ...asked }, query));
    const { facets } = naiveFacets(lines, planOf(), ['user_id']);
    expect(new Map(cells.map(({ by, rows }) => [by.join(), rows]))).toEqual(facets[0]!.values);
    const bytes = SHAPES.reduce((sum, { text }) => sum + text.length, 0);
    expect(cells.reduce((sum, { measures: [own] }) => sum + (own?.kind === 'bytes' ? own.bytes : NaN), 0)).toBe(bytes);
    const counted = await ask(store, (view, query) => view.facets(planOf(), undefined, query));
    const want = naiveFacets(lines, planOf(), undefined).facets;
    const user = counted.facets.find(({ name }) => name === 'user_id')!;
    expect(user.values).toEqual(want.find(({ name }) => name === 'user_id')!.values);
    await store.close();
  });

  test('metadata: erased by it, as by a field', async () => {
    const store = await openFilled();
    const { id } = await store.erase(planOf({ values: [value('user_id', 'u-1')] }));
    await eventually(async () => {
      await store.tick();
      expect(store.erasure(id)?.state).toBe('done');
    });
    const { rows } = await foundRows(store, planOf({ direction: 'forward' }), []);
    expect(rows.map(({ text, metadata }) => ({ text, metadata }))).toEqual(
      LINES.slice(3).map(({ text, metadata }) => ({ text, metadata })),
    );
    await store.close();
  });
}
