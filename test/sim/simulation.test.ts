/**
 * The store under thousands of seeds: crashes, torn writes, full and failing disks, bit flips, clocks set back. CI runs
 * always the same seeds, so that a failure is the change's; `npm run sim` looks for new ones.
 * SIM_SEEDS=n runs another number of them, SIM_SEED=n only that one.
 */
import { expect, test } from 'vitest';
import { explain } from './explain.ts';
import { scriptOf } from './operations.ts';
import { runSeeds } from './run-seeds.ts';
import { simulate } from './simulation.ts';

/** About 40 s on two slow cores. */
const SEEDS = Number(process.env['SIM_SEEDS'] ?? 1000);
const ONE = process.env['SIM_SEED'];

if (ONE === undefined) {
  test(`no line is lost, doubled or wrong in ${SEEDS} runs`, { timeout: 600_000 }, async () => {
    const failed = await runSeeds({ from: 0, count: SEEDS });
    if (failed[0] !== undefined) expect.fail((await explain(failed[0].seed)).text);
  });
} else {
  test(`seed ${ONE}`, { timeout: 600_000 }, async () => {
    const { text, failed } = await explain(Number(ONE));
    if (failed) expect.fail(text);
  });
}

test('a seed takes the same course each time', async () => {
  for (const seed of [3, 4, 5]) {
    const first = await simulate(scriptOf(seed));
    await simulate(scriptOf(seed + 100));
    expect(await simulate(scriptOf(seed))).toEqual(first);
  }
});
