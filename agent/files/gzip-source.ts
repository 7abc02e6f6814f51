/**
 * Reads a gzip file that the kubelet made while the agent was away: decompresses as a stream, skips to a position, and
 * shows a window of bytes from which whole lines are taken. Memory: one window, whatever the file's size.
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
  /** Decompressed, but not in the window yet. */
  #rest: Buffer | undefined;
  #ended = false;
  #failure: Error | undefined;
  /** Bytes of an overlong fragment that did not fit into the window; its end has been seen when `overlong`. */
  droppedBytes = 0;
  overlong = false;
  /** Whether the end of an overlong fragment is being looked for. */
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

  /** Why the file cannot be read to its end, once everything before that place is out of the window. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Nothing will follow what the window shows. */
  get ended(): boolean {
    return this.#ended && this.#rest === undefined;
  }

  /** The bytes at the position; valid until `consume`. Fewer than a turn's worth when decompression is behind. */
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

  /** Nothing more fits into the window. */
  get isFull(): boolean {
    return this.#length === this.#window.length;
  }

  /** Moves the position on by what has been taken from the window. */
  consume(sizeBytes: number): void {
    this.#window.copyWithin(0, sizeBytes, this.#length);
    this.#length -= sizeBytes;
  }

  /** Forgets the overlong fragment: the window's bytes and what was dropped. */
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

  /** Gives the decompressor as much as it wants at present. Reads are synchronous, so that `close` ends them all. */
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

  /** Drops what belongs to the overlong fragment. */
  #drop(chunk: Buffer): void {
    const end = overlongEnd(chunk, chunk.length);
    this.overlong = end >= 0;
    this.droppedBytes += end < 0 ? chunk.length : end;
    if (end >= 0 && end < chunk.length) this.#rest = chunk.subarray(end);
  }
}
