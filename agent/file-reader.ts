/**
 * From a chain's files to whole fragments: reads a bounded piece of the next file, by its descriptor and position or by
 * decompressing it, and hands the part that ends with a newline to the line reader.
 */
import { readSync } from 'node:fs';
import type { Logger } from 'pino';
import { countLoss, type AgentMetrics } from './agent-metrics.ts';
import type { BatchBuilder } from './batch-builder.ts';
import { nextReadable, type Chain, type PendingLine } from './chain.ts';
import { GzipSource } from './gzip-source.ts';
import { LINE_BYTES_MAX, READ_BYTES } from './limits.ts';
import { LineReader } from './line-reader.ts';
import type { LogFile } from './log-file.ts';
import type { ReadyQueue } from './ready-queue.ts';

const NEWLINE = 0x0a;

export interface FileReaderOptions {
  readonly batch: BatchBuilder;
  readonly ready: ReadyQueue;
  readonly metrics: AgentMetrics;
  readonly log: Logger;
  /** Called when a chain was queued outside of a tick. */
  readonly wake: () => void;
}

/** Owns the read buffer and the one gzip file that may be decompressed at a time: memory does not grow with files. */
export class FileReader {
  readonly #lines: LineReader;
  readonly #ready: ReadyQueue;
  readonly #metrics: AgentMetrics;
  readonly #log: Logger;
  readonly #wake: () => void;
  readonly #buffer = Buffer.allocUnsafeSlow(LINE_BYTES_MAX);
  #unzipping: LogFile | undefined;

  constructor(options: FileReaderOptions) {
    this.#lines = new LineReader(options.batch);
    this.#ready = options.ready;
    this.#metrics = options.metrics;
    this.#log = options.log;
    this.#wake = options.wake;
  }

  /**
   * Takes one piece of the chain's next file, and queues the chain again when there is more.
   * @returns false when nothing of it can be read at present
   */
  read(chain: Chain, nowMs: number): boolean {
    const file = nextReadable(chain, nowMs);
    if (file === undefined) return false;
    const hasRead = file.log.gzip ? this.#readGzip(chain, file, nowMs) : this.#readPlain(chain, file, nowMs);
    if (hasRead && nextReadable(chain, nowMs) !== undefined) this.#ready.add(chain);
    return true;
  }

  /** Takes what is left at the end of a file that nobody writes to any more: a fragment without its newline. */
  readTail(chain: Chain, file: LogFile, nowMs: number): void {
    const length = readSync(file.fd, this.#buffer, 0, LINE_BYTES_MAX, file.readOffset);
    if (length > 0 && this.#lines.takeTail(chain, file, this.#buffer, length, nowMs)) this.#ready.add(chain);
  }

  flushPending(chain: Chain, isDue: (line: PendingLine) => boolean): void {
    if (!this.#lines.flushPending(chain, isDue)) this.#ready.add(chain);
  }

  dropPending(chain: Chain): void {
    this.#lines.dropPending(chain);
  }

  #readPlain(chain: Chain, file: LogFile, nowMs: number): boolean {
    const buffer = this.#buffer;
    const offset = file.readOffset;
    if (file.stalledAt - offset >= LINE_BYTES_MAX) return this.#readOverlong(chain, file, nowMs);
    let length = readSync(file.fd, buffer, 0, READ_BYTES, offset);
    let newline = length === 0 ? -1 : buffer.lastIndexOf(NEWLINE, length - 1);
    if (newline < 0 && length === READ_BYTES) {
      length = readSync(file.fd, buffer, 0, LINE_BYTES_MAX, offset);
      newline = buffer.lastIndexOf(NEWLINE, length - 1);
    }
    file.sizeBytes = Math.max(file.sizeBytes, offset + length);
    if (newline < 0) {
      // Nothing complete. A read of 0 bytes means that the file was truncated: the next tick sees it.
      file.stalledAt = length === 0 ? file.sizeBytes : offset + length;
      return length === LINE_BYTES_MAX;
    }
    const taken = this.#lines.take(chain, file, buffer, newline + 1, nowMs);
    if (taken === newline + 1 && length < READ_BYTES) file.stalledAt = offset + length;
    return true;
  }

  /** Looks for the end of a fragment that is longer than a line may be, before its beginning is taken. */
  #readOverlong(chain: Chain, file: LogFile, nowMs: number): boolean {
    const buffer = this.#buffer;
    const length = readSync(file.fd, buffer, 0, LINE_BYTES_MAX, file.stalledAt);
    const newline = buffer.subarray(0, length).indexOf(NEWLINE);
    file.sizeBytes = Math.max(file.sizeBytes, file.stalledAt + length);
    if (newline < 0) {
      file.stalledAt += length;
      return length > 0;
    }
    const sizeBytes = file.stalledAt + newline + 1 - file.readOffset;
    readSync(file.fd, buffer, 0, LINE_BYTES_MAX, file.readOffset);
    if (this.#lines.takeOverlong(chain, file, buffer, LINE_BYTES_MAX, sizeBytes, nowMs)) {
      this.#countOverlong(file, sizeBytes);
      file.stalledAt = 0;
    }
    return true;
  }

  #readGzip(chain: Chain, file: LogFile, nowMs: number): boolean {
    const source = this.#unzip(chain, file);
    if (source === undefined) return false;
    const window = source.window();
    if (source.overlong) {
      const sizeBytes = window.length + source.droppedBytes;
      if (this.#lines.takeOverlong(chain, file, window, window.length, sizeBytes, nowMs)) {
        this.#countOverlong(file, sizeBytes);
        source.consumeOverlong();
      }
      return true;
    }
    const newline = window.lastIndexOf(NEWLINE);
    if (newline >= 0) {
      source.consume(this.#lines.take(chain, file, window, newline + 1, nowMs));
      return true;
    }
    if (!source.ended) return false;
    if (window.length > 0 && !this.#lines.takeTail(chain, file, window, window.length, nowMs)) return true;
    this.#endGzip(file, source);
    return true;
  }

  /** The decompression of the file; undefined while another file's is not finished. */
  #unzip(chain: Chain, file: LogFile): GzipSource | undefined {
    if (file.gzip !== undefined) return file.gzip;
    if (this.#unzipping?.gzip !== undefined) return undefined;
    this.#unzipping = file;
    file.gzip = new GzipSource(file.fd, file.readOffset, () => {
      this.#ready.add(chain);
      this.#wake();
    });
    return file.gzip;
  }

  #endGzip(file: LogFile, source: GzipSource): void {
    if (source.failure !== undefined) {
      const lostBytes = Math.max(0, file.sizeBytes - file.readOffset);
      countLoss(this.#metrics, 'gzip', lostBytes);
      this.#log.error(
        { err: source.failure, path: file.path, lostBytes },
        'a gzip log file is damaged; its rest is lost',
      );
    }
    source.close();
    file.gzip = undefined;
    file.gzipEnded = true;
    file.sizeBytes = file.readOffset;
  }

  #countOverlong(file: LogFile, sizeBytes: number): void {
    const lostBytes = sizeBytes - LINE_BYTES_MAX;
    countLoss(this.#metrics, 'overlong', lostBytes);
    this.#log.warn({ path: file.path, sizeBytes, lostBytes }, 'a log line is too long; its end is lost');
  }
}
