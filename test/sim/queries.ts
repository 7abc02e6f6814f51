/** Random plans over the lines of a run. */
import { parsePattern } from '../../server/store/value-test.ts';
import { normalised } from '../../server/store/predicate.ts';
import type { Plan } from '../../server/store/search-plan.ts';
import { instantOfMs } from '../../shared/time.ts';
import type { Random } from '../corpus/random.ts';
import { type ValueFilter, whereOf } from '../server/engines/embedded/filters.ts';

const VALUES: readonly ValueFilter[] = [
  { name: 'pod', any: [parsePattern('pod-1')], none: [] },
  { name: 'pod', any: [], none: [parsePattern('pod-0'), parsePattern('pod-2')] },
  { name: 'user', any: [parsePattern('3'), parsePattern('4')], none: [] },
  { name: 'level', any: [], none: [parsePattern('info')] },
  { name: 'id', any: [parsePattern('pod-*1*')], none: [] },
];
const TEXTS = ['user 2', '"user":1', 'error', 'nowhere'];

export function queryOf(random: Random, nowMs: number): Plan {
  const values = VALUES.filter(() => random.below(4) === 0);
  const text = random.below(3) === 0 ? [Buffer.from(TEXTS[random.below(TEXTS.length)]!)] : [];
  const isRanged = random.below(3) === 0;
  const fromMs = nowMs - random.below(3 * 86_400_000);
  return {
    from: isRanged ? instantOfMs(fromMs) : undefined,
    to: isRanged ? instantOfMs(fromMs + random.below(86_400_000)) : undefined,
    where: normalised(
      whereOf({ values, text: random.below(3) === 0 ? { any: [], none: text } : { any: text, none: [] } }),
    ),
    direction: random.below(2) === 0 ? 'backward' : 'forward',
    limit: random.below(2) === 0 ? 100_000 : 1 + random.below(20),
  };
}
