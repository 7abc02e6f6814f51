/**
 * A few worker threads and the queue in front of them. Started when first needed; a worker that dies fails its task
 * only, and is replaced. On node:worker_threads directly: a task here is one message each way, and piscina would add a
 * dependency for what the forty lines of `#dispatch` and `#settle` do, without background tasks that leave a worker free.
 */
import { type Transferable, Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { UnavailableError, WorkerDiedError } from '../../shared/errors.ts';
import type { Counter, Metrics } from '../../shared/metrics.ts';
import { QUEUED_TASKS_MAX, RETRY_AFTER_QUEUE_SECONDS, WORKER_HEAP_MIB_MAX, WORKER_YOUNG_MIB_MAX } from '../limits.ts';
import { errorOf, type ResultMessage, type TaskMessage, type WorkerStart } from './messages.ts';
import { type Priority, PRIORITY_BACKGROUND, PRIORITY_QUERY, type TaskKind } from './task.ts';

export interface PoolOptions {
  readonly size: number;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** For tests: another body for the threads. */
  readonly workerUrl?: URL;
}

export interface RunOptions {
  readonly priority?: Priority;
  /** Buffers of the input that are handed over instead of copied. */
  readonly transfer?: readonly Transferable[];
  /** Takes the task out of the queue, or tells it to stop; the promise rejects with the signal's reason at once. */
  readonly signal?: AbortSignal;
  /** Asks the task to stop; the promise settles when it has. For tasks that write files, which end before others begin. */
  readonly stop?: AbortSignal;
}

interface PendingTask {
  readonly message: TaskMessage;
  readonly priority: Priority;
  readonly transfer: readonly Transferable[];
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Slot {
  readonly worker: Worker;
  readonly cancelled: Int32Array;
  task: PendingTask | undefined;
}

export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #workerUrl: URL;
  readonly #slots = new Set<Slot>();
  readonly #deaths: Counter;
  /** In the order of arrival. */
  #queue: PendingTask[] = [];
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#workerUrl = options.workerUrl ?? new URL('./worker.ts', import.meta.url);
    this.#deaths = options.metrics.counter('podlog_worker_deaths_total', 'Worker threads that ended by a failure.');
    options.metrics.gauge('podlog_worker_queue', 'Tasks that wait for a worker.').readFrom(() => this.#queue.length);
  }

  /**
   * Runs a task in a worker.
   * @throws what the task throws; WorkerDiedError; UnavailableError when the queue is full or the pool is closed
   */
  run<Input, Output>(kind: TaskKind<Input, Output>, input: Input, options: RunOptions = {}): Promise<Output> {
    const { priority = PRIORITY_QUERY, transfer = [], signal, stop } = options;
    // Signals outlive their tasks: neither a task nor its result may stay with them.
    const settled = new AbortController();
    const once = { once: true, signal: settled.signal };
    const output = new Promise<Output>((resolve, reject) => {
      signal?.throwIfAborted();
      stop?.throwIfAborted();
      if (this.#closed) throw unavailable('the server is shutting down');
      if (this.#queue.length >= QUEUED_TASKS_MAX) throw unavailable(`${this.#queue.length} tasks wait for a worker`);
      const message = { name: kind.name, input };
      const task: PendingTask = { message, priority, transfer, resolve: resolve as (output: unknown) => void, reject };
      signal?.addEventListener('abort', () => this.#cancel(task, signal.reason), once);
      stop?.addEventListener('abort', () => this.#stop(task, stop.reason), once);
      this.#queue.push(task);
      this.#dispatch();
    });
    return output.finally(() => settled.abort());
  }

  /** Fails what waits and ends the threads, even in the middle of a task. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#queue) reject(unavailable('the server is shutting down'));
    this.#queue = [];
    await Promise.all([...this.#slots].map(({ worker }) => worker.terminate()));
  }

  #dispatch(): void {
    for (let task = this.#next(); task !== undefined; task = this.#next()) {
      const slot = [...this.#slots].find((each) => each.task === undefined) ?? this.#start();
      Atomics.store(slot.cancelled, 0, 0);
      try {
        slot.worker.postMessage(task.message, [...task.transfer]);
        slot.worker.ref();
        slot.task = task;
      } catch (error) {
        task.reject(error); // an input that cannot be cloned
      }
    }
  }

  /** Takes the first of the most urgent tasks out of the queue; undefined when there is none, or no worker for it. */
  #next(): PendingTask | undefined {
    const tasks = [...this.#slots].flatMap(({ task }) => (task === undefined ? [] : [task]));
    if (tasks.length >= this.#options.size) return undefined;
    const backgroundMax = Math.max(1, this.#options.size - 1);
    const mayBackground = tasks.filter(isBackground).length < backgroundMax;
    let best: PendingTask | undefined;
    for (const task of this.#queue) {
      if (isBackground(task) && !mayBackground) continue;
      if (best === undefined || task.priority < best.priority) best = task;
    }
    if (best !== undefined) this.#queue.splice(this.#queue.indexOf(best), 1);
    return best;
  }

  #start(): Slot {
    const cancelled = new Int32Array(new SharedArrayBuffer(4));
    const workerData: WorkerStart = { cancelled };
    const worker = new Worker(this.#workerUrl, {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MIB_MAX, maxYoungGenerationSizeMb: WORKER_YOUNG_MIB_MAX },
    });
    const slot: Slot = { worker, cancelled, task: undefined };
    this.#slots.add(slot);
    let lastError: unknown;
    worker.on('message', (message: ResultMessage) => this.#settle(slot, message));
    worker.on('error', (error) => (lastError = error));
    worker.on('exit', (code) => this.#bury(slot, lastError ?? new Error(`the worker ended with code ${code}`)));
    worker.unref();
    return slot;
  }

  #settle(slot: Slot, message: ResultMessage): void {
    const { task } = slot;
    slot.task = undefined;
    slot.worker.unref();
    if (message.kind === 'done') task?.resolve(message.output);
    else task?.reject(errorOf(message.failure));
    this.#dispatch();
  }

  #bury(slot: Slot, error: unknown): void {
    this.#slots.delete(slot);
    if (this.#closed) {
      slot.task?.reject(unavailable('the server is shutting down', error));
      return;
    }
    slot.task?.reject(died(error));
    this.#deaths.add();
    this.#options.log.error({ err: error, task: slot.task?.message.name }, 'a worker thread died and will be replaced');
    this.#dispatch();
  }

  #cancel(task: PendingTask, reason: unknown): void {
    this.#stop(task, reason);
    task.reject(reason);
  }

  #stop(task: PendingTask, reason: unknown): void {
    const at = this.#queue.indexOf(task);
    if (at !== -1) {
      this.#queue.splice(at, 1);
      task.reject(reason);
    }
    for (const slot of this.#slots) if (slot.task === task) Atomics.store(slot.cancelled, 0, 1);
  }
}

function isBackground({ priority }: PendingTask): boolean {
  return priority >= PRIORITY_BACKGROUND;
}

function died(cause: unknown): WorkerDiedError {
  return new WorkerDiedError('a worker thread died in the middle of this', RETRY_AFTER_QUEUE_SECONDS, { cause });
}

function unavailable(message: string, cause?: unknown): UnavailableError {
  return new UnavailableError(message, RETRY_AFTER_QUEUE_SECONDS, { cause });
}
