/**
 * A flush whose worker dies (because its memory ran out, say) would kill the next worker, too. It is retried in halves,
 * until a single row group kills a worker, which is quarantined. Runs on the main thread.
 */
import { CorruptionError, WorkerDiedError } from '../../../../shared/errors.ts';
import { FLUSH_DEATHS_MAX } from '../../../limits.ts';
import { type FlushInput, type FlushOutput, segmentsMax } from './flush.ts';
import { damageOf } from './quarantine.ts';

export type Flush = (input: FlushInput) => Promise<FlushOutput>;

/**
 * Like `flush`, but survives the death of its worker.
 * @param deaths  workers that have died while flushing these row groups
 */
export async function flushAroundDeaths(flush: Flush, input: FlushInput, deaths = 0): Promise<FlushOutput> {
  try {
    return await flush(input);
  } catch (error) {
    if (!(error instanceof WorkerDiedError)) throw error;
    const { rowGroups, sequenceFrom } = input;
    if (rowGroups.length > 1) {
      const middle = rowGroups.length >> 1;
      const [first, second] = [rowGroups.slice(0, middle), rowGroups.slice(middle)];
      const firstOutput = await flushAroundDeaths(flush, { ...input, rowGroups: first }, deaths + 1);
      const rest = { ...input, rowGroups: second, sequenceFrom: sequenceFrom + segmentsMax(first) };
      const secondOutput = await flushAroundDeaths(flush, rest, deaths + 1);
      return {
        segments: [...firstOutput.segments, ...secondOutput.segments],
        damages: [...firstOutput.damages, ...secondOutput.damages],
      };
    }
    if (deaths + 1 < FLUSH_DEATHS_MAX) return flushAroundDeaths(flush, input, deaths + 1);
    const reason = new CorruptionError('worker threads died of it', undefined, { cause: error });
    const damages = rowGroups.map(({ path, offset, sizeBytes }) => damageOf(path, offset, sizeBytes, reason));
    return { segments: [], damages };
  }
}
