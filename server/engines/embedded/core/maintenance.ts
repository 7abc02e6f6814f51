/**
 * Runs one maintenance job at a time: all jobs that rewrite or drop live segments (compaction, erasure, retention) run
 * here, so no two jobs ever work on the same segment, and the segments that a job reads stay live until it ends.
 * Flushes only add segments; they do not wait here and run beside a job.
 */
import { UnavailableError } from '../../../../shared/errors.ts';
import { RETRY_AFTER_QUEUE_SECONDS } from '../../../limits.ts';

export class MaintenanceQueue {
  readonly #closing = new AbortController();
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Runs a job when all earlier ones have ended.
   * @param job  ends soon after its signal is aborted because the store is closing, having changed all or nothing
   * @throws the job's error; UnavailableError when the store is closing
   */
  run<T>(job: (closing: AbortSignal) => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => {
      if (this.#closing.signal.aborted) throw closingError();
      return job(this.#closing.signal);
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Asks the running job to stop, and waits for its end; waiting jobs fail. */
  async close(): Promise<void> {
    this.#closing.abort(closingError());
    await this.#last;
  }
}

function closingError(): UnavailableError {
  return new UnavailableError('the server is shutting down', RETRY_AFTER_QUEUE_SECONDS);
}
