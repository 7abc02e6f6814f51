/** Rows of row groups that take turns: each piece of an answer has many of them, and at least the first, whatever its size. */
import { expect, test } from 'vitest';
import { placeOf } from '../../../../../server/engines/embedded/scan/row-groups.ts';
import type { RenderedText } from '../../../../../server/engines/embedded/search/render.ts';
import { batchOf, type Line } from '../batches.ts';
import { append, openStore } from '../open-store.ts';
import { queryContext, RAW } from '../query-context.ts';

const ROWS = 400;
const BYTES_A_LINE = 200;

/** @param groupAt  which of the two groups the n-th line of the answer is of */
async function answer(groupAt: (n: number) => number, bytesMax: number): Promise<{ lines: string[]; pieces: number }> {
  const { store } = await openStore();
  const lines = Array.from({ length: ROWS }, (_, n): Line => ({
    text: `${n} `.padEnd(BYTES_A_LINE, 'x'),
    timeNs: n * 1e6,
    labels: { pod: `p${groupAt(n)}` },
  }));
  for (const pod of ['p0', 'p1']) {
    await append(store, batchOf({ lines: lines.filter(({ labels }) => labels!.pod === pod) }));
  }
  using snapshot = store.snapshot();
  const places = snapshot.rowGroups.map(placeOf);
  expect(places).toHaveLength(2);
  const groupOf = Uint32Array.from(lines, (_, n) => groupAt(n));
  const counts = [0, 0];
  const rows = Uint32Array.from(groupOf, (group) => counts[group]!++);
  const timesNs = Float64Array.from(lines, ({ timeNs }) => timeNs!);
  const found: string[] = [];
  let pieces = 0;
  for (let from = 0; from < ROWS; pieces++) {
    const rest = { groupOf: groupOf.slice(from), rows: rows.slice(from), timesNs: timesNs.slice(from) };
    const { rendered } = await queryContext(store).render(
      { places, ...rest, sink: RAW, bytesMax },
      new AbortController().signal,
    );
    const { text, ends } = rendered as RenderedText;
    expect(ends.length).toBeGreaterThan(0);
    found.push(...Buffer.from(text).toString().split('\n').slice(0, -1));
    from += ends.length;
  }
  expect(found).toEqual(lines.map(({ text }) => text));
  return { lines: found, pieces };
}

const PIECES = 8;
const BYTES_MAX = (ROWS * BYTES_A_LINE) / PIECES;

test.each<[name: string, groupAt: (n: number) => number]>([
  ['a line of each in turn', (n) => n % 2],
  ['few of one among many of the other', (n) => (n % 50 === 49 ? 1 : 0)],
  ['few of the first among many of the second', (n) => (n % 50 === 49 ? 0 : 1)],
  ['first all of the second group', (n) => (n < ROWS / 2 ? 1 : 0)],
])('%s', async (_, groupAt) => {
  const { pieces } = await answer(groupAt, BYTES_MAX);
  expect(pieces).toBeLessThanOrEqual(PIECES + 2);
  expect((await answer(groupAt, 1)).pieces).toBeLessThanOrEqual(ROWS);
});
