/**
 * Erasures: `DELETE /logs?…` makes a job, which rewrites every segment that holds a matching row, and is done when the
 * old files are gone.
 *
 * **What is erased** is every matching row that was acknowledged before the job was. The job first has the WAL flushed,
 * so these rows are in segments; `order`, which only grows, distinguishes their row groups from later ones. That stays
 * true because no merge mixes the two until the job has rewritten all (Store.addMergeBarrier), and a merge that ran
 * before the job's first turn chose its segments before that, too. The job yields to other maintenance after each
 * segment; segments that others write meanwhile from rows that are older than the request are visited again.
 *
 * **After a crash** the job is read from its file and begins again. Rewritten segments have no such row any more, so
 * nothing is done twice; half-written ones are not named by the manifest, and removed.
 *
 * A snapshot shows a segment either before or after its rewrite. Segments are replaced one after the other, so while a
 * job runs, some of its rows are still visible; no other row is ever missing or doubled.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { UnavailableError } from '../../../../../shared/errors.ts';
import { reasonOf } from '../../../../../shared/system-error.ts';
import { ERASURES_KEPT_MAX, ERASURES_WAITING_MAX, RETRY_AFTER_DISK_SECONDS } from '../../../../limits.ts';
import { type Disk, realDisk } from '../../platform/disk.ts';
import { backupsFolder, segmentPath } from '../../core/filenames.ts';
import { syncRemovals } from '../../platform/folder.ts';
import { lockFolder } from '../../platform/lock.ts';
import type { ManifestSegment } from '../../core/manifest.ts';
import type { Store } from '../../core/store.ts';
import { type EraseInput, type EraseOutput } from './erase-segment.ts';
import { type ErasureState, type ErasureStatus, namesOf } from '../../../../store/erasure-status.ts';
import type { Predicate } from '../../../../store/predicate.ts';
import { planForAll } from '../../../../store/search-plan.ts';
import { type ErasureJob, JobFiles } from './job.ts';
import { isAnyHeld, listBackups } from '../../core/backup.ts';
import { eraseBackup } from './erase-backup.ts';
import { eraseQuarantine, filesToGo } from './remains.ts';

export interface ErasuresOptions {
  readonly store: Pick<
    Store,
    'checkpoint' | 'addMergeBarrier' | 'maintain' | 'manifest' | 'replaceSegments' | 'segments' | 'takeSequence'
  >;
  readonly dataDir: string;
  readonly indexedFields: readonly string[];
  /** Runs `eraseSegment`, in a worker or in this thread; settles when it has ended, also when it was asked to stop. */
  readonly erase: (input: EraseInput, stop: AbortSignal) => Promise<EraseOutput>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Logger;
  readonly disk?: Disk;
  /** Locks a backup's folder; a simulated disk has no processes. */
  readonly lock?: typeof lockFolder;
  /** Returns an id for a new job; random except in a simulation. */
  readonly newId?: () => string;
}

/** A job in memory, with state that a restart may forget. */
interface OpenJob {
  job: ErasureJob;
  state: ErasureState;
  /** State of this attempt: sequences of the segments that it need not visit again, and its failure. */
  lookedAt: Set<number>;
  failures: unknown[];
  segmentsDone: number;
  segmentsTotal: number;
  problem: string | undefined;
  isFinishing: boolean;
  /** Allows merges to mix its rows with later ones. */
  removeBarrier: () => void;
}

export class Erasures {
  readonly #options: ErasuresOptions;
  readonly #disk: Disk;
  readonly #files: JobFiles;
  /** In the order of their requests. */
  readonly #jobs: Map<string, OpenJob>;
  readonly #running = new Set<Promise<void>>();
  #closed = false;

  /** Reads the jobs, and continues those that are not done. */
  static async open(options: ErasuresOptions): Promise<Erasures> {
    const files = new JobFiles(options.disk ?? realDisk, options.dataDir);
    const { jobs, unreadable } = await files.load();
    for (const path of unreadable) {
      options.log.error(
        { path },
        'an erasure cannot be read and is not carried out: request it again, then remove this',
      );
    }
    const erasures = new Erasures(options, files, jobs);
    for (const open of erasures.#jobs.values()) if (open.state !== 'done') erasures.#start(open);
    return erasures;
  }

  private constructor(options: ErasuresOptions, files: JobFiles, jobs: readonly ErasureJob[]) {
    this.#options = options;
    this.#disk = options.disk ?? realDisk;
    this.#files = files;
    this.#jobs = new Map(
      jobs.map((job) => {
        const removeBarrier = job.done === undefined ? options.store.addMergeBarrier(job.scope.orderBefore) : () => {};
        return [job.id, openJob(job, removeBarrier)];
      }),
    );
  }

  /**
   * Resolves when the job is durable: from then on it will be carried out.
   * @throws UnavailableError  too many are waiting, or the disk fails; nothing is erased
   */
  async request(filter: Predicate): Promise<ErasureStatus> {
    const waiting = [...this.#jobs.values()].filter(({ state }) => state !== 'done').length;
    if (this.#closed) throw new UnavailableError('the server is shutting down', RETRY_AFTER_DISK_SECONDS);
    if (waiting >= ERASURES_WAITING_MAX) {
      const message = `${waiting} erasures are not done yet, the most that may wait: retry when GET /erasures shows fewer`;
      throw new UnavailableError(message, RETRY_AFTER_DISK_SECONDS);
    }
    // Its turn is requested first: see above.
    const accepted = Promise.withResolvers<OpenJob | undefined>();
    this.#track(
      this.#rewriteInTurns(async (closing) => {
        const open = await accepted.promise;
        return open !== undefined && this.#takeTurn(open, closing);
      }),
    );
    try {
      const open = await this.#accept(filter);
      accepted.resolve(open);
      return statusOf(open);
    } catch (error) {
      accepted.resolve(undefined);
      throw error;
    }
  }

  /** Oldest first. */
  list(): ErasureStatus[] {
    return [...this.#jobs.values()].map(statusOf);
  }

  get(id: string): ErasureStatus | undefined {
    const open = this.#jobs.get(id);
    return open === undefined ? undefined : statusOf(open);
  }

  /** Must be called at intervals: retries failed jobs, and tests whether old files are gone. */
  async tick(): Promise<void> {
    for (const open of this.#jobs.values()) {
      if (open.state === 'unlinking') await this.#tryFinish(open);
      else if (open.problem !== undefined && open.state === 'rewriting') this.#start(open);
    }
  }

  /**
   * Resolves when nothing runs; unfinished jobs continue after the next start. Called before `store.close`, which ends
   * the waiting turns.
   */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#running);
  }

  /** Resolves when nothing runs now. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #accept(filter: Predicate): Promise<OpenJob> {
    const { store, now, newId = randomId } = this.#options;
    const { orderFrom, walFrom } = await store.checkpoint();
    const removeBarrier = store.addMergeBarrier(orderFrom);
    const job: ErasureJob = {
      id: newId(),
      requestedMs: now(),
      names: namesOf(filter),
      scope: { orderBefore: orderFrom, segmentBefore: store.takeSequence(), walBefore: walFrom },
      filter,
      rewritten: [],
      done: undefined,
    };
    try {
      await this.#save(job);
    } catch (error) {
      removeBarrier();
      throw error;
    }
    const open = openJob(job, removeBarrier);
    this.#jobs.set(job.id, open);
    this.#options.log.info({ id: job.id, names: job.names }, 'erasure requested');
    return open;
  }

  async #save(job: ErasureJob): Promise<void> {
    try {
      await this.#files.save(job);
    } catch (cause) {
      const message = `the erasure cannot be written to disk: ${reasonOf(cause)}`;
      throw new UnavailableError(message, RETRY_AFTER_DISK_SECONDS, { cause });
    }
  }

  #start(open: OpenJob): void {
    Object.assign(open, { ...newTry(), state: 'waiting', problem: undefined });
    this.#track(this.#rewriteInTurns((closing) => this.#takeTurn(open, closing)));
  }

  /**
   * Each segment takes a turn of its own: a large store takes long, and the jobs that limit its size and number of
   * segments must run meanwhile.
   */
  async #rewriteInTurns(takeTurn: (closing: AbortSignal) => Promise<boolean>): Promise<void> {
    while (await this.#options.store.maintain(takeTurn));
  }

  /** The store rejects jobs when it closes; they continue after the next start. */
  #track(running: Promise<void>): void {
    const tracked = running
      .catch((err: unknown) => {
        if (!(err instanceof UnavailableError)) throw err;
      })
      .finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }

  /**
   * Rewrites one segment or, when none is left, the files beside them.
   * @returns true when there is more to do
   */
  async #takeTurn(open: OpenJob, closing: AbortSignal): Promise<boolean> {
    const { store } = this.#options;
    open.state = 'rewriting';
    let next: ManifestSegment | undefined;
    try {
      // After a rebuild of the manifest, rows from before the request may be in the WAL again.
      if (store.manifest.walFrom < open.job.scope.walBefore) await store.checkpoint();
      const left = this.#inScope(open.job).filter(({ sequence }) => !open.lookedAt.has(sequence));
      open.segmentsTotal = open.segmentsDone + open.failures.length + left.length;
      [next] = left;
      if (next === undefined) await this.#eraseBeside(open, closing);
      else {
        open.lookedAt.add(next.sequence);
        await this.#rewrite(open, next, closing);
        open.segmentsDone++;
      }
    } catch (error) {
      open.failures.push(error);
    }
    if (closing.aborted) return false;
    if (next !== undefined) return true;
    if (open.failures.length > 0) this.#failed(open, open.failures[0]);
    else {
      open.state = 'unlinking';
      open.removeBarrier();
      await this.#tryFinish(open);
    }
    return false;
  }

  #failed(open: OpenJob, err: unknown): void {
    open.problem = err instanceof Error ? err.message : String(err);
    this.#options.log.error({ err, id: open.job.id }, 'erasure failed; retrying');
  }

  /** Erases from copies of broken bytes, and from backups. */
  async #eraseBeside(open: OpenJob, closing: AbortSignal): Promise<void> {
    const { store, dataDir, indexedFields, erase, lock = lockFolder } = this.#options;
    const plan = planForAll(open.job.filter!);
    await eraseQuarantine(this.#disk, dataDir, plan);
    for (const name of await listBackups(this.#disk, dataDir)) {
      if (closing.aborted) return;
      await eraseBackup(join(backupsFolder(dataDir), name), {
        disk: this.#disk,
        lock,
        takeSequence: () => store.takeSequence(),
        erase: (part) => {
          return erase({ ...part, plan, orderBefore: open.job.scope.orderBefore, indexedFields }, closing);
        },
      });
    }
  }

  /** Returns segments that have rows from before the request; one that cannot be read may have some. */
  #inScope({ scope }: ErasureJob): ManifestSegment[] {
    const { store, dataDir } = this.#options;
    const live = new Map(store.segments().map((segment) => [segment.path, segment]));
    return store.manifest.segments.filter(({ day, sequence }) => {
      const rowGroups = live.get(segmentPath(dataDir, day, sequence))?.rowGroups;
      if (rowGroups === undefined) return sequence < scope.segmentBefore;
      return rowGroups.some(({ order }) => order < scope.orderBefore);
    });
  }

  async #rewrite(open: OpenJob, segment: ManifestSegment, closing: AbortSignal): Promise<void> {
    const { store, dataDir, indexedFields, erase } = this.#options;
    const { orderBefore } = open.job.scope;
    const plan = planForAll(open.job.filter!);
    const input = { dataDir, segment, plan, orderBefore, sequence: store.takeSequence(), indexedFields };
    const output = await erase(input, closing);
    if (output.kind === 'unchanged') return;
    const { sequence } = segment;
    const others = open.job.rewritten.filter((each) => each.sequence !== sequence);
    open.job = { ...open.job, rewritten: [...others, { sequence, rowCount: output.erasedRows }] };
    await this.#save(open.job);
    const path = segmentPath(dataDir, segment.day, sequence);
    await store.replaceSegments([{ path }], output.segment === undefined ? [] : [output.segment]);
    open.lookedAt.add(input.sequence);
    if (output.unreadableRows > 0) {
      this.#options.log.warn({ id: open.job.id, path, rows: output.unreadableRows }, 'erased rows that cannot be read');
    }
  }

  /** Marks the job as done once no file has the rows; until then, each tick tests again. */
  async #tryFinish(open: OpenJob): Promise<void> {
    const { store, dataDir, now, log } = this.#options;
    // The end of the rewriting and a tick may overlap here; only one of them may write the job's file.
    if (open.isFinishing) return;
    open.isFinishing = true;
    try {
      if ((await filesToGo(this.#disk, dataDir, store.manifest, open.job.scope)).length > 0) return;
      if (await isAnyHeld(this.#disk, dataDir)) return;
      await syncRemovals(this.#disk, dataDir);
      const rowCount = rowsErased(open.job);
      const job = {
        ...open.job,
        filter: undefined,
        rewritten: [],
        done: { atMs: now(), rowCount, segmentCount: open.segmentsTotal },
      };
      await this.#save(job);
      open.job = job;
      open.state = 'done';
      open.problem = undefined;
      log.info({ id: job.id, names: job.names, rows: rowCount }, 'erasure done');
      await this.#forgetOldest();
    } catch (error) {
      this.#failed(open, error);
    } finally {
      open.isFinishing = false;
    }
  }

  async #forgetOldest(): Promise<void> {
    const done = [...this.#jobs.values()].filter(({ state }) => state === 'done');
    for (const { job } of done.slice(0, -ERASURES_KEPT_MAX)) {
      await this.#files.remove(job.id);
      this.#jobs.delete(job.id);
    }
  }
}

function openJob(job: ErasureJob, removeBarrier: () => void): OpenJob {
  const state = job.done === undefined ? 'waiting' : 'done';
  const segmentCount = job.done?.segmentCount ?? 0;
  return {
    job,
    state,
    ...newTry(),
    segmentsDone: segmentCount,
    segmentsTotal: segmentCount,
    problem: undefined,
    isFinishing: false,
    removeBarrier,
  };
}

function newTry(): Pick<OpenJob, 'failures' | 'lookedAt' | 'segmentsDone' | 'segmentsTotal'> {
  return { lookedAt: new Set(), failures: [], segmentsDone: 0, segmentsTotal: 0 };
}

function statusOf({ job, state, segmentsDone, segmentsTotal, problem }: OpenJob): ErasureStatus {
  return {
    id: job.id,
    state,
    requestedMs: job.requestedMs,
    doneMs: job.done?.atMs,
    names: job.names,
    segments: { done: segmentsDone, total: segmentsTotal },
    rowCount: rowsErased(job),
    problem,
  };
}

function rowsErased({ done, rewritten }: ErasureJob): number {
  return done?.rowCount ?? rewritten.reduce((sum, { rowCount }) => sum + rowCount, 0);
}

function randomId(): string {
  return randomBytes(8).toString('hex');
}
