/** fast-check with one seed for all tests, so that a run tells what changed: `SEED=5 npm test` tries other inputs. */
import fc from 'fast-check';

export const SEED = Number(process.env['SEED'] ?? 1);

fc.configureGlobal({ seed: SEED });

export default fc;
