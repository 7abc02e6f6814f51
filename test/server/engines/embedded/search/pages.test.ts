/** Cursors stay true whatever becomes of a line's row group: flushed, merged, rewritten without others, opened again. */
import { expect, test } from 'vitest';
import { Metrics } from '../../../../../shared/metrics.ts';
import { instantOf } from '../../../../../shared/time.ts';
import { Compactor } from '../../../../../server/engines/embedded/lane/compaction/compactor.ts';
import { compact } from '../../../../../server/engines/embedded/lane/compaction/compact.ts';
import { eraseSegment } from '../../../../../server/engines/embedded/lane/erasure/erase-segment.ts';
import { realDisk } from '../../../../../server/engines/embedded/platform/disk.ts';
import { answerBest } from '../../../../../server/engines/embedded/search/answer.ts';
import { type Cursor, compareCursors } from '../../../../../server/store/cursor.ts';
import { valueLeaf } from '../../../../../server/store/predicate.ts';
import { planForAll } from '../../../../../server/store/search-plan.ts';
import { parsePattern } from '../../../../../server/store/value-test.ts';
import { Random } from '../../../../corpus/random.ts';
import { naiveCursor } from '../../../store/naive-search.ts';
import { batchOf, type Line, TODAY } from '../batches.ts';
import { append, openStore, type OpenStore, reopen } from '../open-store.ts';
import { planOf, queryContext, RAW } from '../query-context.ts';

/** Few instants, two streams; in each batch and over batches. */
function tiedLines(random: Random, from: number, count: number): Line[] {
  return Array.from({ length: count }, (_, i) => ({
    text: `{"n":${from + i},"user":${random.below(3)}}`,
    timeNs: random.below(4) * 1e9,
    labels: { namespace: 'shop', pod: `api-${random.below(2)}` },
  }));
}

/** Every line with its cursor, oldest first, one page after the other. */
async function linesOf({ store }: OpenStore, pageSize: number): Promise<{ text: string; cursor: Cursor }[]> {
  const lines: { text: string; cursor: Cursor }[] = [];
  for (let after: Cursor | undefined; ;) {
    const context = queryContext(store);
    using snapshot = store.snapshot();
    const plan = planOf({ direction: 'forward', limit: pageSize, ...(after !== undefined && { after }) });
    const pieces = await Array.fromAsync(
      answerBest(snapshot.rowGroups, plan, RAW, context, new AbortController().signal),
    );
    const texts = Buffer.concat(pieces).toString().split('\n').slice(0, -1);
    if (context.page.last !== undefined) lines.push({ text: texts.at(-1)!, cursor: context.page.last });
    if (pageSize > 1) expect(texts.length).toBeLessThanOrEqual(pageSize);
    after = context.page.last;
    if (!context.page.hasMore) return lines;
  }
}

async function compactAll({ store, dataDir, options }: OpenStore): Promise<void> {
  const { disk = realDisk, now, log, indexedFields } = options;
  await new Compactor({
    store,
    dataDir,
    indexedFields,
    now,
    log,
    metrics: new Metrics(),
    compact: (input, stop) => compact(disk, input, () => stop.aborted),
  }).settle();
}

/** Rewrites every segment without the lines of a user. */
async function eraseUser({ store, dataDir, options }: OpenStore, user: string): Promise<void> {
  const filter = planOf({ where: valueLeaf('user', [parsePattern(user)]) });
  for (const segment of store.segments()) {
    const output = await eraseSegment(realDisk, {
      dataDir,
      segment,
      plan: planForAll(filter),
      orderBefore: Infinity,
      sequence: store.takeSequence(),
      indexedFields: options.indexedFields,
    });
    if (output.kind === 'rewritten') {
      await store.replaceSegments([segment], output.segment === undefined ? [] : [output.segment]);
    }
  }
}

/** Whether one cursor names the line, when others of its time and stream have these ones. */
function expectSameLines(
  now: readonly { text: string; cursor: Cursor }[],
  truth: readonly { text: string; cursor: Cursor }[],
): void {
  expect(now.map(({ text }) => text)).toEqual(truth.map(({ text }) => text));
  for (const [i, { cursor }] of now.entries()) {
    // The stored arrival may be a lower bound, above those of all lines before.
    expect(compareCursors(cursor, truth[i]!.cursor)).toBeLessThanOrEqual(0);
    if (i > 0) expect(compareCursors(truth[i - 1]!.cursor, cursor)).toBeLessThan(0);
  }
}

test.each([0, 1, 2, 3, 4, 5])(
  'cursors of lines before and after flushes, merges and erasures agree: seed %i',
  async (seed) => {
    const random = new Random(seed);
    let open = await openStore();
    const lines: Line[] = [];
    for (let batch = 0; batch < 14; batch++) {
      const added = tiedLines(random, lines.length, 1 + random.below(12));
      lines.push(...added);
      await append(open.store, batchOf({ lines: added }));
      if (random.below(2) === 0) await open.store.flushAll();
    }
    const truth = lines
      .map((line, place) => ({
        text: line.text,
        cursor: naiveCursor({ text: line.text, labels: line.labels!, instant: instantOf(TODAY, line.timeNs!) }, place),
      }))
      .toSorted((a, b) => compareCursors(a.cursor, b.cursor));
    expectSameLines(await linesOf(open, 1), truth);
    await open.store.flushAll();
    expectSameLines(await linesOf(open, 1), truth);
    open = await reopen(open);
    expectSameLines(await linesOf(open, 1), truth);
    await compactAll(open);
    expectSameLines(await linesOf(open, 1), truth);
    await eraseUser(open, '1');
    const left = truth.filter(({ text }) => !text.includes('"user":1'));
    expectSameLines(await linesOf(open, 1), left);
    const added = tiedLines(random, lines.length, 5);
    await append(open.store, batchOf({ lines: added }));
    await open.store.flushAll();
    await compactAll(open);
    open = await reopen(open);
    const now = (await linesOf(open, 1)).filter(({ text }) => left.some((each) => each.text === text));
    expectSameLines(now, left);
    expect(new Set(now.map(({ cursor }) => JSON.stringify(cursor))).size).toBe(left.length);
  },
);
