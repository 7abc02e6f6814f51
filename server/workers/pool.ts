/**
 * A few worker threads and their queue. Threads are started when first needed; the death of a worker fails only its
 * task, and it is replaced. Built directly on node:worker_threads: a task here is one message each way, and piscina
 * would add a dependency for what the forty lines of `#dispatch` and `#settle` do, without fair shares and without
 * tasks that yield.
 */
import { type Transferable, Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { UnavailableError, WorkerDiedError } from '../../shared/errors.ts';
import type { Counter, Metrics } from '../../shared/metrics.ts';
import {
  QUEUED_TASKS_MAX,
  RETRY_AFTER_DEATH_SECONDS,
  RETRY_AFTER_QUEUE_SECONDS,
  WORKER_HEAP_MIB_MAX,
  WORKER_YOUNG_MIB_MAX,
} from '../limits.ts';
import { FairQueue, type TakenTask } from './fair-queue.ts';
import { GarbagePacer } from './garbage-pacer.ts';
import { isMemoryScarce } from './memory-pressure.ts';
import {
  errorOf,
  type ResultMessage,
  SIGNAL_CANCELLED,
  SIGNAL_CONTENDED,
  SIGNAL_COUNT,
  type TaskMessage,
  type WorkerStart,
} from './messages.ts';
import type { RunOptions, TaskFlow, TaskKind, Work } from './task.ts';

export interface PoolOptions {
  readonly size: number;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** The script of the threads, which serves tasks. */
  readonly workerUrl: URL;
  /** Milliseconds since any fixed instant. */
  readonly now?: () => number;
  /** Whether memory is scarce; replaced in tests. */
  readonly isScarce?: () => boolean;
}

interface PendingTask {
  readonly message: TaskMessage;
  readonly flow: TaskFlow;
  readonly transfer: readonly Transferable[];
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Slot {
  readonly worker: Worker;
  readonly signals: Int32Array;
  running: RunningTask | undefined;
}

interface RunningTask extends TakenTask<PendingTask> {
  readonly startedMs: number;
}

export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #workerUrl: URL;
  readonly #slots = new Set<Slot>();
  readonly #deaths: Counter;
  readonly #busySeconds: Counter;
  readonly #now: () => number;
  readonly #queue: FairQueue<PendingTask>;
  /** Paces the garbage of this thread: most of its data comes from the workers. */
  readonly #garbage = new GarbagePacer();
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#workerUrl = options.workerUrl;
    this.#now = options.now ?? ((): number => performance.now());
    const { isScarce = isMemoryScarce } = options;
    this.#queue = new FairQueue(options.size, { isScarce, now: this.#now });
    const { metrics } = options;
    this.#deaths = metrics.counter('podlog_worker_deaths_total', 'Worker threads that ended by a failure.');
    this.#busySeconds = metrics.counter('podlog_worker_busy_seconds_total', 'Time of worker threads, by kind of work.');
    metrics.gauge('podlog_worker_queue', 'Tasks that wait for a worker.').readFrom(() => this.#queue.length);
    metrics.gauge('podlog_workers_busy', 'Worker threads that run a task.').readFrom(() => this.#runningCount());
  }

  /**
   * Runs a task in a worker.
   * @throws what the task throws; WorkerDiedError; UnavailableError when the queue is full or the pool is closed
   */
  run<Input, Output>(kind: TaskKind<Input, Output>, input: Input, options: RunOptions): Promise<Output> {
    const { flow, transfer = [], signal, stop } = options;
    // Signals outlive their tasks: neither a task nor its result may be retained by them.
    const forgets: (() => void)[] = [];
    const output = new Promise<Output>((resolve, reject) => {
      signal?.throwIfAborted();
      stop?.throwIfAborted();
      if (this.#closed) throw unavailable('the server is shutting down');
      if (this.#queue.lengthOf(flow.work) >= QUEUED_TASKS_MAX) {
        throw unavailable(`${QUEUED_TASKS_MAX} tasks of ${flow.work} wait for a worker`);
      }
      const message = { name: kind.name, input };
      const task: PendingTask = { message, flow, transfer, resolve: resolve as (output: unknown) => void, reject };
      forgets.push(
        onAbort(signal, (reason) => this.#cancel(task, reason)),
        onAbort(stop, (reason) => this.#stop(task, reason)),
      );
      this.#queue.add(task, flow);
      this.#dispatch();
    });
    return output.finally(() => {
      for (const forget of forgets) forget();
    });
  }

  /** Fails the waiting tasks and ends the threads, even in the middle of a task. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#queue.clear()) reject(unavailable('the server is shutting down'));
    await Promise.all([...this.#slots].map(({ worker }) => worker.terminate()));
  }

  #dispatch(): void {
    while (this.#runningCount() < this.#options.size) {
      const taken = this.#queue.take();
      if (taken === undefined) break;
      this.#begin([...this.#slots].find(({ running }) => running === undefined) ?? this.#start(), taken);
    }
    // Running tasks that can be done in parts yield to waiting ones.
    const contended = this.#queue.isContended ? 1 : 0;
    for (const { signals } of this.#slots) Atomics.store(signals, SIGNAL_CONTENDED, contended);
  }

  #begin(slot: Slot, taken: TakenTask<PendingTask>): void {
    const { message, transfer, reject } = taken.task;
    Atomics.store(slot.signals, SIGNAL_CANCELLED, 0);
    try {
      slot.worker.postMessage(message, [...transfer]);
      slot.worker.ref();
      slot.running = { ...taken, startedMs: this.#now() };
    } catch (error) {
      this.#queue.end(taken, 0);
      reject(error); // an input that cannot be cloned
    }
  }

  #runningCount(): number {
    let count = 0;
    for (const { running } of this.#slots) if (running !== undefined) count++;
    return count;
  }

  #start(): Slot {
    const signals = new Int32Array(new SharedArrayBuffer(SIGNAL_COUNT * Int32Array.BYTES_PER_ELEMENT));
    const workerData: WorkerStart = { signals };
    const worker = new Worker(this.#workerUrl, {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MIB_MAX, maxYoungGenerationSizeMb: WORKER_YOUNG_MIB_MAX },
    });
    const slot: Slot = { worker, signals, running: undefined };
    this.#slots.add(slot);
    let lastError: unknown;
    worker.on('message', (message: ResultMessage) => this.#settle(slot, message));
    worker.on('error', (error) => (lastError = error));
    worker.on('exit', (code) => this.#bury(slot, lastError ?? new Error(`the worker ended with code ${code}`)));
    worker.unref();
    return slot;
  }

  #settle(slot: Slot, message: ResultMessage): void {
    const task = this.#end(slot);
    slot.worker.unref();
    if (message.kind === 'done') task?.resolve(message.output);
    else task?.reject(errorOf(message.failure));
    this.#dispatch();
    this.#garbage.pace();
  }

  #bury(slot: Slot, error: unknown): void {
    this.#slots.delete(slot);
    const task = this.#end(slot);
    if (this.#closed) {
      task?.reject(unavailable('the server is shutting down', error));
      return;
    }
    task?.reject(died(task.flow.work, error));
    this.#deaths.add();
    this.#options.log.error({ err: error, task: task?.message.name }, 'a worker thread died and will be replaced');
    this.#dispatch();
  }

  /** Charges the worker's task for its time and returns it; undefined when it had none. */
  #end(slot: Slot): PendingTask | undefined {
    const { running } = slot;
    if (running === undefined) return undefined;
    slot.running = undefined;
    const usedMs = this.#now() - running.startedMs;
    this.#queue.end(running, usedMs);
    this.#busySeconds.add(usedMs / 1000, { work: running.task.flow.work });
    return running.task;
  }

  #cancel(task: PendingTask, reason: unknown): void {
    this.#stop(task, reason);
    task.reject(reason);
  }

  #stop(task: PendingTask, reason: unknown): void {
    if (this.#queue.remove(task, task.flow)) task.reject(reason);
    for (const { running, signals } of this.#slots) {
      if (running?.task === task) Atomics.store(signals, SIGNAL_CANCELLED, 1);
    }
  }
}

/**
 * Calls back when the signal is aborted. Returns a function that removes the listener. A listener that another signal
 * removes may stay: of several such listeners, Node 24 keeps only the removal of the last one.
 */
function onAbort(signal: AbortSignal | undefined, callback: (reason: unknown) => void): () => void {
  const listener = (): void => callback(signal!.reason);
  signal?.addEventListener('abort', listener, { once: true });
  return () => signal?.removeEventListener('abort', listener);
}

/** Most workers die because their memory runs out, and the same work would kill the next one. */
function died(work: Work, cause: unknown): WorkerDiedError {
  const advice: Readonly<Record<Work, string>> = {
    query: 'narrow its time range or its filters, or ask for fewer groups',
    tail: 'narrow its filters',
    intake: 'send fewer lines at once',
    flush: 'it is tried again',
    maintenance: 'retry later',
  };
  const message = `a worker thread died of this, most likely as its memory ran out: ${advice[work]}; the log of the server has more`;
  return new WorkerDiedError(message, RETRY_AFTER_DEATH_SECONDS, { cause });
}

function unavailable(message: string, cause?: unknown): UnavailableError {
  return new UnavailableError(message, RETRY_AFTER_QUEUE_SECONDS, { cause });
}
