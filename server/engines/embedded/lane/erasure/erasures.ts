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
 * **A done erasure is remembered** for as long as lines of before its request would be kept, because they may come back:
 * - A node's files are read again, or an old file is pushed: late-lines.ts notices it, and the job runs again, over what
 *   has arrived since.
 * - A backup of before the erasure is restored, and the erasures of the lost store are copied beside it. The manifest has
 *   the ids of those that are done in this store; the others run again over everything, and until they have rewritten all,
 *   no line is shown.
 *
 * A snapshot shows a segment either before or after its rewrite. Segments are replaced one after the other, so while a
 * job runs, some of its rows are still visible; no other row is ever missing or doubled.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { PodlogError, UnavailableError } from '../../../../../shared/errors.ts';
import { reasonOf } from '../../../../../shared/system-error.ts';
import { ERASURES_WAITING_MAX, RETRY_AFTER_DISK_SECONDS } from '../../../../limits.ts';
import { type Disk, realDisk } from '../../platform/disk.ts';
import { backupsFolder } from '../../platform/filenames.ts';
import { syncRemovals } from '../../core/folder.ts';
import { lockFolder } from '../../platform/lock.ts';
import type { ManifestSegment } from '../../core/manifest.ts';
import { withoutStreams } from '../../segment/row-group-ref.ts';
import type { Store } from '../../core/store.ts';
import { type ErasureRequest, type ErasureStatus, namesOf } from '../../../../store/erasure-status.ts';
import type { Predicate } from '../../../../store/predicate.ts';
import { type ErasureJob, JobFiles } from '../../core/erasure-job.ts';
import { LateLines, type LateLinesStore, upTo } from './late-lines.ts';
import {
  beyondLimits,
  doneJob,
  newTry,
  openJob,
  type OpenJob,
  rememberedUntilMs,
  resultOf,
  statusOf,
  wayToResume,
} from './open-job.ts';
import { isAnyHeld, listBackups } from '../../core/backup.ts';
import { forgetInBackup } from './erase-backup.ts';
import type { FindErasedInput } from './find-erased.ts';
import { filesToGo } from './remains.ts';
import { eraseBeside, isLeft, type RewriteContext, rewriteLive, segmentsInScope } from './rewrite.ts';
import { Turns } from './turns.ts';

export interface ErasuresOptions extends Omit<RewriteContext, 'disk' | 'lock' | 'save'> {
  readonly store: RewriteContext['store'] & LateLinesStore & Pick<Store, 'checkpoint' | 'maintain' | 'noteErasures'>;
  /** Runs `findErased`, likewise. */
  readonly find: (input: FindErasedInput, stop: AbortSignal) => Promise<boolean>;
  /** How long lines are kept at most; Infinity, the default, keeps all. */
  readonly keptMs?: number;
  /** Epoch milliseconds by which lines expire; undefined while none may. That of `now` by default. */
  readonly expiryNow?: () => number | undefined;
  readonly disk?: Disk;
  /** Locks a backup's folder; a simulated disk has no processes. */
  readonly lock?: typeof lockFolder;
  /** Returns an id for a new job; random except in a simulation. */
  readonly newId?: () => string;
}

export class Erasures {
  readonly #options: ErasuresOptions;
  readonly #disk: Disk;
  readonly #files: JobFiles;
  /** In the order of their requests. */
  readonly #jobs: Map<string, OpenJob>;
  readonly #turns: Turns;
  readonly #late: LateLines;
  readonly #rewriting: RewriteContext;
  readonly #closing = new AbortController();

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
    for (const open of erasures.#jobs.values()) erasures.#resume(open);
    return erasures;
  }

  private constructor(options: ErasuresOptions, files: JobFiles, jobs: readonly ErasureJob[]) {
    this.#options = options;
    this.#disk = options.disk ?? realDisk;
    this.#files = files;
    const { lock = lockFolder } = options;
    this.#rewriting = { ...options, disk: this.#disk, lock, save: (job) => this.#save(job) };
    this.#late = new LateLines(options.store, options.now);
    this.#turns = new Turns(options.store);
    this.#jobs = new Map(jobs.map((job) => [job.id, openJob(job, () => {})]));
  }

  /** Continues a job where an earlier process has left it, or another store. */
  #resume(open: OpenJob): void {
    const { job } = open;
    const way = wayToResume(job, this.#options.store.manifest);
    // One that has expired is forgotten soon.
    if (way.kind === 'record' || (job.done !== undefined && this.#isExpired(job))) return;
    if (way.kind === 'restore') {
      this.#restore(open);
      return;
    }
    if (job.remembered !== undefined) this.#late.watch(job.id, job.remembered, way.watchFrom);
    if (way.kind !== 'run') return;
    if (way.isRestored) open.restored = { erased: new Set(), isAccepted: true };
    open.removeBarriers = this.#addBarriers(job.scope);
    this.#start(open);
  }

  /**
   * Resolves when the job is durable: from then on it will be carried out.
   * @param isRemembered  whether lines of before that come back are erased again
   * @param request  kept with it
   * @throws UnavailableError  too many are waiting, or the disk fails; nothing is erased
   */
  async request(filter: Predicate, isRemembered = false, request?: ErasureRequest): Promise<ErasureStatus> {
    const waiting = [...this.#jobs.values()].filter(({ state }) => state !== 'done').length;
    this.#closing.signal.throwIfAborted();
    if (waiting >= ERASURES_WAITING_MAX) {
      const message = `${waiting} erasures are not done yet, the most that may wait: retry when GET /erasures shows fewer`;
      throw new UnavailableError(message, RETRY_AFTER_DISK_SECONDS);
    }
    return this.#enqueue(() => this.#accept(filter, isRemembered, request));
  }

  /** Oldest first. */
  list(): ErasureStatus[] {
    return [...this.#jobs.values()].map((open) => this.#statusOf(open));
  }

  get(id: string): ErasureStatus | undefined {
    const open = this.#jobs.get(id);
    return open === undefined ? undefined : this.#statusOf(open);
  }

  /**
   * Ends the memory of an erasure that is or was done; what remains is the record of it.
   * @returns undefined where there is none with this id
   * @throws PodlogError  it was not done yet
   * @throws UnavailableError  the disk fails, or the store is closing
   */
  async forget(id: string): Promise<ErasureStatus | undefined> {
    const open = this.#jobs.get(id);
    if (open === undefined) return undefined;
    if (open.job.done === undefined && open.job.earlier === undefined) {
      const message = 'the erasure is not done yet: forget it once it is, so that it erases all that it was asked to';
      throw new PodlogError('PODLOG_ERASURE_NOT_DONE', 409, message);
    }
    await this.#options.store.maintain(() => this.#forget(open));
    return this.#statusOf(open);
  }

  /** Why no line may be shown now; undefined when all may. */
  get hides(): string | undefined {
    for (const open of this.#jobs.values()) {
      if (!isLeft(this.#options.store, open)) continue;
      const problem = open.problem === undefined ? '' : `: ${open.problem}`;
      return `erasure ${open.job.id} of before the restore is being done again${problem}; DELETE /erasures/${open.job.id} forgets it`;
    }
    return undefined;
  }

  /** Must be called at intervals: retries failed jobs, and tests whether old files are gone. */
  async tick(): Promise<void> {
    const finishing: Promise<void>[] = [];
    for (const open of this.#jobs.values()) {
      if (open.state === 'unlinking') finishing.push(this.#turns.once(() => this.#tryFinish(open)));
      else if (open.state === 'done' && this.#isExpired(open.job))
        finishing.push(this.#turns.once(() => this.#forget(open)));
      else if (open.restored?.isAccepted === false && open.problem !== undefined) this.#restore(open);
      else if (open.problem !== undefined && open.state === 'rewriting') this.#start(open);
      else if (open.state === 'done' && this.#late.isDue(open.job.id)) void this.#turns.track(this.#judgeLate(open));
    }
    await Promise.all(finishing);
  }

  /**
   * Resolves when nothing runs; unfinished jobs continue after the next start. Called before `store.close`, which ends
   * the waiting turns.
   */
  async close(): Promise<void> {
    this.#closing.abort(new UnavailableError('the server is shutting down', RETRY_AFTER_DISK_SECONDS));
    this.#late.close();
    await this.#turns.idle();
  }

  /** Resolves when nothing runs now. */
  idle(): Promise<void> {
    return this.#turns.idle();
  }

  /**
   * Requests a turn for a job before it is accepted: see above.
   * @returns its state before its turn
   * @throws errors of `accept`
   */
  async #enqueue(accept: () => Promise<OpenJob>): Promise<ErasureStatus> {
    const accepted = Promise.withResolvers<OpenJob | undefined>();
    void this.#turns.repeat(async (closing) => {
      const open = await accepted.promise;
      return open !== undefined && this.#takeTurn(open, closing);
    });
    try {
      const open = await accept();
      const status = this.#statusOf(open);
      accepted.resolve(open);
      return status;
    } catch (error) {
      accepted.resolve(undefined);
      throw error;
    }
  }

  async #accept(filter: Predicate, isRemembered: boolean, request: ErasureRequest | undefined): Promise<OpenJob> {
    const { now, newId = randomId, log } = this.#options;
    const id = newId();
    const names = namesOf(filter);
    const open = await this.#runFrom(0, (scope) => {
      const requestedMs = now();
      const remembered = isRemembered ? upTo(filter, requestedMs) : undefined;
      const asked = { id, requestedMs, names, scope, filter, remembered, request };
      return { ...asked, rewritten: [], done: undefined, earlier: undefined };
    });
    log.info({ id, names }, 'erasure requested');
    return open;
  }

  #acceptAgain(open: OpenJob, orderFrom: number): Promise<OpenJob> {
    const accepting = this.#acceptOnceMore(open, orderFrom);
    open.accepting = accepting.catch(() => {});
    return accepting;
  }

  /** @param orderFrom  rows from before are not looked at */
  async #acceptOnceMore(open: OpenJob, orderFrom: number): Promise<OpenJob> {
    const { now, log } = this.#options;
    await this.#runFrom(
      orderFrom,
      (scope) => {
        const { job } = open;
        const filter = job.remembered ?? (job.filter && upTo(job.filter, job.requestedMs));
        if (filter === undefined) throw new UnavailableError('it was forgotten', RETRY_AFTER_DISK_SECONDS);
        const earlier = job.done ?? job.earlier ?? { ...resultOf(open, now()), segmentCount: 0 };
        return { ...job, scope, filter, rewritten: [], done: undefined, earlier };
      },
      open,
    );
    if (open.restored !== undefined) open.restored.isAccepted = true;
    const why = open.restored === undefined ? 'its lines have come back' : 'it was done in another store';
    log.info({ id: open.job.id, names: open.job.names }, `erasing again: ${why}`);
    return open;
  }

  /** Makes a job durable whose scope is all rows that are acknowledged by now, from some `order` on. */
  async #runFrom(
    orderFrom: number,
    jobOf: (scope: ErasureJob['scope']) => ErasureJob,
    before?: OpenJob,
  ): Promise<OpenJob> {
    const { store } = this.#options;
    const { orderFrom: orderBefore, walFrom: walBefore } = await store.checkpoint();
    const job = jobOf({ orderBefore, orderFrom, segmentBefore: store.takeSequence(), walBefore });
    const removeBarriers = this.#addBarriers(job.scope);
    const watches = before !== undefined && before.job.remembered !== undefined && before.restored === undefined;
    if (!watches && job.remembered !== undefined) this.#late.watch(job.id, job.remembered, orderBefore);
    try {
      await this.#save(job);
    } catch (error) {
      removeBarriers();
      if (!watches) this.#late.forget(job.id);
      throw error;
    }
    if (watches) this.#late.watch(job.id, job.remembered!, orderBefore);
    const open = before ?? openJob(job, removeBarriers);
    Object.assign(open, { ...newTry(), job, removeBarriers, state: 'waiting', problem: undefined });
    this.#jobs.set(job.id, open);
    return open;
  }

  #addBarriers({ orderFrom, orderBefore }: ErasureJob['scope']): () => void {
    const barriers = [orderBefore, ...(orderFrom > 0 ? [orderFrom] : [])].map((order) =>
      this.#options.store.addMergeBarrier(order),
    );
    return () => {
      for (const remove of barriers) remove();
    };
  }

  /** Erases once more what another store has erased, from everything. */
  #restore(open: OpenJob): void {
    open.restored ??= { erased: new Set(), isAccepted: false };
    open.state = 'waiting';
    open.problem = undefined;
    void this.#turns.track(
      this.#enqueue(() => this.#acceptAgain(open, 0)).then(
        () => undefined,
        (err: unknown) => {
          if (!this.#closing.signal.aborted) this.#failed(open, err);
        },
      ),
    );
  }

  /** Erases lines of before that have arrived since it was done, if there are any. */
  async #judgeLate(open: OpenJob): Promise<void> {
    const { find } = this.#options;
    const { id } = open.job;
    try {
      const orderFrom = await this.#late.judge(id, (rowGroups, predicate) => {
        return find({ rowGroups: rowGroups.map(withoutStreams), predicate }, this.#closing.signal);
      });
      if (orderFrom === undefined || this.#closing.signal.aborted) return;
      // It may have been forgotten meanwhile.
      if (open.job.done === undefined || open.job.remembered === undefined) return;
      await this.#enqueue(() => this.#acceptAgain(open, orderFrom));
    } catch (err) {
      // The lines remain due.
      if (!this.#closing.signal.aborted) {
        this.#options.log.error({ err, id }, 'looking for lines of a remembered erasure failed; retrying');
      }
    }
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
    void this.#turns.repeat((closing) => this.#takeTurn(open, closing));
  }

  /**
   * Rewrites one segment or, when none is left, the files beside them.
   * @returns true when there is more to do
   */
  async #takeTurn(open: OpenJob, closing: AbortSignal): Promise<boolean> {
    const { store } = this.#options;
    // It may have been forgotten since its last turn.
    if (open.job.done !== undefined) return false;
    open.state = 'rewriting';
    let next: ManifestSegment | undefined;
    try {
      // After a rebuild of the manifest, rows from before the request may be in the WAL again.
      if (store.manifest.walFrom < open.job.scope.walBefore) await store.checkpoint();
      const left = segmentsInScope(this.#rewriting, open.job).filter(({ sequence }) => !open.lookedAt.has(sequence));
      open.segmentsTotal = open.segmentsDone + open.failures.length + left.length;
      [next] = left;
      if (next === undefined) await eraseBeside(this.#rewriting, open, closing);
      else {
        open.lookedAt.add(next.sequence);
        await rewriteLive(this.#rewriting, open, next, closing);
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
      open.restored = undefined;
      open.removeBarriers();
      await this.#tryFinish(open);
    }
    return false;
  }

  #failed(open: OpenJob, err: unknown): void {
    open.problem = err instanceof Error ? err.message : String(err);
    this.#options.log.error({ err, id: open.job.id }, 'erasure failed; retrying');
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
      const { id, scope, remembered, names } = open.job;
      // First: where a crash comes between the two, the job finds nothing when it runs again.
      if (remembered !== undefined) {
        await store.noteErasures((erasures) => ({ ...this.#stillRemembered(erasures), [id]: scope.orderBefore }));
      }
      const done = resultOf(open, now());
      const job = doneJob(open.job, done);
      await this.#save(job);
      Object.assign(open, { job, state: 'done', problem: undefined, restored: undefined });
      log.info({ id, names, rows: done.rowCount }, 'erasure done');
      await this.#keepLimits().catch((err: unknown) => {
        log.error({ err }, 'forgetting the oldest erasures failed; retrying with the next one');
      });
    } catch (error) {
      this.#failed(open, error);
    } finally {
      open.isFinishing = false;
    }
  }

  /**
   * Within a turn.
   * @throws UnavailableError  the disk fails; repeated, it goes on where it failed
   */
  async #forget(open: OpenJob): Promise<void> {
    try {
      await this.#forgetEverywhere(open);
    } catch (cause) {
      const message = `the erasure cannot be forgotten now: ${reasonOf(cause)}`;
      throw new UnavailableError(message, RETRY_AFTER_DISK_SECONDS, { cause });
    }
  }

  async #forgetEverywhere(open: OpenJob): Promise<void> {
    const { store, dataDir } = this.#options;
    // Only one of them may write the job's file.
    await open.accepting;
    if (open.job.remembered === undefined && open.restored === undefined) return;
    const done = open.job.done ?? open.job.earlier!;
    const job = doneJob({ ...open.job, remembered: undefined }, { ...done, rowCount: resultOf(open, 0).rowCount });
    for (const name of await listBackups(this.#disk, dataDir)) {
      await forgetInBackup(this.#disk, join(backupsFolder(dataDir), name), job);
    }
    await this.#save(job);
    open.removeBarriers();
    this.#late.forget(job.id);
    Object.assign(open, { job, state: 'done', problem: undefined, restored: undefined });
    await store.noteErasures((erasures) => this.#stillRemembered(erasures));
  }

  #stillRemembered(done: Readonly<Record<string, number>>): Record<string, number> {
    return Object.fromEntries(Object.entries(done).filter(([id]) => this.#jobs.get(id)?.job.remembered !== undefined));
  }

  #isExpired(job: ErasureJob): boolean {
    const { keptMs = Infinity, now, expiryNow = now } = this.#options;
    const nowMs = expiryNow();
    return nowMs !== undefined && nowMs > (rememberedUntilMs(job, keptMs) ?? Infinity);
  }

  #statusOf(open: OpenJob): ErasureStatus {
    return statusOf(open, this.#options.keptMs ?? Infinity);
  }

  /** Within a turn. */
  async #keepLimits(): Promise<void> {
    const { forgotten, removed } = beyondLimits([...this.#jobs.values()]);
    for (const open of forgotten) {
      const { id, names, requestedMs } = open.job;
      await this.#forget(open);
      this.#options.log.warn(
        { id, names, requested: new Date(requestedMs).toISOString() },
        'too many erasures are remembered; forgot the oldest: its lines stay if they come back',
      );
    }
    for (const { job } of removed) {
      await this.#files.remove(job.id);
      this.#jobs.delete(job.id);
    }
  }
}

function randomId(): string {
  return randomBytes(8).toString('hex');
}
