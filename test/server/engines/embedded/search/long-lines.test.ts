/** Lines of a megabyte, which compress to nothing: answers and searches hold a few of them at once, and give all of them. */
import { expect, test } from 'vitest';
import { RENDER_BYTES_AT_ONCE } from '../../../../../server/limits.ts';
import { type QueryContext, answerBest } from '../../../../../server/engines/embedded/search/answer.ts';
import type { RenderedText } from '../../../../../server/engines/embedded/search/render.ts';
import type { RenderOutput } from '../../../../../server/engines/embedded/search/sink-rows.ts';
import { batchOf, type Line } from '../batches.ts';
import { append, openStore } from '../open-store.ts';
import { planOf, queryContext, RAW } from '../query-context.ts';

const MIB = 1024 * 1024;

/** Two pods' lines in turn, most of them long, in row groups of their own: an answer goes from one to the other. */
const LINES: readonly Line[] = Array.from({ length: 24 }, (_, i) => ({
  text: i % 5 === 4 ? `short ${i}` : `${'x'.repeat(MIB)} needle ${i}`,
  timeNs: i * 1e6,
  labels: { pod: `p${i % 2}` },
}));

async function searchOf(needle: string) {
  const { store } = await openStore();
  for (const pod of ['p0', 'p1']) {
    await append(store, batchOf({ lines: LINES.filter(({ labels }) => labels!.pod === pod) }));
  }
  const context = queryContext(store);
  const outputs: RenderOutput[] = [];
  const render: QueryContext['render'] = async (input, signal) => {
    const output = await context.render(input, signal);
    outputs.push(output);
    return output;
  };
  const snapshot = store.snapshot();
  const plan = planOf({ direction: 'forward', text: { any: needle === '' ? [] : [Buffer.from(needle)], none: [] } });
  const pieces = await Array.fromAsync(
    answerBest(snapshot.rowGroups, plan, RAW, { ...context, render }, new AbortController().signal),
  );
  snapshot.release();
  return { text: Buffer.concat(pieces).toString('latin1'), outputs };
}

test.each([
  ['all lines', '', () => true],
  ['lines that hold a text across its values', 'x needle 1', (text: string) => /x needle 1/.test(text)],
])('%s', async (_, needle, isWanted) => {
  const { text, outputs } = await searchOf(needle);
  const want = LINES.map((line) => line.text).filter(isWanted);
  expect(text === want.map((line) => `${line}\n`).join('')).toBe(true);
  const largest = Math.max(...outputs.map((output) => (output.rendered as RenderedText).text.length));
  expect(largest).toBeLessThanOrEqual(RENDER_BYTES_AT_ONCE + 2 * MIB);
});
