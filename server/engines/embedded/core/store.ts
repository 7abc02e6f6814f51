/**
 * The durable half of podlog: a batch goes to the WAL and into the memtable; a sealed WAL file becomes segments, which
 * jobs of lane/ merge, rewrite and drop. Reads go through snapshots. Opened once per data folder.
 *
 * Every change of what a snapshot shows happens in one synchronous step after it is durable, so no snapshot misses a
 * line or has it twice. Has no timer of its own: `tick` must be called at intervals (HOUSEKEEPING_MS).
 */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type CorruptionError, UnavailableError, UnreadableError } from '../../../../shared/errors.ts';
import type { Metrics } from '../../../../shared/metrics.ts';
import { reasonOf } from '../../../../shared/system-error.ts';
import type { Labels } from '../../../../shared/labels.ts';
import type { Batch } from '../../../../shared/wire.ts';
import type { BatchState } from './batch-state.ts';
import { type Disk, realDisk } from '../platform/disk.ts';
import { SEGMENTS_FOLDER, walPath } from '../platform/filenames.ts';
import { type FlushInput, type FlushOutput, segmentsMax } from './flush.ts';
import { flushAroundDeaths } from './flush-around-deaths.ts';
import { Flusher } from './flusher.ts';
import { openFolder } from './folder.ts';
import { LiveSegments } from './live-segments.ts';
import type { FolderLock, lockFolder } from '../platform/lock.ts';
import { MaintenanceQueue } from './maintenance.ts';
import type { Manifest, ManifestSegment } from './manifest.ts';
import type { ManifestFile } from './manifest-file.ts';
import { RETRY_AFTER_DISK_SECONDS, UNREADABLE_RETRY_MS } from '../../../limits.ts';
import { Memtable } from './memtable.ts';
import { damageOf, Quarantine } from './quarantine.ts';
import { type FlushableWal, type LiveSegment, recover, type Recovered } from './recover.ts';
import { ExpiryClock } from './expiry-clock.ts';
import { assertFits, type BatchInfo, newestTimeMs, rowGroupRef, verifyBatch } from './row-group-ref.ts';
import type { AppendListener, Snapshot } from './snapshot.ts';
import { type BareRowGroupRef, type RowGroupRef, withoutStreams } from '../segment/row-group-ref.ts';
import { SpaceGuard } from './space-guard.ts';
import type { StoreStats } from '../../../store/stats.ts';
import { statsOf, StoreMetrics } from './store-metrics.ts';
import { type StreamLimits, StreamTable } from './stream-table.ts';
import { SnapshotRegistry } from './snapshot-registry.ts';
import { FILE_HEADER_BYTES } from '../wal/format.ts';
import { type RecordAddress, WalWriter } from '../wal/writer.ts';

export interface StoreOptions {
  readonly dataDir: string;
  readonly state: BatchState;
  /** Fields whose values the segments of a flush index. */
  readonly indexedFields: readonly string[];
  /** Runs `flush` of flush.ts, in a worker or in this thread. */
  readonly flush: (input: FlushInput) => Promise<FlushOutput>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** The clock of retention, when it is shared with others. */
  readonly clock?: ExpiryClock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly disk?: Disk;
  /** STREAMS_MAX and STREAMS_BYTES_MAX by default. */
  readonly streamLimits?: StreamLimits;
  /** Locks the folder for this process; a simulated disk has no processes. */
  readonly lock?: typeof lockFolder;
}

export class Store {
  readonly #options: StoreOptions;
  readonly #disk: Disk;
  readonly #lock: FolderLock;
  readonly #manifest: ManifestFile;
  readonly #clock: ExpiryClock;
  readonly #memtable: Memtable;
  readonly #streams: StreamTable;
  readonly #segments: LiveSegments;
  readonly #registry: SnapshotRegistry;
  readonly #maintenance = new MaintenanceQueue();
  readonly #wal: WalWriter;
  readonly #flusher: Flusher;
  readonly #quarantine: Quarantine;
  readonly #space: SpaceGuard;
  readonly #metrics: StoreMetrics;
  readonly #listeners = new Set<AppendListener>();
  readonly #unlinks = new Set<Promise<void>>();
  readonly #mergeBarriers = new Set<{ readonly order: number }>();
  /** When segments that could not be read are retried; on the monotonic clock. */
  #reopenAtMs = 0;
  #nextSequence: number;
  #nextOrder: number;

  /**
   * Locks and recovers the folder, which is created when it is missing.
   * @throws UsageError  it is in use, of another version, or cannot be used
   * @throws CorruptionError  the manifest is damaged
   */
  static async open(options: StoreOptions): Promise<Store> {
    const disk = options.disk ?? realDisk;
    await using undo = new AsyncDisposableStack();
    const { lock, damages } = await openFolder(disk, options.dataDir, options.lock);
    undo.use(lock);
    const streams = new StreamTable(options.streamLimits);
    const memtable = new Memtable();
    const startMs = performance.now();
    const { dataDir, state, now, log } = options;
    const clock = options.clock ?? new ExpiryClock({ now, monotonicMs: () => performance.now(), log });
    const recovered = await recover({ disk, dataDir, streams, memtable, state, clock });
    const store = new Store({ ...options, clock }, disk, lock, streams, memtable, recovered);
    store.#reportRecovery({ ...recovered, damages: [...damages, ...recovered.damages] }, performance.now() - startMs);
    await store.tick();
    undo.move();
    return store;
  }

  private constructor(
    options: StoreOptions & { readonly clock: ExpiryClock },
    disk: Disk,
    lock: FolderLock,
    streams: StreamTable,
    memtable: Memtable,
    recovered: Recovered,
  ) {
    this.#options = options;
    this.#disk = disk;
    this.#lock = lock;
    this.#streams = streams;
    this.#memtable = memtable;
    this.#clock = options.clock;
    this.#reopenAtMs = options.clock.monotonicMs() + UNREADABLE_RETRY_MS;
    this.#manifest = recovered.manifest;
    this.#nextSequence = recovered.nextSequence;
    this.#nextOrder = recovered.nextOrder;
    this.#metrics = new StoreMetrics(
      options.metrics,
      () => this.stats(),
      () => this.#flusher.waitedMs,
    );
    this.#quarantine = new Quarantine(disk, options.dataDir, options.log, this.#metrics.quarantined);
    this.#space = new SpaceGuard(disk, options.dataDir);
    this.#registry = new SnapshotRegistry(
      () => this.#rowGroups(),
      (path) => this.#unlink(path),
    );
    const { manifest } = recovered;
    const { dataDir } = options;
    this.#segments = new LiveSegments(
      {
        disk,
        dataDir,
        manifest,
        streams,
        registry: this.#registry,
        clock: this.#clock,
        nextSequence: () => this.#nextSequence,
        walFiles: () => this.#walFiles(),
      },
      recovered.segments,
      recovered.unreadable,
    );
    this.#wal = new WalWriter({
      disk,
      dataDir: options.dataDir,
      now: options.now,
      nextSequence: () => this.#nextSequence++,
      previous: recovered.previous,
      onSealed: (wal) => this.#flusher.add({ ...wal, positions: options.state.save(), orderTo: this.#nextOrder }),
      syncSeconds: this.#metrics.walSyncSeconds,
    });
    this.#flusher = new Flusher(
      {
        now: options.now,
        flush: (wal, leavesOutUnreadable) => this.#flush(wal, leavesOutUnreadable),
        onFailure: (wal, err, retryMs) => {
          this.#metrics.flushFailures.add();
          options.log.error({ err, wal: wal.sequence, retryMs }, 'flush failed; retrying');
        },
      },
      recovered.wals,
    );
  }

  /**
   * Resolves when the batch is durable and part of new snapshots. `bytes` must not change until then.
   * @param batch  `bytes`, decoded
   * @param streamsShareMax  see StreamTable.admit
   * @throws CorruptionError  its row group is broken
   * @throws TooManyStreamsError  its new streams do not fit
   * @throws RowGroupTooLargeError  its row group would take too much memory
   * @throws UnavailableError  the disk is full, failing or too slow; nothing of the batch will be seen later
   */
  async append(bytes: Uint8Array, batch: Batch, streamsShareMax = 1): Promise<{ rowCount: number }> {
    const info = verifyBatch(batch);
    if (info !== undefined) assertFits(info);
    const problem = this.#flusher.problem ?? this.#space.problem;
    if (problem !== undefined) throw problem;
    const streams = this.#streams.admit(info?.streams ?? [], streamsShareMax);
    const decodedBytes = info?.decodedSize.allBytes ?? 0;
    try {
      await this.#wal.append(bytes, decodedBytes, (address) =>
        this.#apply(batch, info, address, bytes.length, streams),
      );
    } catch (error) {
      this.#streams.release(streams);
      throw error;
    }
    return { rowCount: info?.rowCount ?? 0 };
  }

  snapshot(): Snapshot {
    return this.#registry.take();
  }

  /** @returns a function that ends the subscription */
  onAppend(listener: AppendListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Called when a reader finds a row group broken: it is copied to quarantine/, counted, and left out of new snapshots;
   * one that cannot be read is left out until the next attempt.
   */
  async quarantine(rowGroup: BareRowGroupRef, error: CorruptionError): Promise<void> {
    const isUnreadable = error instanceof UnreadableError;
    if (!this.#quarantine.add(rowGroup, isUnreadable ? this.#clock.monotonicMs() + UNREADABLE_RETRY_MS : Infinity))
      return;
    this.#registry.changed();
    const damage = damageOf(rowGroup.path, rowGroup.offset, rowGroup.sizeBytes, error);
    if (isUnreadable) this.#quarantine.reportUnreadable(damage);
    else await this.#quarantine.copy(damage);
  }

  /** The live segments that can be read. */
  segments(): readonly LiveSegment[] {
    return [...this.#segments.byPath.values()];
  }

  /** False when some of its row groups were quarantined: its rows are no longer all that were stored. */
  isWhole({ rowGroups }: LiveSegment): boolean {
    return this.#quarantine.without(rowGroups).length === rowGroups.length;
  }

  /** WAL files that wait for their flush, including the one that is being flushed. */
  get sealedWalFileCount(): number {
    return this.#flusher.waiting.length;
  }

  /** Returns a sequence for a new segment; none is used twice. */
  takeSequence(): number {
    return this.#nextSequence++;
  }

  /** Runs a job that replaces or drops segments when no other does: compaction, erasure, retention. */
  maintain<T>(job: (closing: AbortSignal) => Promise<T>): Promise<T> {
    return this.#maintenance.run(job);
  }

  /**
   * Replaces live segments by new ones, which are complete and durable: after a crash either set is there, and a
   * snapshot shows either. Only within a job of `maintain`. Rejects when nothing has changed.
   */
  replaceSegments(old: readonly Pick<LiveSegment, 'path'>[], added: readonly ManifestSegment[]): Promise<void> {
    return this.#segments.change({ dropped: new Set(old.map(({ path }) => path)), added });
  }

  /** Replaces the manifest's record of erasures that are done. */
  noteErasures(change: (erasures: NonNullable<Manifest['erasures']>) => Manifest['erasures']): Promise<void> {
    return this.#segments.change({
      manifest: (manifest) => ({ ...manifest, erasures: change(manifest.erasures ?? {}) ?? {} }),
    });
  }

  /**
   * From now on no merge puts rows from before an `order` (see RowGroupRef) and later ones into one segment: an erasure
   * distinguishes by it the rows that existed when it was requested.
   * @returns removes the barrier
   */
  addMergeBarrier(order: number): () => void {
    const barrier = { order };
    this.#mergeBarriers.add(barrier);
    return () => this.#mergeBarriers.delete(barrier);
  }

  /** Whether a barrier lies between segments that begin at these orders. */
  isMergeBarrierBetween(lowerOrder: number, higherOrder: number): boolean {
    return [...this.#mergeBarriers].some(({ order }) => lowerOrder < order && order <= higherOrder);
  }

  /** Why writes fail now, for a readiness probe; undefined when they do not. */
  get problem(): string | undefined {
    return this.#wal.problem ?? (this.#flusher.problem ?? this.#space.problem)?.message;
  }

  /** Number of segments and row groups that cannot be read now: they are missing in answers. */
  get unreadableCount(): number {
    return this.#quarantine.unreadableCount + this.#segments.unreadableCount;
  }

  stats(): StoreStats {
    return statsOf({
      rowGroups: this.#rowGroups(),
      segments: this.segments(),
      wals: [...this.#flusher.waiting, ...(this.#wal.active === undefined ? [] : [this.#wal.active])],
      streamCount: this.#streams.size,
      streamBytes: this.#streams.memoryBytes,
      quarantinedCount: this.#metrics.quarantined.value(),
      unreadableCount: this.unreadableCount,
      clockAheadMs: this.#clock.aheadMs,
    });
  }

  /** Room on the disk, as of the last housekeeping. */
  get space(): SpaceGuard['space'] {
    return this.#space.space;
  }

  /** Housekeeping: age of the WAL file, free space, flushes to be retried. */
  async tick(): Promise<void> {
    await this.#space.check();
    await this.#wal.tick();
    void this.#flusher.start();
    await this.#note();
    await this.#retryUnreadable();
  }

  /** Seals the WAL and flushes everything: for tests, and before a backup. */
  async flushAll(): Promise<void> {
    await this.#wal.seal();
    await this.#flusher.start();
  }

  /**
   * Returns the manifest once it covers every row that is acknowledged by now: backups copy it, and erasures end with
   * it.
   * @throws UnavailableError  the flush fails
   */
  async checkpoint(): Promise<Manifest> {
    await this.#wal.seal();
    const sealedBefore = this.#nextSequence;
    void this.#flusher.start();
    for (let oldest = this.#flusher.waiting[0]; oldest !== undefined && oldest.sequence < sealedBefore;) {
      await this.#flusher.step();
      if (this.#flusher.waiting[0] === oldest) {
        const reason = reasonOf(this.#flusher.failure);
        throw new UnavailableError(`the WAL cannot be flushed now: ${reason}`, RETRY_AFTER_DISK_SECONDS);
      }
      oldest = this.#flusher.waiting[0];
    }
    return this.#manifest.current;
  }

  /** The present manifest, which also names segments that cannot be read. */
  get manifest(): Manifest {
    return this.#manifest.current;
  }

  /** Waits for running writes. Files that unreleased snapshots hold are removed at the next start. */
  async close(): Promise<void> {
    await this.#wal.close();
    await Promise.all([this.#flusher.close(), this.#maintenance.close()]);
    await this.#note();
    await Promise.all(this.#unlinks);
    await this.#lock.release();
  }

  /**
   * Called when a batch has become durable.
   * @param streams  those of its row group, which holds them from now on
   */
  #apply(
    batch: Batch,
    info: BatchInfo | undefined,
    address: RecordAddress,
    payloadBytes: number,
    streams: readonly Labels[],
  ): void {
    this.#options.state.apply(batch);
    if (info === undefined) return;
    const recordEnd = address.offset + payloadBytes;
    const rowGroup = rowGroupRef(info, address.path, recordEnd, this.#nextOrder, streams);
    this.#nextOrder += info.rowCount;
    this.#memtable.add(address.sequence, rowGroup);
    this.#clock.sawLine(newestTimeMs(info));
    this.#registry.changed();
    this.#metrics.appended(info);
    for (const listener of this.#listeners) listener([rowGroup]);
  }

  async #flush(wal: FlushableWal, leavesOutUnreadable: boolean): Promise<void> {
    const { dataDir, flush } = this.#options;
    const startMs = performance.now();
    const rowGroups = this.#quarantine.withoutBroken(this.#memtable.rowGroupsOf(wal.sequence));
    const sequenceFrom = this.#nextSequence;
    this.#nextSequence += segmentsMax(rowGroups);
    await this.#disk.makeFolder(join(dataDir, SEGMENTS_FOLDER));
    const { indexedFields } = this.#options;
    const origin = {
      wal: wal.sequence,
      attempt: sequenceFrom,
      orderFrom: this.#manifest.current.orderFrom,
      orderTo: wal.orderTo,
      positions: wal.positions,
    };
    const bare = rowGroups.map(withoutStreams);
    const input = { dataDir, rowGroups: bare, sequenceFrom, indexedFields, origin, leavesOutUnreadable };
    const output = await flushAroundDeaths(flush, input);
    // Copied before the file is removed; and counted once, however often writing the manifest fails.
    const copies: (string | undefined)[] = [];
    for (const damage of output.damages) copies.push(await this.#quarantine.keep(damage));
    await this.#segments.change({
      added: output.segments,
      manifest: (manifest) => ({
        ...manifest,
        walFrom: wal.sequence + 1,
        orderFrom: wal.orderTo,
        positions: wal.positions,
      }),
      onChanged: () => this.#dropWal(wal.sequence),
    });
    for (const [i, damage] of output.damages.entries()) this.#quarantine.report(damage, copies[i]);
    this.#registry.drop(walPath(dataDir, wal.sequence));
    this.#metrics.flushSeconds.observe((performance.now() - startMs) / 1000);
  }

  /** Sequences of the WAL files that hold batches, flushed ones and the one that is being flushed included. */
  #walFiles(): number[] {
    return [...this.#flusher.waiting, ...(this.#wal.unsealed === undefined ? [] : [this.#wal.unsealed])]
      .filter(({ durableBytes }) => durableBytes > FILE_HEADER_BYTES)
      .map(({ sequence }) => sequence);
  }

  /** The rows of a WAL file are in segments, which hold their streams. */
  #dropWal(sequence: number): void {
    for (const { streams } of this.#memtable.rowGroupsOf(sequence)) this.#streams.release(streams);
    this.#memtable.drop(sequence);
  }

  /** After a short failure of the disk, lines must not stay hidden until the next start. */
  async #retryUnreadable(): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#quarantine.retry(nowMs)) this.#registry.changed();
    if (this.#segments.unreadableCount === 0 || nowMs < this.#reopenAtMs) return;
    this.#reopenAtMs = nowMs + UNREADABLE_RETRY_MS;
    const paths = await this.#segments.reopen();
    for (const path of paths) this.#options.log.info({ path }, 'a segment can be read again');
  }

  /**
   * Even if nothing else writes to the store, the next start must not take the time since then for a jump of the clock,
   * and it must notice missing WAL files.
   */
  async #note(): Promise<void> {
    if (!this.#segments.isNoteDue) return;
    try {
      await this.#segments.change({});
    } catch (err) {
      this.#options.log.warn({ err }, 'the time and the WAL files could not be recorded; retrying');
    }
  }

  #rowGroups(): readonly RowGroupRef[] {
    return this.#quarantine.without([...this.#memtable.rowGroups(), ...this.#segments.rowGroups()]);
  }

  #unlink(path: string): void {
    const done = this.#disk
      .remove(path)
      .catch((err: unknown) => this.#options.log.warn({ err, path }, 'removing a file failed; the next start retries'))
      .finally(() => this.#unlinks.delete(done));
    this.#unlinks.add(done);
  }

  #reportRecovery({ damages, wals, tornBytes }: Recovered, ms: number): void {
    for (const damage of damages) {
      if (damage.isUnreadable === true) this.#quarantine.reportUnreadable(damage);
      else this.#quarantine.report(damage);
    }
    const { rowCount: rows, segmentCount: segments } = this.stats();
    const found = {
      dataDir: this.#options.dataDir,
      segments,
      walFiles: wals.length,
      rows,
      tornBytes,
      ms: Math.round(ms),
    };
    this.#options.log.info(found, 'store opened');
  }
}
