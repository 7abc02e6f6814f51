/**
 * The write side of the WAL. Appends queue up; one write and one fdatasync make all that wait durable, and while a sync
 * runs, the next ones queue: the slower the disk, the larger the groups.
 *
 * Guarantees: `apply` of a record is called after it is durable, in the order of the appends, before its append
 * resolves. When a group fails, it and everything that is queued after it fail together, so a file's batches never
 * become durable with one missing in between. A file that failed takes no more records: after a failed fsync the kernel
 * may drop the pages and report the next fsync as a success. Its successor's header says how much of it is valid.
 */
import { UnavailableError } from '../../../../shared/errors.ts';
import type { Histogram } from '../../../../shared/metrics.ts';
import { errorCode } from '../../../../shared/system-error.ts';
import {
  RETRY_AFTER_DISK_SECONDS,
  RETRY_AFTER_QUEUE_SECONDS,
  WAL_FILE_AGE_MS_MAX,
  WAL_FILE_BYTES_MAX,
  WAL_FILE_DECODED_BYTES_MAX,
  WAL_FILE_RECORDS_MAX,
  WAL_GROUP_BYTES_MAX,
  WAL_QUEUE_BYTES_MAX,
  WAL_QUEUE_RECORDS_MAX,
} from '../../../limits.ts';
import { type Disk, type DiskFile } from '../platform/disk.ts';
import { walFolder, walPath } from '../platform/filenames.ts';
import { encodeFileHeader, encodeMark, encodeRecordHeader, FILE_HEADER_BYTES, RECORD_HEADER_BYTES } from './format.ts';

/** A WAL file that will not be written to again. Its first `durableBytes` are valid. */
export interface SealedWal {
  readonly sequence: number;
  readonly durableBytes: number;
}

/** The place of a record's payload. */
export interface RecordAddress {
  readonly sequence: number;
  readonly path: string;
  readonly offset: number;
}

export interface WalWriterOptions {
  readonly disk: Disk;
  readonly dataDir: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly nextSequence: () => number;
  /** The newest file before this writer's first one. */
  readonly previous: SealedWal | undefined;
  /** Called when a file that has records will not be written to again, and all of its records are applied. */
  readonly onSealed: (sealed: SealedWal) => void;
  readonly syncSeconds: Histogram;
}

interface FileSize {
  durableBytes: number;
  recordCount: number;
  /** Memory of its row groups when decoded. */
  decodedBytes: number;
}

interface ActiveFile extends FileSize {
  readonly file: DiskFile;
  readonly sequence: number;
  readonly path: string;
  readonly openedMs: number;
  /** Where the next record goes: after a mark, which becomes durable with it. */
  endBytes: number;
}

interface PendingRecord {
  readonly payload: Uint8Array;
  readonly decodedBytes: number;
  readonly apply: (address: RecordAddress) => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class WalWriter {
  readonly #options: WalWriterOptions;
  #active: ActiveFile | undefined;
  #previous: SealedWal | undefined;
  /** That was active when the writer was closed. */
  #left: SealedWal | undefined;
  #queue: PendingRecord[] = [];
  #queuedBytes = 0;
  #running: Promise<void> | undefined;
  #sealWanted = false;
  /** Settles for those who wait for the file to be sealed. */
  #sealing: PromiseWithResolvers<void> | undefined;
  #closed = false;
  #problem: string | undefined;

  constructor(options: WalWriterOptions) {
    this.#options = options;
    this.#previous = options.previous;
  }

  /** Why the last write failed; undefined when it did not. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Sequence of the file being written, and its size; undefined while there is none. */
  get active(): SealedWal | undefined {
    return this.#active;
  }

  /** The file that is not sealed, if it holds batches; once the writer is closed, the one that it has left. */
  get unsealed(): SealedWal | undefined {
    const file = this.#active ?? this.#left;
    return file !== undefined && file.durableBytes > FILE_HEADER_BYTES ? file : undefined;
  }

  /**
   * Resolves when `payload` is durable and applied. The payload must not change until then.
   * @param decodedBytes  memory of its row group when decoded, 0 when it has none
   * @throws UnavailableError  the queue or the disk is full, or the disk fails; nothing of it will be seen later
   */
  append(payload: Uint8Array, decodedBytes: number, apply: (address: RecordAddress) => void): Promise<void> {
    if (this.#closed)
      return Promise.reject(new UnavailableError('the server is shutting down', RETRY_AFTER_DISK_SECONDS));
    if (this.#queue.length >= WAL_QUEUE_RECORDS_MAX || this.#queuedBytes + payload.length > WAL_QUEUE_BYTES_MAX) {
      const message = `${this.#queue.length} batches already wait for the disk, which is slower than the senders: retry later`;
      return Promise.reject(new UnavailableError(message, RETRY_AFTER_QUEUE_SECONDS));
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ payload, decodedBytes, apply, resolve, reject });
      this.#queuedBytes += payload.length;
      void this.#start();
    });
  }

  /** Seals the active file once its records are applied; resolves then, whatever is queued after them. */
  async seal(): Promise<void> {
    if (this.#active === undefined && this.#running === undefined) return;
    this.#sealWanted = true;
    this.#sealing ??= Promise.withResolvers();
    const { promise } = this.#sealing;
    void this.#start();
    await promise;
  }

  /** Must be called at intervals: seals a file that is too old, and retries the disk after a failure. */
  async tick(): Promise<void> {
    if (this.#closed) return;
    const ageMs = this.#active === undefined ? 0 : this.#options.now() - this.#active.openedMs;
    // Below 0, the clock was set back, and the age of the file is unknown.
    const isOld = ageMs < 0 || ageMs >= WAL_FILE_AGE_MS_MAX;
    if (isOld) await this.seal();
    else if (this.#problem !== undefined) await this.#start();
  }

  /** Waits for queued appends, then closes the file, with its mark; the next start flushes it. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    const active = this.#active;
    if (active === undefined) return;
    await active.file.sync().catch(ignore);
    await active.file.close();
    this.#left = active;
    this.#active = undefined;
  }

  #start(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  /**
   * Writes one group after the other until the queue is empty; failures of the disk reject the waiting appends. Its end
   * and the last test of the queue are one step, so that no append in between is missed.
   */
  async #run(): Promise<void> {
    do {
      const group = this.#takeGroup();
      let active: ActiveFile;
      try {
        active = await this.#writable();
        if (group.length > 0) await this.#write(active, group);
        this.#problem = undefined;
      } catch (error) {
        await this.#fail(group, error);
        continue;
      }
      // Outside of the try: an error here is a bug, and the batches are durable.
      if (group.length > 0 && this.#queue.length === 0) await mark(active);
      acknowledge(active, group);
      if (this.#sealWanted || isFull(active)) await this.#sealActive();
    } while (this.#queue.length > 0 || this.#sealWanted);
    this.#running = undefined;
  }

  /** Takes the first waiting appends, as many as go into one write, until the file is full. */
  #takeGroup(): PendingRecord[] {
    let groupBytes = 0;
    let count = 0;
    let { durableBytes, recordCount, decodedBytes } = this.#active ?? EMPTY_FILE;
    while (
      count < this.#queue.length &&
      groupBytes < WAL_GROUP_BYTES_MAX &&
      !isFull({ durableBytes, recordCount, decodedBytes })
    ) {
      const record = this.#queue[count++]!;
      groupBytes += record.payload.length;
      durableBytes += record.payload.length;
      decodedBytes += record.decodedBytes;
      recordCount++;
    }
    this.#queuedBytes -= groupBytes;
    return this.#queue.splice(0, count);
  }

  /** Makes the records durable. */
  async #write(active: ActiveFile, group: readonly PendingRecord[]): Promise<void> {
    const startMs = performance.now();
    const buffers = group.flatMap(({ payload }) => [encodeRecordHeader(payload, active.durableBytes), payload]);
    await active.file.write(buffers, active.endBytes);
    await active.file.sync();
    active.endBytes += buffers.reduce((sum, { length }) => sum + length, 0);
    active.durableBytes = active.endBytes;
    this.#options.syncSeconds.observe((performance.now() - startMs) / 1000);
  }

  /**
   * Returns the active file, or a new one: complete and durable, including its name, before the first record goes into
   * it.
   */
  async #writable(): Promise<ActiveFile> {
    if (this.#active !== undefined) return this.#active;
    const { disk, dataDir, now } = this.#options;
    const sequence = this.#options.nextSequence();
    const path = walPath(dataDir, sequence);
    const file = await disk.open(path, 'create');
    try {
      const previousSequence = this.#previous?.sequence ?? 0;
      const previousBytes = this.#previous?.durableBytes ?? 0;
      await file.write([encodeFileHeader({ sequence, previousSequence, previousBytes })], 0);
      await file.sync();
      await disk.syncFolder(walFolder(dataDir));
    } catch (error) {
      await file.close().catch(ignore);
      await disk.remove(path).catch(ignore);
      throw error;
    }
    this.#active = { file, sequence, path, openedMs: now(), endBytes: FILE_HEADER_BYTES, ...EMPTY_FILE };
    return this.#active;
  }

  /** Its mark becomes durable before the next file is created: the header that names this file's end may be lost. */
  async #sealActive(): Promise<void> {
    const active = this.#active;
    if (active !== undefined && active.recordCount > 0) {
      if (active.endBytes === active.durableBytes) await mark(active);
      await active.file.sync().catch(ignore);
      await active.file.close().catch(ignore);
      this.#active = undefined;
      this.#previous = { sequence: active.sequence, durableBytes: active.durableBytes };
      this.#options.onSealed(this.#previous);
    }
    this.#sealWanted = false;
    this.#sealing?.resolve();
    this.#sealing = undefined;
  }

  async #fail(group: readonly PendingRecord[], cause: unknown): Promise<void> {
    const error = unavailable(cause);
    this.#problem = error.message;
    this.#sealWanted = false;
    const failed = [...group, ...this.#queue];
    this.#queue = [];
    this.#queuedBytes = 0;
    await this.#abandonActive();
    this.#sealing?.resolve();
    this.#sealing = undefined;
    for (const { reject } of failed) reject(error);
  }

  /**
   * Cuts off what was not acknowledged, so that a restart does not see it even if no successor gets written; best
   * effort, as the disk is failing. A file without records is dropped: nothing refers to it.
   */
  async #abandonActive(): Promise<void> {
    const active = this.#active;
    if (active === undefined) return;
    await active.file.truncate(active.durableBytes).catch(ignore);
    // If it could not be truncated, the mark overwrites what was refused, or an earlier mark.
    active.endBytes = active.durableBytes;
    if (active.recordCount > 0) return await this.#sealActive();
    this.#active = undefined;
    await active.file.close().catch(ignore);
    await this.#options.disk.remove(active.path).catch(ignore);
  }
}

/**
 * Records in the file that its last group is durable, before that is acknowledged; where another group follows at once,
 * its records say it. Not synced before the file is sealed: the mark is for damage that is found after the process has
 * ended, and a power cut that takes it along leaves the file as it would be without. Best effort, as the records are
 * durable in any case.
 */
async function mark(active: ActiveFile): Promise<void> {
  const bytes = encodeMark(active.durableBytes);
  try {
    await active.file.write([bytes], active.durableBytes);
    active.endBytes = active.durableBytes + bytes.length;
  } catch {
    // The next group overwrites what is left of it.
  }
}

/**
 * The records are durable, the last ones before `durableBytes`: applies them in their order, and resolves their
 * appends.
 */
function acknowledge(active: ActiveFile, group: readonly PendingRecord[]): void {
  active.recordCount += group.length;
  let offset = active.durableBytes - group.reduce((sum, each) => sum + RECORD_HEADER_BYTES + each.payload.length, 0);
  for (const { payload, decodedBytes, apply, resolve } of group) {
    active.decodedBytes += decodedBytes;
    apply({ sequence: active.sequence, path: active.path, offset: offset + RECORD_HEADER_BYTES });
    offset += RECORD_HEADER_BYTES + payload.length;
    resolve();
  }
}

const EMPTY_FILE: FileSize = { durableBytes: FILE_HEADER_BYTES, recordCount: 0, decodedBytes: 0 };

function isFull({ durableBytes, recordCount, decodedBytes }: FileSize): boolean {
  return (
    durableBytes >= WAL_FILE_BYTES_MAX ||
    recordCount >= WAL_FILE_RECORDS_MAX ||
    decodedBytes >= WAL_FILE_DECODED_BYTES_MAX
  );
}

function unavailable(cause: unknown): UnavailableError {
  const code = errorCode(cause);
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'the disk is full: make room or shorten --retention; reads go on'
      : `the disk cannot be written: ${reason}; reads go on`;
  return new UnavailableError(message, RETRY_AFTER_DISK_SECONDS, { cause });
}

/**
 * Either the error that led here is reported, or everything that matters was synced before: this error adds nothing.
 */
function ignore(): void {}
