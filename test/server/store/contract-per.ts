/** The last lines of each container, pod or stream, of every LogStore: compared with a count over all lines. */
import { expect, test } from 'vitest';
import { PER_GROUPS_MAX } from '../../../server/limits.ts';
import { QueryEngine } from '../../../server/query/engine.ts';
import { searchPer } from '../../../server/query/per.ts';
import type { LogStore } from '../../../server/store/log-store.ts';
import type { Plan } from '../../../server/store/search-plan.ts';
import { instantOf } from '../../../shared/time.ts';
import { Random } from '../../corpus/random.ts';
import { type Line, TODAY } from '../engines/embedded/batches.ts';
import { planOf } from '../engines/embedded/query-context.ts';
import { append, linesIn, SOMEBODY } from './asking.ts';
import { naiveSearch } from './naive-search.ts';

async function found(store: LogStore, plan: Plan, per: string): Promise<string[]> {
  const question = { plan, per, sink: { kind: 'text', format: 'raw' } } as const;
  const { pieces } = new QueryEngine(store).stream(SOMEBODY, (view, query) => searchPer(view, query, question));
  return linesIn(Buffer.concat(await Array.fromAsync(pieces)));
}

export function describePer(open: () => Promise<LogStore>): void {
  test.each([0, 1, 2])('per: the last lines of each, one after the other: seed %i', async (seed) => {
    const random = new Random(seed);
    const store = await open();
    const lines: Line[] = [];
    for (let batch = 0; batch < 3; batch++) {
      const added = Array.from({ length: 60 }, (_, i) => ({
        text: `{"n":${batch * 60 + i},"user":${random.below(3)}}`,
        timeNs: random.below(50) * 1e9,
        labels: {
          namespace: `n${random.below(2)}`,
          pod: `p${random.below(3)}`,
          ...(random.below(3) > 0 && { container: `c${random.below(2)}` }),
          stream: random.below(2) === 0 ? 'stdout' : 'stderr',
        },
      }));
      lines.push(...added);
      await append(store, added);
      if (random.below(2) === 0) await store.tick();
    }
    const naive = lines.map(({ text, labels, timeNs }, arrival) => ({
      text,
      labels: labels!,
      instant: instantOf(TODAY, timeNs!),
      arrival,
    }));
    const keys: readonly [string, readonly string[]][] = [
      ['container', ['namespace', 'pod', 'container']],
      ['pod', ['namespace', 'pod']],
      ['stream', ['container', 'namespace', 'pod', 'stream']],
      ['namespace', ['namespace']],
    ];
    for (const [per, names] of keys) {
      for (const direction of ['forward', 'backward'] as const) {
        const plan = planOf({ direction, limit: 3 });
        const groups = Map.groupBy(naive, ({ labels }) => JSON.stringify(names.map((name) => labels[name] ?? '')));
        const want = [...groups].map(([, ofGroup]) => naiveSearch(ofGroup, plan).map(({ text }) => text));
        const got = await found(store, plan, per);
        expect(got.toSorted()).toEqual(want.flat().toSorted());
        // Each group as a whole, in its order.
        for (const texts of want) expect(got.slice(got.indexOf(texts[0]!)).slice(0, texts.length)).toEqual(texts);
      }
    }
    await expect(found(store, planOf({ limit: 3 }), 'container_id')).rejects.toMatchObject({ status: 400 });
    await store.close();
  });

  test('per: more of them than there may be', async () => {
    const store = await open();
    const lines = Array.from({ length: PER_GROUPS_MAX + 1 }, (_, i) => ({ text: 'x', labels: { pod: `p${i}` } }));
    await append(store, lines);
    await expect(found(store, planOf({ limit: 1 }), 'pod')).rejects.toMatchObject({ status: 413 });
    await expect(found(store, planOf({ limit: 1 }), 'namespace')).rejects.toMatchObject({ status: 400 });
    await store.close();
  });
}
