/**
 * From bytes to rows: takes chunks of whole fragments from a file, parses the CRI prefix, joins partial lines, and lines
 * that are one entry, and adds each to the batch. The loop over fragments allocates nothing; whatever is not simply a
 * full line that stands alone leaves it.
 */
import { CriParser, STDERR, STDOUT, type StreamIndex } from '../../shared/cri.ts';
import { FLAG_PARTIAL, FLAG_TRUNCATED, FLAG_UNPARSED } from '../../shared/row-group/format.ts';
import type { BatchBuilder } from '../send/batch-builder.ts';
import { isBefore, isOvertaken, type Chain } from '../files/chain.ts';
import { damagedPiece, indexOfZero, lastRecordEnd, objectEnd, recordEnd, textEnd } from '../files/damage.ts';
import { takesEnd } from './cut-lines.ts';
import { EntryJoiner, OPEN_BRACE } from './entry-joiner.ts';
import { ALONE, type EntryRules } from '../rules/entry-rules.ts';
import { LINE_BYTES_MAX, PENDING_BYTES_MAX } from '../limits.ts';
import { noteFragment, type FileLoss, type LogFile } from '../files/log-file.ts';
import { LineBufferPool } from './line-buffer-pool.ts';
import { ENDED, flagsOf, pendingLine, type PendingLine } from '../files/pending-line.ts';
import { RowSink } from './row-sink.ts';

const NEWLINE = 0x0a;
const NEWLINE_BYTES = Buffer.of(NEWLINE);
const STREAMS = [STDOUT, STDERR] as const;

/** Owns the pending bytes of all chains. One reader fills one batch builder. */
export class LineReader {
  readonly #batch: BatchBuilder;
  readonly #cri = new CriParser();
  readonly #pending = new LineBufferPool();
  readonly #joiner: EntryJoiner;
  readonly #rows: RowSink;
  #nowMs = 0;
  /** Whether the fragment that is being taken was cut off, and with it the end of its line. */
  #isCutOff = false;

  /** @param rules  for chains that have none of their own; undefined stores each line as it is */
  constructor(batch: BatchBuilder, rules: EntryRules | undefined) {
    this.#batch = batch;
    this.#rows = new RowSink(batch);
    this.#joiner = new EntryJoiner(rules);
  }

  /**
   * Takes the fragments of bytes[0, end), which begin at the file's readOffset and end with a newline, and moves
   * readOffset behind those that were taken: all, unless the batch is full.
   */
  take(chain: Chain, file: LogFile, bytes: Buffer, end: number, nowMs: number): number {
    const batch = this.#batch;
    const { builder, rowsMax } = batch;
    const cri = this.#cri;
    const codes = batch.touch(chain);
    const { start, readOffset: fileOffset } = file;
    const joins = this.#joiner.turnTo(chain);
    this.#nowMs = nowMs;
    let arenaBase = -1;
    let day = Number.NaN;
    let at = 0;
    let zero = indexOfZero(bytes, 0, end);
    while (at < end && builder.rowCount < rowsMax) {
      const newline = bytes.indexOf(NEWLINE, at);
      if (!cri.parse(bytes, at, newline)) {
        const damageEnd = this.#takeDamage(chain, file, bytes, at, newline, fileOffset + at);
        if (damageEnd < 0) break;
        at = damageEnd === newline ? newline + 1 : damageEnd;
        continue;
      }
      const hasBrace = bytes[cri.messageStart] === OPEN_BRACE;
      let lineEnd = hasBrace ? newline : textEnd(bytes, cri, newline, end);
      if (zero < lineEnd) {
        lineEnd = Math.min(lineEnd, recordEnd(bytes, cri.messageStart, newline));
        zero = indexOfZero(bytes, lineEnd, end);
      }
      const { stream } = cri;
      if (lineEnd < newline) {
        if (!this.#takeCutOff(chain, file, bytes, lineEnd, fileOffset + at)) break;
        at = lineEnd;
        continue;
      }
      if (
        cri.partial ||
        chain.pending[stream] !== undefined ||
        chain.cut[stream] !== ENDED ||
        fileOffset + at < start[stream] ||
        (joins && !(hasBrace && this.#joiner.isObject(cri, bytes, newline)) && !this.#standsAlone(bytes, newline, end))
      ) {
        if (!this.#takeFragment(chain, file, bytes, newline, fileOffset + at, end)) break;
      } else {
        if (cri.day !== day) {
          if (!batch.fits(cri.day)) break;
          day = cri.day;
        }
        let isKept = true;
        if (chain.rules !== undefined) {
          isKept = this.#rows.shred(chain.rules, bytes, cri.messageStart, newline);
        } else {
          if (arenaBase < 0) arenaBase = builder.append(bytes, at, end) - at;
          builder.shred(arenaBase + cri.messageStart, arenaBase + newline);
        }
        if (builder.isNewObject) lineEnd = objectEnd(bytes, cri, newline);
        if (lineEnd < newline) {
          if (!this.#takeCutOff(chain, file, bytes, lineEnd, fileOffset + at)) break;
          at = lineEnd;
          continue;
        }
        if (isKept) {
          if (codes[stream]! < 0) codes[stream] = builder.stream(chain.labels[stream]);
          builder.addShredded(codes[stream]!, day, cri.timeNs, 0);
        }
      }
      noteFragment(file, cri);
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
      if (isCri) noteFragment(file, cri);
      this.#rows.add(chain, stream, file.lastDay, file.lastTimeNs, flags, bytes, isCri ? cri.messageStart : 0, end);
      this.#rows.addMarker(chain, file, { reason: 'overlong', sizeBytes: sizeBytes - end });
    }
    file.seen[stream] = true;
    file.readOffset += sizeBytes;
    return true;
  }

  /**
   * Takes bytes[0, end), which begin at readOffset and have no newline: what is at the very end of a file that will not
   * grow, or before a hole.
   * @returns how many were taken: all, unless the batch is full
   */
  takeTail(chain: Chain, file: LogFile, bytes: Buffer, end: number, nowMs: number): number {
    this.#batch.touch(chain);
    this.#joiner.turnTo(chain);
    this.#nowMs = nowMs;
    const fileOffset = file.readOffset;
    let at = 0;
    while (at < end) {
      const isRecord = this.#cri.parse(bytes, at, end);
      const next = isRecord
        ? lastRecordEnd(bytes, this.#cri.messageStart, end)
        : this.#takeDamage(chain, file, bytes, at, end, fileOffset + at);
      if (next < 0) break;
      if (isRecord && !this.#takeCutOff(chain, file, bytes, next, fileOffset + at, next === end)) break;
      at = next;
    }
    file.readOffset = fileOffset + at;
    return at;
  }

  /**
   * Moves readOffset over NUL bytes that end at `end`, and says in a marker how many they were.
   * @returns false when the batch has no room
   */
  takeZeros(chain: Chain, file: LogFile, end: number): boolean {
    this.#batch.touch(chain);
    const { readOffset } = file;
    if (!this.#endOpen(chain, file) || !this.#loseZeros(chain, file, readOffset, end - readOffset)) return false;
    file.readOffset = end;
    return true;
  }

  /**
   * Moves readOffset to `end` without reading, and says in a marker what that costs.
   * @returns false when the batch has no room
   */
  takeLoss(chain: Chain, file: LogFile, end: number, { reason, isMeasured }: FileLoss): boolean {
    for (const stream of STREAMS) if (!this.#endPending(chain, file, stream)) return false;
    if (!this.#batch.fits(file.lastDay)) return false;
    this.#rows.addMarker(chain, file, { reason, sizeBytes: isMeasured ? end - file.readOffset : undefined });
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
    const isCutOff = this.#isCutOff;
    const waits =
      partial || (!isCutOff && state !== ALONE && !this.#joiner.isAlone(state, this.#cri, bytes, end, chunkEnd));
    if (waits && chain.pending[stream] === undefined && !isOvertaken(chain, file, stream)) {
      this.#beginPending(chain, file, offset, state, bytes, end);
      return true;
    }
    if (!this.#rows.hasRoom(day)) return false;
    const flags = partial || isCutOff || takesEnd(chain, this.#cri, bytes) ? FLAG_PARTIAL : 0;
    this.#rows.add(chain, stream, day, timeNs, flags, bytes, messageStart, end);
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
    const isComplete = !partial && (state === ALONE || this.#isCutOff);
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
    return !isComplete || this.#emitPending(chain, stream, this.#isCutOff ? FLAG_PARTIAL : 0);
  }

  /**
   * The fragment that `#cri` has just parsed, of which only the beginning is there: it was cut off at `end`, and what follows
   * is another. Its line ends with it, and so says its flag.
   * @param isLast  nothing follows in the file, but perhaps in the next
   * @returns false when it could not be taken
   */
  #takeCutOff(chain: Chain, file: LogFile, bytes: Buffer, end: number, offset: number, isLast = false): boolean {
    this.#cri.partial = isLast;
    this.#isCutOff = !isLast;
    const isTaken = this.#takeFragment(chain, file, bytes, end, offset, end);
    this.#isCutOff = false;
    if (isTaken) noteFragment(file, this.#cri);
    return isTaken;
  }

  /**
   * The first piece of bytes[start, end), which are not CRI. NUL bytes are counted in a marker, others kept as they are in a
   * line of stdout.
   * @returns where the piece ends, or -1 when the batch has no room
   */
  #takeDamage(chain: Chain, file: LogFile, bytes: Buffer, start: number, end: number, offset: number): number {
    const piece = damagedPiece(bytes, start, end);
    if (!this.#endOpen(chain, file)) return -1;
    if (piece.isZeros) return this.#loseZeros(chain, file, offset, piece.end - start) ? piece.end : -1;
    if (offset < file.start[STDOUT]) return piece.end;
    if (!this.#rows.hasRoom(file.lastDay)) return -1;
    this.#rows.add(chain, STDOUT, file.lastDay, file.lastTimeNs, FLAG_UNPARSED, bytes, start, piece.end);
    file.seen[STDOUT] = true;
    return piece.end;
  }

  /** Counts with stdout's position, as what is kept of damage does. False when the batch has no room. */
  #loseZeros(chain: Chain, file: LogFile, offset: number, sizeBytes: number): boolean {
    if (offset < file.start[STDOUT]) return true;
    if (!this.#rows.hasRoom(file.lastDay)) return false;
    this.#rows.addMarker(chain, file, { reason: 'zeros', sizeBytes }, offset);
    return true;
  }

  /**
   * Ends what was unfinished before a damaged place, where its end may have been: any line of stdout, which what is kept of
   * the damage follows, and of stderr a line that is only begun.
   * @returns false when the batch has no room
   */
  #endOpen(chain: Chain, file: LogFile): boolean {
    if (!this.#endPending(chain, file, STDOUT)) return false;
    return chain.pending[STDERR]?.isOpen !== true || this.#endPending(chain, file, STDERR);
  }

  #beginPending(chain: Chain, file: LogFile, offset: number, state: number, bytes: Buffer, end: number): void {
    const cri = this.#cri;
    const line = pendingLine(cri, file, offset, this.#pending.acquire());
    line.state = state;
    line.idleMsMax = this.#joiner.idleMsMax(state);
    line.touchedMs = this.#nowMs;
    line.isEnd = takesEnd(chain, cri, bytes);
    this.#pending.append(line, bytes, cri.messageStart, end);
    chain.pending[cri.stream] = line;
  }

  #endPending(chain: Chain, file: LogFile, stream: StreamIndex): boolean {
    const line = chain.pending[stream];
    if (line === undefined || isBefore(chain, file, line.file)) return true;
    return this.#emitPending(chain, stream, flagsOf(line));
  }

  #emitPending(chain: Chain, stream: StreamIndex, flags: number): boolean {
    const line = chain.pending[stream]!;
    if (!this.#batch.fits(line.day)) return false;
    if (line.isEnd) flags |= FLAG_PARTIAL;
    this.#rows.add(chain, stream, line.day, line.timeNs, flags, line.bytes, 0, line.length);
    this.#pending.release(line.bytes);
    chain.pending[stream] = undefined;
    return true;
  }
}
