/**
 * From bytes to rows: takes chunks of whole fragments from a file, parses the CRI prefix, joins partial lines, and lines
 * that are one entry, and adds each to the batch. The loop over fragments allocates nothing; whatever is not simply a
 * full line that stands alone leaves it.
 */
import { CriParser, STDERR, STDOUT, type StreamIndex } from '../shared/cri.ts';
import { FLAG_PARTIAL, FLAG_TRUNCATED, FLAG_UNPARSED } from '../shared/row-group/format.ts';
import type { BatchBuilder } from './batch-builder.ts';
import { isBefore, isOvertaken, PODLOG, type Chain, type PendingLine, type RowStream } from './chain.ts';
import { EntryJoiner, OPEN_BRACE } from './entry-joiner.ts';
import { ALONE, type EntryRules } from './entry-rules.ts';
import { LINE_BYTES_MAX, PENDING_BYTES_MAX } from './limits.ts';
import type { FileLoss, LogFile } from './log-file.ts';
import { markerOf, type Loss } from './losses.ts';
import { PendingBytes } from './pending-bytes.ts';
import { Sieve } from './rules/sieve.ts';

const NEWLINE = 0x0a;
const NEWLINE_BYTES = Buffer.of(NEWLINE);
const STREAMS = [STDOUT, STDERR] as const;

/** Owns the pending bytes of all chains. One reader fills one batch builder. */
export class LineReader {
  readonly #batch: BatchBuilder;
  readonly #cri = new CriParser();
  readonly #pending = new PendingBytes();
  readonly #joiner: EntryJoiner;
  readonly #sieve = new Sieve();
  #nowMs = 0;

  /** @param rules  for chains that have none of their own; undefined stores each line as it is */
  constructor(batch: BatchBuilder, rules: EntryRules | undefined) {
    this.#batch = batch;
    this.#joiner = new EntryJoiner(rules);
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
    const joins = this.#joiner.turnTo(chain);
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
        if (
          cri.partial ||
          chain.pending[stream] !== undefined ||
          fileOffset + at < start[stream] ||
          (joins && bytes[cri.messageStart] !== OPEN_BRACE && !this.#standsAlone(bytes, newline, end))
        ) {
          if (!this.#takeFragment(chain, file, bytes, newline, fileOffset + at, end)) break;
        } else {
          if (cri.day !== day) {
            if (!batch.fits(cri.day)) break;
            day = cri.day;
          }
          if (chain.rules !== undefined) {
            this.#add(chain, stream, day, cri.timeNs, 0, bytes, cri.messageStart, newline);
          } else {
            if (arenaBase < 0) arenaBase = builder.append(bytes, at, end) - at;
            if (codes[stream]! < 0) codes[stream] = builder.stream(chain.labels[stream]);
            builder.add(codes[stream]!, day, cri.timeNs, 0, arenaBase + cri.messageStart, arenaBase + newline);
          }
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
    this.#joiner.turnTo(chain);
    this.#nowMs = nowMs;
    const cri = this.#cri;
    const isCri = cri.parse(bytes, 0, end);
    const stream = isCri ? cri.stream : STDOUT;
    if (isCri) cri.partial = true;
    const taken = isCri
      ? this.#takeFragment(chain, file, bytes, end, file.readOffset, end)
      : this.#takeUnparsed(chain, file, bytes, 0, end, file.readOffset);
    if (!taken) return false;
    file.seen[stream] = true;
    file.readOffset += end;
    return true;
  }

  /**
   * Moves readOffset to `end` without reading, and says in a marker what that costs.
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
   * Stores the unfinished lines and entries of a chain as they are, where `isDue` says so.
   * @returns false when the batch has no room for the next
   */
  flushPending(chain: Chain, isDue: (line: PendingLine) => boolean): boolean {
    for (const stream of STREAMS) {
      const line = chain.pending[stream];
      if (line === undefined || !isDue(line)) continue;
      this.#batch.touch(chain);
      if (!this.#emitPending(chain, stream, flagsOf(line))) return false;
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

  /** Whether the full line that `#cri` has just parsed is a row by itself, as far as the bytes behind it tell. */
  #standsAlone(bytes: Buffer, newline: number, end: number): boolean {
    return this.#joiner.isAlone(this.#joiner.begin(this.#cri, bytes, newline), this.#cri, bytes, newline, end);
  }

  /**
   * The fragment that `#cri` has just parsed, when it is not simply a line.
   * @param chunkEnd  of all fragments that are at hand
   * @returns false when it could not be taken
   */
  #takeFragment(chain: Chain, file: LogFile, bytes: Buffer, end: number, offset: number, chunkEnd: number): boolean {
    const { stream, partial, day, timeNs, messageStart } = this.#cri;
    if (offset < file.start[stream]) return true;
    const line = chain.pending[stream];
    let state: number | undefined;
    if (line !== undefined && !isBefore(chain, file, line.last)) {
      const next = this.#joiner.next(line, this.#cri, bytes, end);
      const goesOn = line.isOpen || next !== ALONE;
      if (goesOn && this.#hasRoom(line, end - messageStart)) return this.#goOn(chain, file, line, next, bytes, end);
      if (!this.#emitPending(chain, stream, goesOn ? FLAG_TRUNCATED : 0)) return false;
      if (goesOn) state = next;
    } else if (line !== undefined && !isBefore(chain, file, line.file)) {
      // A fragment that comes late to an older file, in the midst of a line that has gone on in a newer one.
      if (!this.#emitPending(chain, stream, flagsOf(line))) return false;
    }
    state ??= this.#joiner.begin(this.#cri, bytes, end);
    const waits = partial || (state !== ALONE && !this.#joiner.isAlone(state, this.#cri, bytes, end, chunkEnd));
    if (waits && chain.pending[stream] === undefined && !isOvertaken(chain, file, stream)) {
      this.#beginPending(chain, file, offset, state, bytes, end);
      return true;
    }
    // The line before may have been the batch's last; this one is taken again then.
    if (this.#batch.builder.rowCount >= this.#batch.rowsMax || !this.#batch.fits(day)) return false;
    this.#add(chain, stream, day, timeNs, partial ? FLAG_PARTIAL : 0, bytes, messageStart, end);
    return true;
  }

  #hasRoom(line: PendingLine, sizeBytes: number): boolean {
    if (!line.isOpen && this.#joiner.isFull(line, this.#cri)) return false;
    const length = line.length + (line.isOpen ? 0 : NEWLINE_BYTES.length) + sizeBytes;
    return length <= LINE_BYTES_MAX && this.#pending.heldBytes <= PENDING_BYTES_MAX;
  }

  /** Adds the fragment that `#cri` has just parsed to a pending line, and the line to the batch when it is complete. */
  #goOn(chain: Chain, file: LogFile, line: PendingLine, state: number, bytes: Buffer, end: number): boolean {
    const { stream, partial, day, timeNs, messageStart } = this.#cri;
    const isComplete = !partial && state === ALONE;
    if (isComplete && !this.#batch.fits(line.day)) return false;
    if (!line.isOpen) {
      this.#pending.append(line, NEWLINE_BYTES, 0, NEWLINE_BYTES.length);
      line.lines++;
      line.lastDay = day;
      line.lastTimeNs = timeNs;
    }
    this.#pending.append(line, bytes, messageStart, end);
    line.last = file;
    line.isOpen = partial;
    line.state = state;
    line.idleMsMax = this.#joiner.idleMsMax(state);
    line.touchedMs = this.#nowMs;
    return !isComplete || this.#emitPending(chain, stream, 0);
  }

  /** A line that is not CRI is kept whole as a line of stdout; it ends whatever was unfinished there. */
  #takeUnparsed(chain: Chain, file: LogFile, bytes: Buffer, start: number, end: number, offset: number): boolean {
    if (offset < file.start[STDOUT]) return true;
    if (!this.#batch.fits(file.lastDay) || !this.#endPending(chain, file, STDOUT)) return false;
    this.#add(chain, STDOUT, file.lastDay, file.lastTimeNs, FLAG_UNPARSED, bytes, start, end);
    return true;
  }

  #beginPending(chain: Chain, file: LogFile, offset: number, state: number, bytes: Buffer, end: number): void {
    const { stream, partial, day, timeNs, messageStart } = this.#cri;
    const line: PendingLine = {
      file,
      offset,
      last: file,
      day,
      timeNs,
      isOpen: partial,
      state,
      idleMsMax: this.#joiner.idleMsMax(state),
      lines: 1,
      lastDay: day,
      lastTimeNs: timeNs,
      bytes: this.#pending.acquire(),
      length: 0,
      touchedMs: this.#nowMs,
    };
    this.#pending.append(line, bytes, messageStart, end);
    chain.pending[stream] = line;
  }

  #endPending(chain: Chain, file: LogFile, stream: StreamIndex): boolean {
    const line = chain.pending[stream];
    if (line === undefined || isBefore(chain, file, line.file)) return true;
    return this.#emitPending(chain, stream, flagsOf(line));
  }

  #emitPending(chain: Chain, stream: StreamIndex, flags: number): boolean {
    const line = chain.pending[stream]!;
    if (!this.#batch.fits(line.day)) return false;
    this.#add(chain, stream, line.day, line.timeNs, flags, line.bytes, 0, line.length);
    this.#pending.release(line.bytes);
    chain.pending[stream] = undefined;
    return true;
  }

  #addMarker(chain: Chain, file: LogFile, loss: Loss): void {
    const { text, day, timeNs } = markerOf(file, loss);
    const { builder } = this.#batch;
    const at = builder.append(text, 0, text.length);
    builder.shred(at, at + text.length);
    this.#addShredded(chain, PODLOG, day, timeNs, 0);
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
    if (chain.rules === undefined) {
      const at = builder.append(bytes, start, end);
      builder.shred(at, at + end - start);
    } else if (!this.#sieve.shred(chain.rules, builder, counts.uses, bytes, start, end)) return;
    this.#addShredded(chain, stream, day, timeNs, flags);
  }

  #addShredded(chain: Chain, stream: RowStream, day: number, timeNs: number, flags: number): void {
    const { builder, counts } = this.#batch;
    const codes = this.#batch.touch(chain);
    if (codes[stream]! < 0) codes[stream] = builder.stream(chain.labels[stream]);
    builder.addShredded(codes[stream]!, day, timeNs, flags);
    if ((flags & FLAG_PARTIAL) !== 0) counts.partial++;
    if ((flags & FLAG_TRUNCATED) !== 0) counts.truncated++;
    if ((flags & FLAG_UNPARSED) !== 0) counts.unparsed++;
  }
}

/** Of a pending line that is stored as it is; an entry whose last line has ended is complete. */
function flagsOf({ isOpen }: PendingLine): number {
  return isOpen ? FLAG_PARTIAL : 0;
}
