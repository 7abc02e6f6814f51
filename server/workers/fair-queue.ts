/**
 * Tasks that wait for a worker, and which of them is next. The workers' time is shared in two steps: among kinds of
 * work by weight, then equally among the flows of a kind, such as queries. Both use start-time fair queueing (Goyal,
 * Vin and Cheng, SIGCOMM 1996): each sharer has a virtual time, which grows by the time that its tasks took divided by
 * its weight, and the one whose virtual time is lowest goes first. A sharer that was idle starts at the virtual time of
 * the others, so idleness earns no credit; and as every task advances its own sharer, none waits without bound.
 *
 * Where memory is scarce, work that holds much of it comes one after the other, within limits: long queries take turns,
 * in which most of them end and give back the memory of their results, and maintenance does not begin beside other work.
 */
import { LONG_QUERY_TURN_MS, MAINTENANCE_HELD_BACK_MS_MAX, SHORT_QUERY_MS, TASK_SLICE_MS } from '../limits.ts';
import type { TaskFlow, Work } from './task.ts';

/** Tasks of one flow that wait, in their order of arrival. */
interface FlowQueue<T> {
  readonly flow: TaskFlow;
  readonly tasks: T[];
  lane: Lane<T>;
  virtualMs: number;
  /** Its tasks that run. */
  running: number;
}

/** A kind of work. Queries have two lanes, and move to the second after some use of the workers. */
interface Lane<T> {
  readonly work: Work;
  readonly weight: number;
  /** Tasks that may run at once. */
  readonly runningMax: number;
  /** Its tasks run for seconds and do not yield: all such lanes together leave one worker to the others. */
  readonly isLong: boolean;
  /** Flows with waiting tasks, in the order in which they began to wait. */
  readonly waiting: Set<FlowQueue<T>>;
  running: number;
  virtualMs: number;
  /** Virtual time of the flow that was served last: flows that begin to wait start from it. */
  flowsMs: number;
}

/** A task that was taken from the queue; `end` must be called with it. */
export interface TakenTask<T> {
  readonly task: T;
  readonly queue: FlowQueue<T>;
  readonly lane: Lane<T>;
}

export interface FairQueueOptions {
  /** Whether the process uses so much memory that it should begin little that takes more. */
  readonly isScarce?: () => boolean;
  /** Milliseconds since any fixed instant. */
  readonly now?: () => number;
}

export class FairQueue<T> {
  readonly #workerCount: number;
  readonly #isScarce: () => boolean;
  readonly #now: () => number;
  readonly #shortQueries: Lane<T>;
  readonly #longQueries: Lane<T>;
  readonly #maintenance: Lane<T>;
  /** Where virtual times are equal, the first goes first. */
  readonly #lanes: readonly Lane<T>[];
  readonly #queues = new WeakMap<TaskFlow, FlowQueue<T>>();
  /** Virtual time of the lane that was served last. */
  #lanesMs = 0;
  /** The long query whose turn it is where memory is scarce, and its use of the workers at the end of its turn. */
  #turn: { readonly queue: FlowQueue<T>; readonly untilUsedMs: number } | undefined;
  /** Since when maintenance has been held back for want of memory. */
  #heldBackSinceMs: number | undefined;

  constructor(workerCount: number, { isScarce = () => false, now = () => performance.now() }: FairQueueOptions = {}) {
    this.#workerCount = workerCount;
    this.#isScarce = isScarce;
    this.#now = now;
    const lane = (work: Work, weight: number, runningMax: number, isLong = false): Lane<T> => {
      return {
        work,
        weight,
        runningMax,
        isLong,
        waiting: new Set(),

        running: 0,
        virtualMs: 0,
        flowsMs: 0,
      };
    };
    this.#shortQueries = lane('query', 8, workerCount);
    this.#longQueries = lane('query', 2, workerCount);
    this.#maintenance = lane('maintenance', 2, 1, true);
    this.#lanes = [
      // Without flushes nothing more can be stored. Infinite weight always comes first, and takes at most one worker.
      lane('flush', Infinity, 1, true),
      // Each builds a row group in tens of megabytes.
      lane('intake', 8, Math.max(1, workerCount - 1)),
      this.#shortQueries,
      lane('tail', 4, workerCount),
      this.#longQueries,
      this.#maintenance,
    ];
  }

  /** Number of waiting tasks. */
  get length(): number {
    return this.#lanes.reduce((sum, lane) => sum + lengthOf(lane), 0);
  }

  /** Number of waiting tasks of one kind of work. */
  lengthOf(work: Work): number {
    return this.#lanes.reduce((sum, lane) => (lane.work === work ? sum + lengthOf(lane) : sum), 0);
  }

  /** Whether a task would run if there were another worker. */
  get isContended(): boolean {
    return this.#nextLane() !== undefined;
  }

  add(task: T, flow: TaskFlow): void {
    let queue = this.#queues.get(flow);
    if (queue === undefined) {
      queue = { flow, tasks: [], lane: this.#laneOf(flow), virtualMs: 0, running: 0 };
      this.#queues.set(flow, queue);
    }
    queue.tasks.push(task);
    if (queue.tasks.length === 1) this.#join(queue);
  }

  /** Returns the next task; undefined when none may run. */
  take(): TakenTask<T> | undefined {
    const lane = this.#nextLane();
    if (lane === undefined) return undefined;
    const queue = this.#nextOf(lane)!;
    const task = queue.tasks.shift()!;
    if (queue.tasks.length === 0) lane.waiting.delete(queue);
    if (lane === this.#maintenance) this.#heldBackSinceMs = undefined;
    if (lane === this.#longQueries && !this.#isInTurn(queue)) {
      this.#turn = { queue, untilUsedMs: queue.flow.usedMs + LONG_QUERY_TURN_MS };
    }
    this.#lanesMs = lane.virtualMs;
    lane.flowsMs = queue.virtualMs;
    lane.running++;
    queue.running++;
    // How long it takes is known when it ends. Until then a full slice is charged, or one flow would get all workers at
    // once.
    charge(queue, lane, TASK_SLICE_MS);
    return { task, queue, lane };
  }

  /** @param usedMs  for how long the task had its worker */
  end({ queue, lane }: TakenTask<T>, usedMs: number): void {
    lane.running--;
    queue.running--;
    charge(queue, lane, usedMs - TASK_SLICE_MS);
    queue.flow.usedMs += usedMs;
    const laneNow = this.#laneOf(queue.flow);
    if (laneNow === queue.lane) return;
    queue.lane.waiting.delete(queue);
    queue.lane = laneNow;
    queue.virtualMs = 0;
    if (queue.tasks.length > 0) this.#join(queue);
  }

  /** @returns false when the task does not wait */
  remove(task: T, flow: TaskFlow): boolean {
    const queue = this.#queues.get(flow);
    const at = queue === undefined ? -1 : queue.tasks.indexOf(task);
    if (queue === undefined || at === -1) return false;
    queue.tasks.splice(at, 1);
    if (queue.tasks.length === 0) queue.lane.waiting.delete(queue);
    return true;
  }

  /** Removes and returns all waiting tasks. */
  clear(): T[] {
    return this.#lanes.flatMap(({ waiting }) => {
      const tasks = [...waiting].flatMap((queue) => queue.tasks.splice(0));
      waiting.clear();
      return tasks;
    });
  }

  #laneOf({ work, usedMs }: TaskFlow): Lane<T> {
    if (work === 'query') return usedMs < SHORT_QUERY_MS ? this.#shortQueries : this.#longQueries;
    return this.#lanes.find((lane) => lane.work === work)!;
  }

  #join(queue: FlowQueue<T>): void {
    const { lane } = queue;
    if (lane.waiting.size === 0) lane.virtualMs = Math.max(lane.virtualMs, this.#lanesMs);
    queue.virtualMs = Math.max(queue.virtualMs, lane.flowsMs);
    lane.waiting.add(queue);
  }

  #nextLane(): Lane<T> | undefined {
    const longRunning = this.#lanes.reduce((sum, { isLong, running }) => (isLong ? sum + running : sum), 0);
    const mayRunLong = longRunning < Math.max(1, this.#workerCount - 1);
    return leastServed(
      this.#lanes.filter((lane) => {
        const { running, runningMax, isLong } = lane;
        return running < runningMax && (!isLong || mayRunLong) && this.#nextOf(lane) !== undefined;
      }),
    );
  }

  /** Returns the flow of a lane that is next; undefined when none may run. */
  #nextOf(lane: Lane<T>): FlowQueue<T> | undefined {
    if (lane.waiting.size === 0) return undefined;
    if (lane === this.#maintenance && this.#isHeldBack()) return undefined;
    const turn = this.#turn?.queue;
    if (lane === this.#longQueries && turn !== undefined && this.#isInTurn(turn) && this.#isScarce()) {
      if (lane.waiting.has(turn)) return turn;
      if (turn.running > 0) return undefined;
    }
    return leastServed(lane.waiting);
  }

  #isInTurn(queue: FlowQueue<T>): boolean {
    return queue === this.#turn?.queue && queue.flow.usedMs < this.#turn.untilUsedMs;
  }

  /** Where all other work waits for memory, too, maintenance would wait for ever. */
  #isHeldBack(): boolean {
    if (!this.#isScarce() || this.#lanes.every(({ running }) => running === 0)) return false;
    const nowMs = this.#now();
    this.#heldBackSinceMs ??= nowMs;
    return nowMs - this.#heldBackSinceMs < MAINTENANCE_HELD_BACK_MS_MAX;
  }
}

function lengthOf<T>({ waiting }: Lane<T>): number {
  let length = 0;
  for (const { tasks } of waiting) length += tasks.length;
  return length;
}

function charge(queue: { virtualMs: number }, lane: { virtualMs: number; readonly weight: number }, ms: number): void {
  queue.virtualMs += ms;
  lane.virtualMs += ms / lane.weight;
}

/** Returns the first of those with the lowest virtual time. */
function leastServed<S extends { readonly virtualMs: number }>(sharers: Iterable<S>): S | undefined {
  let least: S | undefined;
  for (const sharer of sharers) if (least === undefined || sharer.virtualMs < least.virtualMs) least = sharer;
  return least;
}
