/**
 * From bytes to rows: takes chunks of whole fragments from a file, parses the CRI prefix, joins partial lines, and adds
 * each line to the batch. The loop over fragments allocates nothing; whatever is not a plain full line leaves it.
 */
import { CriParser, STDERR, STDOUT, type StreamIndex } from '../shared/cri.ts';
import { FLAG_PARTIAL, FLAG_TRUNCATED, FLAG_UNPARSED } from '../shared/row-group/format.ts';
import type { BatchBuilder } from './batch-builder.ts';
import { isBefore, isOvertaken, type Chain, type PendingLine } from './chain.ts';
import { LINE_BYTES_MAX, PENDING_BYTES_MAX } from './limits.ts';
import type { FileLoss, LogFile } from './log-file.ts';
import { markerText, type Loss } from './losses.ts';
import { PendingBytes } from './pending-bytes.ts';

const NEWLINE = 0x0a;
const STREAMS = [STDOUT, STDERR] as const;

/** Owns the pending bytes of all chains. One reader fills one batch builder. */
export class LineReader {
  readonly #batch: BatchBuilder;
  readonly #cri = new CriParser();
  readonly #pending = new PendingBytes();
  #nowMs = 0;

  constructor(batch: BatchBuilder) {
    this.#batch = batch;
  }

  /**
   * Takes the fragments of bytes[0, end), which begin at the file's readOffset and end with a newline, and moves
   * readOffset behind those that were taken: all, unless the batch is full.
   */
  take(chain: Chain, file: LogFile, bytes: Buffer, end: number, nowMs: number): number {
    const batch = this.#batch;
    const builder = batch.builder;
    const cri = this.#cri;
    const codes = batch.touch(chain);
    const { start } = file;
    const fileOffset = file.readOffset;
    const { rowsMax } = batch;
    this.#nowMs = nowMs;
    let arenaBase = -1;
    let day = Number.NaN;
    let at = 0;
    while (at < end && builder.rowCount < rowsMax) {
      const newline = bytes.indexOf(NEWLINE, at);
      if (!cri.parse(bytes, at, newline)) {
        if (!this.#takeUnparsed(chain, file, bytes, at, newline, fileOffset + at)) break;
      } else {
        const { stream } = cri;
        if (cri.partial || chain.pending[stream] !== undefined || fileOffset + at < start[stream]) {
          if (!this.#takeFragment(chain, file, bytes, newline, fileOffset + at)) break;
        } else {
          if (cri.day !== day) {
            if (!batch.fits(cri.day)) break;
            day = cri.day;
          }
          if (arenaBase < 0) arenaBase = builder.append(bytes, at, end) - at;
          if (codes[stream]! < 0) codes[stream] = builder.stream(chain.labels[stream]);
          builder.add(codes[stream]!, day, cri.timeNs, 0, arenaBase + cri.messageStart, arenaBase + newline);
        }
        file.seen[stream] = true;
        file.lastDay = cri.day;
        file.lastTimeNs = cri.timeNs;
      }
      at = newline + 1;
    }
    file.readOffset = fileOffset + at;
    return at;
  }

  /**
   * Takes one fragment that is longer than LINE_BYTES_MAX: its first `end` bytes become a line, the rest is lost.
   * @returns false when the batch has no room; nothing has changed then
   */
  takeOverlong(chain: Chain, file: LogFile, bytes: Buffer, end: number, sizeBytes: number, nowMs: number): boolean {
    this.#batch.touch(chain);
    this.#nowMs = nowMs;
    const cri = this.#cri;
    const isCri = cri.parse(bytes, 0, end);
    const stream = isCri ? cri.stream : STDOUT;
    const isStored = file.readOffset < file.start[stream];
    if (!isStored) {
      if (!this.#batch.fits(isCri ? cri.day : file.lastDay) || !this.#endPending(chain, file, stream)) return false;
      const flags = FLAG_TRUNCATED | (isCri ? 0 : FLAG_UNPARSED);
      if (isCri) {
        file.lastDay = cri.day;
        file.lastTimeNs = cri.timeNs;
      }
      this.#add(chain, stream, file.lastDay, file.lastTimeNs, flags, bytes, isCri ? cri.messageStart : 0, end);
      this.#addMarker(chain, file, { reason: 'overlong', sizeBytes: sizeBytes - end });
    }
    file.seen[stream] = true;
    file.readOffset += sizeBytes;
    return true;
  }

  /**
   * Takes the bytes at the very end of a file that will not grow: a fragment whose newline was never written.
   * @returns false when the batch has no room
   */
  takeTail(chain: Chain, file: LogFile, bytes: Buffer, end: number, nowMs: number): boolean {
    this.#batch.touch(chain);
    this.#nowMs = nowMs;
    const cri = this.#cri;
    const isCri = cri.parse(bytes, 0, end);
    const stream = isCri ? cri.stream : STDOUT;
    if (isCri) cri.partial = true;
    const taken = isCri
      ? this.#takeFragment(chain, file, bytes, end, file.readOffset)
      : this.#takeUnparsed(chain, file, bytes, 0, end, file.readOffset);
    if (!taken) return false;
    file.seen[stream] = true;
    file.readOffset += end;
    return true;
  }

  /**
   * Moves readOffset to `end` without reading, and says in a line what that costs.
   * @returns false when the batch has no room
   */
  takeLoss(chain: Chain, file: LogFile, end: number, { reason, isMeasured }: FileLoss): boolean {
    for (const stream of STREAMS) if (!this.#endPending(chain, file, stream)) return false;
    if (!this.#batch.fits(file.lastDay)) return false;
    this.#addMarker(chain, file, { reason, sizeBytes: isMeasured ? end - file.readOffset : undefined });
    file.readOffset = end;
    return true;
  }

  /**
   * Stores the unfinished lines of a chain as they are, where `isDue` says so.
   * @returns false when the batch has no room for the next
   */
  flushPending(chain: Chain, isDue: (line: PendingLine) => boolean): boolean {
    for (const stream of STREAMS) {
      const line = chain.pending[stream];
      if (line === undefined || !isDue(line)) continue;
      this.#batch.touch(chain);
      if (!this.#emitPending(chain, stream, FLAG_PARTIAL)) return false;
    }
    return true;
  }

  /** Forgets the unfinished lines of a chain: they will be read again. */
  dropPending(chain: Chain): void {
    for (const stream of STREAMS) {
      const line = chain.pending[stream];
      if (line !== undefined) this.#pending.release(line.bytes);
      chain.pending[stream] = undefined;
    }
  }

  /** The fragment that `#cri` has just parsed, when it is not simply a line. Returns false when it could not be taken. */
  #takeFragment(chain: Chain, file: LogFile, bytes: Buffer, end: number, offset: number): boolean {
    const { stream, partial, day, timeNs, messageStart } = this.#cri;
    if (offset < file.start[stream]) return true;
    const line = chain.pending[stream];
    if (line !== undefined && !isBefore(chain, file, line.last)) {
      const length = line.length + end - messageStart;
      const isTooLong = length > LINE_BYTES_MAX || this.#pending.heldBytes > PENDING_BYTES_MAX;
      if (!isTooLong) {
        if (!partial && !this.#batch.fits(line.day)) return false;
        this.#pending.append(line, bytes, messageStart, end);
        line.last = file;
        line.touchedMs = this.#nowMs;
        return partial || this.#emitPending(chain, stream, 0);
      }
      if (!this.#emitPending(chain, stream, FLAG_TRUNCATED)) return false;
    } else if (line !== undefined && !isBefore(chain, file, line.file)) {
      // A fragment that comes late to an older file, in the midst of a line that has gone on in a newer one.
      if (!this.#emitPending(chain, stream, FLAG_PARTIAL)) return false;
    }
    if (partial && chain.pending[stream] === undefined && !isOvertaken(chain, file, stream)) {
      this.#beginPending(chain, file, offset, bytes, end);
      return true;
    }
    if (!this.#batch.fits(day)) return false;
    this.#add(chain, stream, day, timeNs, partial ? FLAG_PARTIAL : 0, bytes, messageStart, end);
    return true;
  }

  /** A line that is not CRI is kept whole as a line of stdout; it ends whatever was unfinished there. */
  #takeUnparsed(chain: Chain, file: LogFile, bytes: Buffer, start: number, end: number, offset: number): boolean {
    if (offset < file.start[STDOUT]) return true;
    if (!this.#batch.fits(file.lastDay) || !this.#endPending(chain, file, STDOUT)) return false;
    this.#add(chain, STDOUT, file.lastDay, file.lastTimeNs, FLAG_UNPARSED, bytes, start, end);
    return true;
  }

  #beginPending(chain: Chain, file: LogFile, offset: number, bytes: Buffer, end: number): void {
    const { stream, day, timeNs, messageStart } = this.#cri;
    const buffer = this.#pending.acquire();
    const line = { file, offset, last: file, day, timeNs, bytes: buffer, length: 0, touchedMs: this.#nowMs };
    this.#pending.append(line, bytes, messageStart, end);
    chain.pending[stream] = line;
  }

  #endPending(chain: Chain, file: LogFile, stream: StreamIndex): boolean {
    const line = chain.pending[stream];
    if (line === undefined || isBefore(chain, file, line.file)) return true;
    return this.#emitPending(chain, stream, FLAG_PARTIAL);
  }

  #emitPending(chain: Chain, stream: StreamIndex, flags: number): boolean {
    const line = chain.pending[stream]!;
    if (!this.#batch.fits(line.day)) return false;
    this.#add(chain, stream, line.day, line.timeNs, flags, line.bytes, 0, line.length);
    this.#pending.release(line.bytes);
    chain.pending[stream] = undefined;
    return true;
  }

  /** The time is that of the last line before the gap. */
  #addMarker(chain: Chain, file: LogFile, loss: Loss): void {
    const text = Buffer.from(markerText(file.log.name, loss));
    this.#add(chain, STDOUT, file.lastDay, file.lastTimeNs, 0, text, 0, text.length);
    this.#batch.counts.losses.push({ chain, ...loss });
  }

  #add(
    chain: Chain,
    stream: StreamIndex,
    day: number,
    timeNs: number,
    flags: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const { builder, counts } = this.#batch;
    const codes = this.#batch.touch(chain);
    if (codes[stream]! < 0) codes[stream] = builder.stream(chain.labels[stream]);
    const at = builder.append(bytes, start, end);
    builder.add(codes[stream]!, day, timeNs, flags, at, at + end - start);
    if ((flags & FLAG_PARTIAL) !== 0) counts.partial++;
    if ((flags & FLAG_TRUNCATED) !== 0) counts.truncated++;
    if ((flags & FLAG_UNPARSED) !== 0) counts.unparsed++;
  }
}
