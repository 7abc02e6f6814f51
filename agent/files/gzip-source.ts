/**
 * Reads a gzip file that the kubelet made while no agent ran: decompresses it as a stream, skips to a position, and offers a
 * window of bytes from which whole lines are taken. It takes the memory of one window, whatever the file's size.
 */
import { readSync } from 'node:fs';
import { createGunzip, type Gunzip } from 'node:zlib';
import type { Counter } from '../../shared/metrics.ts';
import { overlongEnd } from './damage.ts';
import { LINE_BYTES_MAX, READ_BYTES } from '../limits.ts';

const CHUNK_BYTES = 64 * 1024;

/** Owns the decompression of one file from `skipBytes` on. It does not own the descriptor. */
export class GzipSource {
  readonly #gunzip: Gunzip;
  readonly #fd: number;
  readonly #readBytes: Counter;
  #fileOffset = 0;
  readonly #window = Buffer.allocUnsafeSlow(LINE_BYTES_MAX);
  #length = 0;
  #skipBytes: number;
  /** Decompressed bytes that are not in the window yet. */
  #rest: Buffer | undefined;
  #ended = false;
  #failure: Error | undefined;
  /** Bytes of an overlong fragment that did not fit into the window; `overlong` once its end was found. */
  droppedBytes = 0;
  overlong = false;
  /** Whether the end of an overlong fragment is being searched for. */
  drops = false;

  constructor(fd: number, skipBytes: number, readBytes: Counter, onReadable: () => void) {
    this.#fd = fd;
    this.#readBytes = readBytes;
    this.#skipBytes = skipBytes;
    this.#gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
    this.#gunzip.on('readable', onReadable);
    this.#gunzip.on('drain', () => this.#feed());
    this.#gunzip.on('end', () => {
      this.#ended = true;
      onReadable();
    });
    this.#gunzip.on('error', (error) => {
      this.#failure ??= error;
      this.#ended = true;
      onReadable();
    });
    this.#feed();
  }

  /** Why the file cannot be read to its end; final once everything before that place was taken from the window. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Whether nothing follows the bytes in the window. */
  get ended(): boolean {
    return this.#ended && this.#rest === undefined;
  }

  /** The bytes at the position; valid until `consume`. Fewer than a time slice's worth while decompression lags. */
  window(): Buffer {
    while (this.drops ? !this.overlong : !this.isFull && (this.#length < READ_BYTES || !this.#hasNewline())) {
      const chunk = this.#rest ?? (this.#gunzip.read() as Buffer | null);
      this.#rest = undefined;
      if (chunk === null) {
        this.overlong = this.drops && this.#ended;
        break;
      }
      if (this.drops) this.#drop(chunk);
      else this.#take(chunk);
    }
    return this.#window.subarray(0, this.#length);
  }

  /** Whether nothing more fits into the window. */
  get isFull(): boolean {
    return this.#length === this.#window.length;
  }

  /** Advances the position by the bytes that were taken from the window. */
  consume(sizeBytes: number): void {
    this.#window.copyWithin(0, sizeBytes, this.#length);
    this.#length -= sizeBytes;
  }

  /** Forgets the overlong fragment: the window and the dropped bytes. */
  consumeOverlong(): void {
    this.#length = 0;
    this.droppedBytes = 0;
    this.overlong = false;
    this.drops = false;
  }

  close(): void {
    this.#gunzip.removeAllListeners();
    this.#gunzip.on('error', () => undefined);
    this.#gunzip.destroy();
  }

  /** Feeds the decompressor as much as it accepts. Reads are synchronous, so that none is in flight after `close`. */
  #feed(): void {
    if (this.#gunzip.destroyed) return;
    try {
      this.#write();
    } catch (error) {
      this.#gunzip.destroy(error as Error);
    }
  }

  #write(): void {
    for (let isWanted = true; isWanted;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const length = readSync(this.#fd, chunk, 0, CHUNK_BYTES, this.#fileOffset);
      this.#fileOffset += length;
      this.#readBytes.add(length);
      if (length === 0) {
        if (this.#fileOffset === 0) throw new Error('the file is empty');
        this.#gunzip.end();
        return;
      }
      isWanted = this.#gunzip.write(chunk.subarray(0, length));
    }
  }

  #hasNewline(): boolean {
    return this.#window.subarray(0, this.#length).includes(0x0a);
  }

  #take(chunk: Buffer): void {
    const skipped = Math.min(this.#skipBytes, chunk.length);
    this.#skipBytes -= skipped;
    const room = this.#window.length - this.#length;
    const taken = Math.min(room, chunk.length - skipped);
    chunk.copy(this.#window, this.#length, skipped, skipped + taken);
    this.#length += taken;
    if (skipped + taken < chunk.length) this.#rest = chunk.subarray(skipped + taken);
  }

  /** Drops the part of a chunk that belongs to the overlong fragment. */
  #drop(chunk: Buffer): void {
    const end = overlongEnd(chunk, chunk.length);
    this.overlong = end >= 0;
    this.droppedBytes += end < 0 ? chunk.length : end;
    if (end >= 0 && end < chunk.length) this.#rest = chunk.subarray(end);
  }
}
