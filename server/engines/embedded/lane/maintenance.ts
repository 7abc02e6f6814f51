/**
 * One maintenance job at a time: whatever rewrites or drops live segments (compaction, erasure, retention) runs here, so
 * no two jobs ever work on the same segment, and what a job reads stays live until it ends. Flushes only add segments;
 * they do not wait for the lane and go on beside a job.
 */
import { UnavailableError } from '../../../../shared/errors.ts';
import { RETRY_AFTER_QUEUE_SECONDS } from '../../../limits.ts';

export class MaintenanceLane {
  readonly #closing = new AbortController();
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Runs a job when those before it have ended.
   * @param job  ends soon after its signal says that the store is closing, having changed all or nothing
   * @throws what the job throws; UnavailableError when the store is closing
   */
  run<T>(job: (closing: AbortSignal) => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => {
      if (this.#closing.signal.aborted) throw closingError();
      return job(this.#closing.signal);
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Asks the running job to stop, and waits for its end; those that wait fail. */
  async close(): Promise<void> {
    this.#closing.abort(closingError());
    await this.#last;
  }
}

function closingError(): UnavailableError {
  return new UnavailableError('the server is shutting down', RETRY_AFTER_QUEUE_SECONDS);
}
