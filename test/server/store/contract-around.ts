/** The lines around a line or a time, of every LogStore: compared with a count over all lines. */
import { expect, test } from 'vitest';
import { AROUND_LINES_MAX } from '../../../server/limits.ts';
import { QueryEngine } from '../../../server/query/engine.ts';
import { type AroundRequest, searchAround } from '../../../server/query/around.ts';
import { compareCursors, type Cursor } from '../../../server/store/cursor.ts';
import type { LogStore } from '../../../server/store/log-store.ts';
import { EVERYTHING, leafOf } from '../../../server/store/predicate.ts';
import { labelsKey } from '../../../shared/labels.ts';
import { instantOf } from '../../../shared/time.ts';
import { Random } from '../../corpus/random.ts';
import { type Line, TODAY } from '../engines/embedded/batches.ts';
import { append, linesIn, SOMEBODY } from './asking.ts';
import { naiveCursor } from './naive-search.ts';

const PODS = ['api-7c9d5f6b4-k8x2p', 'api-7c9d5f6b4-2mjqt', 'api-worker-0', 'redis-0', 'redis-1'];

function linesOf(random: Random, from: number, count: number): Line[] {
  return Array.from({ length: count }, (_, i) => ({
    text: `{"n":${from + i}}`,
    timeNs: random.below(40) * 1e9,
    labels: { namespace: random.below(4) === 0 ? 'pay' : 'shop', pod: PODS[random.below(PODS.length)]! },
  }));
}

interface Seen {
  readonly text: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cursor: Cursor;
}

/** As the names say. */
const appOf = (pod: string): string => (pod.startsWith('api-7') ? 'api' : pod.replace(/-\d$/, ''));

const IN_CONTEXT: Readonly<Record<AroundRequest['context'], (line: Seen, centre: Seen) => boolean>> = {
  all: () => true,
  namespace: (line, centre) => line.labels['namespace'] === centre.labels['namespace'],
  app: (line, centre) =>
    line.labels['namespace'] === centre.labels['namespace'] &&
    appOf(line.labels['pod']!) === appOf(centre.labels['pod']!),
  stream: (line, centre) => labelsKey(line.labels) === labelsKey(centre.labels),
};

async function around(store: LogStore, changes: Partial<AroundRequest>): Promise<string[]> {
  const request: AroundRequest = {
    centre: 0n,
    before: { kind: 'lines', count: 25 },
    after: { kind: 'lines', count: 25 },
    context: 'all',
    visible: EVERYTHING,
    sink: { kind: 'text', format: 'raw' },
    ...changes,
  };
  const { pieces } = new QueryEngine(store).stream(SOMEBODY, (view, query) => searchAround(view, query, request));
  return linesIn(Buffer.concat(await Array.fromAsync(pieces)));
}

export function describeAround(open: () => Promise<LogStore>): void {
  const filled = async (random: Random): Promise<{ store: LogStore; lines: Seen[] }> => {
    const store = await open();
    const lines: Line[] = [];
    for (let batch = 0; batch < 4; batch++) {
      const added = linesOf(random, lines.length, 50);
      lines.push(...added);
      await append(store, added);
      if (random.below(2) === 0) await store.tick();
    }
    const seen = lines.map(({ text, labels, timeNs }, place) => ({
      text,
      labels: labels!,
      cursor: naiveCursor({ text, labels: labels!, instant: instantOf(TODAY, timeNs!) }, place),
    }));
    return { store, lines: seen.toSorted((a, b) => compareCursors(a.cursor, b.cursor)) };
  };

  test.each([0, 1, 2, 3, 4, 5])(
    'around: a line, with so many lines or so much time on each side: seed %i',
    async (seed) => {
      const random = new Random(seed);
      const { store, lines } = await filled(random);
      for (let attempt = 0; attempt < 12; attempt++) {
        const centre = lines[random.below(lines.length)]!;
        const context = (['all', 'namespace', 'app', 'stream'] as const)[random.below(4)]!;
        const inContext = lines.filter((line) => IN_CONTEXT[context](line, centre));
        const at = inContext.indexOf(centre);
        const [before, after] = [random.below(12), random.below(12)];
        const counted = await around(store, {
          centre: centre.cursor,
          context,
          before: { kind: 'lines', count: before },
          after: { kind: 'lines', count: after },
        });
        expect(counted).toEqual(inContext.slice(Math.max(0, at - before), at + 1 + after).map(({ text }) => text));
        const timed = await around(store, {
          centre: centre.cursor,
          context,
          before: { kind: 'time', ms: before * 1000 },
          after: { kind: 'time', ms: after * 1000 },
        });
        const near = inContext.filter(({ cursor: { timeNs } }, i) => {
          const distance = (timeNs - centre.cursor.timeNs) / 1e9;
          return i < at ? distance >= -before : distance <= after;
        });
        expect(timed).toEqual(near.map(({ text }) => text));
      }
      await store.close();
    },
  );

  test('around: a time, of which the first line is marked', async () => {
    const { store, lines } = await filled(new Random(9));
    const first = lines.findIndex(({ cursor }) => cursor.timeNs >= 20e9);
    const want = lines.slice(first - 5, first + 4).map(({ text }) => text);
    const changes = {
      centre: instantOf(TODAY, 20e9),
      before: { kind: 'lines', count: 5 },
      after: { kind: 'lines', count: 4 },
    } as const;
    expect(await around(store, changes)).toEqual(want);
    const sink = { kind: 'text', format: 'ndjson' } as const;
    const objects = (await around(store, { ...changes, sink })).map(
      (line) => JSON.parse(line) as { line: string; around?: boolean },
    );
    expect(objects.map(({ line }) => line)).toEqual(want);
    expect(objects.flatMap((each, i) => (each.around === true ? [i] : []))).toEqual([5]);
    const none = { kind: 'lines', count: 0 } as const;
    expect(await around(store, { ...changes, before: none, after: none })).toEqual([]);
    await store.close();
  });

  test('around: no line that the caller may not see, nor a line that is gone', async () => {
    const { store, lines } = await filled(new Random(2));
    const visible = leafOf('label.namespace', [{ kind: 'equals', text: Buffer.from('shop') }]);
    const own = lines.findLast(({ labels }) => labels['namespace'] === 'shop')!;
    const wide = { kind: 'lines', count: AROUND_LINES_MAX } as const;
    expect(await around(store, { centre: own.cursor, context: 'all', visible, before: wide, after: wide })).toEqual(
      lines.filter(({ labels }) => labels['namespace'] === 'shop').map(({ text }) => text),
    );
    const foreign = lines.find(({ labels }) => labels['namespace'] === 'pay')!;
    const gone = { ...own.cursor, stream: own.cursor.stream + 1 };
    for (const centre of [foreign.cursor, gone]) {
      await expect(around(store, { centre, visible })).rejects.toMatchObject({ status: 404, code: 'PODLOG_NO_LINE' });
    }
    await store.close();
  });
}
