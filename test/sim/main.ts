/**
 * `npm run sim -- --seeds 100000 [--from 0]`: runs that many simulations on all cores, and says how far it is.
 * `SIM_SEED=4711 npm run sim` runs one and prints all that happened in it. Exits with 1 when a run failed.
 */
import { parseArgs } from 'node:util';
import { explain } from './explain.ts';
import { runSeeds } from './run-seeds.ts';

const { values } = parseArgs({ options: { seeds: { type: 'string' }, from: { type: 'string' } } });
const one = process.env['SIM_SEED'];
if (one !== undefined) {
  const { text, failed } = await explain(Number(one));
  process.stdout.write(text);
  process.exitCode = failed ? 1 : 0;
} else {
  const count = Number(values.seeds ?? 10_000);
  const startMs = performance.now();
  const failed = await runSeeds({
    from: Number(values.from ?? 0),
    count,
    onProgress: (done, failures) => {
      const perSecond = Math.round((done / (performance.now() - startMs)) * 1000);
      process.stderr.write(`\r${done} of ${count} seeds, ${perSecond}/s, ${failures} failed `);
    },
  });
  process.stderr.write('\n');
  for (const { seed, failure } of failed) process.stdout.write(`seed ${seed}: ${failure}\n`);
  if (failed[0] !== undefined) process.stdout.write((await explain(failed[0].seed)).text);
  process.exitCode = failed.length > 0 ? 1 : 0;
}
