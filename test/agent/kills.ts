/** Agents that end at random moments, while answers are lost: for tests that count what is stored in the end. */
import type { AgentOptions } from '../../agent/agent.ts';
import type { Random } from '../corpus/random.ts';
import { startPodlog, type PodlogProcess } from '../e2e/podlog.ts';
import { until, type World } from './pods.ts';

/** Every third request fails, half of them after their batch is stored. */
export function loseAnswers({ sink }: World, random: Random): void {
  sink.fault = () => {
    const dice = random.below(6);
    if (dice === 0) return 'hang-up';
    return dice === 1 ? 'store-and-hang-up' : undefined;
  };
}

/** Runs an agent for a few requests or milliseconds, and kills it. */
export async function runBriefly(world: World, random: Random, options?: Partial<AgentOptions>): Promise<void> {
  await world.start(options);
  const requests = world.sink.requests + random.below(5);
  const endMs = performance.now() + random.below(25);
  await until(
    () => world.sink.requests >= requests || performance.now() > endMs,
    () => 'no end',
  );
  await world.stop();
}

/** An agent that a signal can end. */
export function startProcess({ podsDir, url }: World): PodlogProcess {
  return startPodlog(['agent', '--pods-dir', podsDir, '--server', url, '--node', 'node-1']);
}
