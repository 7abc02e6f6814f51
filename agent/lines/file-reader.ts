/**
 * Reads a chain's files: takes a bounded piece of the next file, by its descriptor and offset or by decompressing it, and hands
 * the part that ends with a newline to the line reader.
 */
import { readSync } from 'node:fs';
import type { Logger } from 'pino';
import type { AgentMetrics } from '../agent-metrics.ts';
import type { BatchBuilder } from '../send/batch-builder.ts';
import { nextReadable, type Chain } from '../files/chain.ts';
import { noteReadTo } from '../files/disk-changes.ts';
import { holeStart, overlongEnd, zeroRunEnd } from '../files/damage.ts';
import { noteDropped, noteLoss } from './cut-lines.ts';
import { GzipSource } from '../files/gzip-source.ts';
import { GRACE_MS, LINE_BYTES_MAX, READ_BYTES, SETTLE_MS } from '../limits.ts';
import { LineReader } from './line-reader.ts';
import { createEntryRules, type Multiline } from '../rules/multiline.ts';
import {
  beginGunzip,
  endGunzip,
  finishGunzip,
  loseRest,
  retryGunzip,
  type LogFile,
  type ReadingState,
} from '../files/log-file.ts';
import type { PendingLine } from '../files/pending-line.ts';
import { RateLimit, type RateLimitOptions } from './rate-limit.ts';
import type { ReadyQueue } from '../files/ready-queue.ts';

const NEWLINE = 0x0a;

export interface FileReaderOptions {
  readonly batch: BatchBuilder;
  readonly ready: ReadyQueue;
  readonly metrics: AgentMetrics;
  readonly log: Logger;
  /** The limit of each container; none by default. */
  readonly rateLimit?: RateLimitOptions | undefined;
  /** See GRACE_MS. */
  readonly graceMs?: number | undefined;
  /** Off by default. */
  readonly multiline?: Multiline | undefined;
  /** Called when a chain was queued outside of a tick. */
  readonly wake: () => void;
}

/** Owns the read buffer and the one gzip file that may be decompressed at a time: memory does not grow with files. */
export class FileReader {
  readonly #lines: LineReader;
  readonly #ready: ReadyQueue;
  readonly #metrics: AgentMetrics;
  readonly #log: Logger;
  readonly #limit: RateLimit | undefined;
  readonly #graceMs: number;
  readonly #wake: () => void;
  readonly #buffer = Buffer.allocUnsafeSlow(LINE_BYTES_MAX);
  #unzipping: LogFile | undefined;

  constructor(options: FileReaderOptions) {
    this.#lines = new LineReader(options.batch, createEntryRules(options.multiline ?? { kind: 'off' }));
    this.#ready = options.ready;
    this.#metrics = options.metrics;
    this.#log = options.log;
    this.#limit = options.rateLimit === undefined ? undefined : new RateLimit(options.rateLimit);
    this.#graceMs = options.graceMs ?? GRACE_MS;
    this.#wake = options.wake;
  }

  /**
   * Reads one piece of the chain's next file, and queues the chain again when there is more.
   * @returns false when nothing of it can be read at present
   */
  read(chain: Chain, nowMs: number): boolean {
    const file = nextReadable(chain);
    if (file === undefined) return false;
    if (this.#take(chain, file, nowMs) && nextReadable(chain) !== undefined) this.#ready.add(chain);
    return true;
  }

  /** Takes the rest of a file that is not written to any more: a fragment without its newline, or a hole. */
  readTail(chain: Chain, file: LogFile, nowMs: number): void {
    const { offset, zerosTo } = file.reading;
    if (zerosTo > offset) {
      if (this.#lines.takeZeros(chain, file, zerosTo)) this.#ready.add(chain);
      return;
    }
    const length = this.#read(file, LINE_BYTES_MAX, offset);
    if (length > 0 && this.#lines.takeTail(chain, file, this.#buffer, length, nowMs) > 0) this.#ready.add(chain);
  }

  flushPending(chain: Chain, isDue: (line: PendingLine) => boolean): void {
    if (!this.#lines.flushPending(chain, isDue)) this.#ready.add(chain);
  }

  dropPending(chain: Chain): void {
    this.#lines.dropPending(chain);
  }

  /** @returns false when there is nothing more to do before the next tick */
  #take(chain: Chain, file: LogFile, nowMs: number): boolean {
    if (file.loss !== undefined) {
      noteLoss(chain, file.loss);
      return this.#lines.takeLoss(chain, file, file.sizeBytes, file.loss);
    }
    if (this.#limit?.allows(chain, nowMs) === false) return this.#dropExcess(chain, file, nowMs);
    const { offset } = file.reading;
    const hasRead = file.log.gzip ? this.#readGzip(chain, file, nowMs) : this.#readPlain(chain, file, nowMs);
    this.#limit?.spend(chain, file.reading.offset - offset);
    return hasRead;
  }

  /** Skips the bytes beyond the container's limit, up to the end of a line. */
  #dropExcess(chain: Chain, file: LogFile, nowMs: number): false {
    const excessBytes = file.log.gzip ? 0 : this.#limit!.excessBytes(chain, nowMs);
    if (excessBytes === 0) return false;
    const end = Math.min(file.reading.offset + excessBytes, file.sizeBytes);
    const offset = Math.max(file.reading.offset, end - READ_BYTES);
    const length = this.#read(file, end - offset, offset);
    const newline = this.#buffer.subarray(0, length).lastIndexOf(NEWLINE);
    if (newline < 0) return false;
    const isTaken = this.#lines.takeLoss(chain, file, offset + newline + 1, { reason: 'limited', isMeasured: true });
    if (!isTaken) return false;
    noteDropped(chain, this.#buffer, newline + 1);
    this.#limit!.dropped(chain, nowMs);
    return false;
  }

  #readPlain(chain: Chain, file: LogFile, nowMs: number): boolean {
    const buffer = this.#buffer;
    const reading: ReadingState = file.reading;
    const { offset } = reading;
    if (reading.zerosTo > offset) return this.#readZeros(chain, file);
    if (reading.stalledAt - offset >= LINE_BYTES_MAX) return this.#readOverlong(chain, file, nowMs);
    let length = this.#read(file, READ_BYTES, offset);
    let newline = length === 0 ? -1 : buffer.lastIndexOf(NEWLINE, length - 1);
    if (newline < 0 && length === READ_BYTES) {
      length = this.#read(file, LINE_BYTES_MAX, offset);
      newline = buffer.lastIndexOf(NEWLINE, length - 1);
    }
    noteReadTo(file, offset + length);
    if (newline < 0) {
      if (length === LINE_BYTES_MAX && this.#takeBeforeHole(chain, file, buffer, length, nowMs) >= 0) return true;
      // No complete fragment. A read of 0 bytes means that the file was truncated: the next tick notices it.
      reading.stalledAt = length === 0 ? file.sizeBytes : offset + length;
      return length === LINE_BYTES_MAX;
    }
    const taken = this.#lines.take(chain, file, buffer, newline + 1, nowMs);
    if (taken === newline + 1 && length < READ_BYTES) reading.stalledAt = offset + length;
    return true;
  }

  /**
   * Takes the part of an overlong fragment before a hole, or records the beginning of the hole in `zerosTo`.
   * @returns how many bytes that is, or -1 when there is no hole in bytes[0, length), which begin at the file's offset
   */
  #takeBeforeHole(chain: Chain, file: LogFile, bytes: Buffer, length: number, nowMs: number): number {
    const hole = holeStart(bytes, length);
    if (hole > 0) return this.#lines.takeTail(chain, file, bytes, hole, nowMs);
    if (hole < 0) return -1;
    const zeros = zeroRunEnd(bytes, 0, length);
    const reading: ReadingState = file.reading;
    reading.zerosTo = reading.offset + zeros;
    return zeros;
  }

  /** Searches for the end of a hole: it has one marker, however large it is. */
  #readZeros(chain: Chain, file: LogFile): boolean {
    const reading: ReadingState = file.reading;
    const length = this.#read(file, LINE_BYTES_MAX, reading.zerosTo);
    noteReadTo(file, reading.zerosTo + length);
    const zeros = zeroRunEnd(this.#buffer, 0, length);
    reading.zerosTo += zeros;
    if (zeros === length) {
      reading.stalledAt = reading.zerosTo;
      return length > 0;
    }
    this.#lines.takeZeros(chain, file, reading.zerosTo);
    return true;
  }

  /** Searches for the end of an overlong fragment before its beginning is taken. */
  #readOverlong(chain: Chain, file: LogFile, nowMs: number): boolean {
    const buffer = this.#buffer;
    const reading: ReadingState = file.reading;
    const length = this.#read(file, LINE_BYTES_MAX, reading.stalledAt);
    const end = overlongEnd(buffer, length);
    noteReadTo(file, reading.stalledAt + length);
    if (end < 0) {
      reading.stalledAt += length;
      return length > 0;
    }
    const sizeBytes = reading.stalledAt + end - reading.offset;
    this.#read(file, LINE_BYTES_MAX, reading.offset);
    if (this.#lines.takeOverlong(chain, file, buffer, LINE_BYTES_MAX, sizeBytes, nowMs)) {
      this.#warnOverlong(file, sizeBytes);
      reading.stalledAt = 0;
    }
    return true;
  }

  #readGzip(chain: Chain, file: LogFile, nowMs: number): boolean {
    const source = this.#unzip(chain, file);
    if (source === undefined) return false;
    const window = source.window();
    if (file.reading.zerosTo > file.reading.offset) return this.#unzipZeros(chain, file, source);
    if (source.overlong) {
      const sizeBytes = window.length + source.droppedBytes;
      if (this.#lines.takeOverlong(chain, file, window, window.length, sizeBytes, nowMs)) {
        this.#warnOverlong(file, sizeBytes);
        source.consumeOverlong();
      }
      return true;
    }
    const newline = window.lastIndexOf(NEWLINE);
    if (newline >= 0) {
      source.consume(this.#lines.take(chain, file, window, newline + 1, nowMs));
      return true;
    }
    if (source.drops) return false;
    if (source.isFull) {
      const taken = this.#takeBeforeHole(chain, file, window, window.length, nowMs);
      if (taken > 0) source.consume(taken);
      // The rest of the fragment is dropped.
      if (taken < 0) source.drops = true;
      return true;
    }
    if (!source.ended) return false;
    if (source.failure !== undefined && nowMs - file.changedMs < this.#graceMs) return this.#retryGzip(file, nowMs);
    if (window.length > 0) source.consume(this.#lines.takeTail(chain, file, window, window.length, nowMs));
    if (source.window().length === 0) this.#endGzip(file, source);
    return true;
  }

  /** Does what `#readZeros` does in a gzip file: `zerosTo` is where the window begins. */
  #unzipZeros(chain: Chain, file: LogFile, source: GzipSource): boolean {
    const window = source.window();
    const zeros = zeroRunEnd(window, 0, window.length);
    const reading: ReadingState = file.reading;
    reading.zerosTo += zeros;
    source.consume(zeros);
    if (zeros === window.length && !source.ended) return zeros > 0;
    this.#lines.takeZeros(chain, file, reading.zerosTo);
    return true;
  }

  /** Returns the decompression of the file; undefined while that of another file is not finished. */
  #unzip(chain: Chain, file: LogFile): GzipSource | undefined {
    if (file.gunzip.source !== undefined) return file.gunzip.source;
    if (this.#unzipping?.gunzip.source !== undefined) return undefined;
    this.#unzipping = file;
    const source = new GzipSource(file.fd, file.reading.offset, this.#metrics.readBytes, () => {
      this.#ready.add(chain);
      this.#wake();
    });
    beginGunzip(file, source);
    return source;
  }

  /**
   * The file may still be being written, by a program that does not write under a temporary name as the kubelet does. The interval
   * doubles, since everything before the new bytes is decompressed again each time.
   */
  #retryGzip(file: LogFile, nowMs: number): false {
    retryGunzip(file, nowMs + Math.max(SETTLE_MS, nowMs - file.changedMs));
    return false;
  }

  #endGzip(file: LogFile, { failure }: GzipSource): void {
    if (failure === undefined) {
      finishGunzip(file);
      return;
    }
    endGunzip(file);
    this.#log.error({ err: failure, path: file.path }, 'a gzip log file is damaged; its rest is lost');
    loseRest(file, 'gzip', false);
  }

  #warnOverlong(file: LogFile, sizeBytes: number): void {
    this.#log.warn({ path: file.path, sizeBytes }, 'a log line is too long; its end is lost');
  }

  /** Fills the buffer from its start. Returns how many bytes there were. */
  #read(file: LogFile, sizeBytes: number, offset: number): number {
    const length = readSync(file.fd, this.#buffer, 0, sizeBytes, offset);
    this.#metrics.readBytes.add(length);
    return length;
  }
}
