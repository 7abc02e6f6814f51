/**
 * Joins the fragments of a line, and the lines of an entry, and adds each to the batch when it is complete. An incomplete line or
 * entry is pending in its chain.
 */
import { STDERR, STDOUT, type StreamIndex } from '../../shared/cri.ts';
import { FLAG_PARTIAL, FLAG_TRUNCATED } from '../../shared/row-group/format.ts';
import { isBefore, isOvertaken, type Chain } from '../files/chain.ts';
import type { LogFile } from '../files/log-file.ts';
import { flagsOf, pendingLine, type PendingLine } from '../files/pending-line.ts';
import { LINE_BYTES_MAX, PENDING_BYTES_MAX } from '../limits.ts';
import { ALONE } from '../rules/entry-rules.ts';
import type { BatchBuilder } from '../send/batch-builder.ts';
import { takesEnd } from './cut-lines.ts';
import type { EntryJoiner } from './entry-joiner.ts';
import type { Fragment } from './fragment.ts';
import { LineBufferPool } from './line-buffer-pool.ts';
import type { RowSink } from './row-sink.ts';

const NEWLINE_BYTES = Buffer.of(0x0a);
const STREAMS = [STDOUT, STDERR] as const;

/** Owns the pending bytes of all chains. Every method that adds a row returns false when the batch has no room for it. */
export class FragmentJoiner {
  readonly #batch: BatchBuilder;
  readonly #rows: RowSink;
  readonly #entries: EntryJoiner;
  readonly #pool = new LineBufferPool();
  #nowMs = 0;

  constructor(batch: BatchBuilder, rows: RowSink, entries: EntryJoiner) {
    this.#batch = batch;
    this.#rows = rows;
    this.#entries = entries;
  }

  /** Switches to the fragments of a chain. Returns whether any of its lines may be joined. */
  switchTo(chain: Chain, nowMs: number): boolean {
    this.#nowMs = nowMs;
    return this.#entries.switchTo(chain);
  }

  /** Takes a fragment that may not be a line by itself. */
  take(chain: Chain, file: LogFile, fragment: Fragment): boolean {
    const { stream, partial, isCutOff, day, timeNs, bytes, messageStart, end, offset } = fragment;
    if (offset < file.reading.start[stream]) return true;
    const line = chain.pending[stream];
    let state: number | undefined;
    if (line !== undefined && !isBefore(chain, file, line.last)) {
      const next = this.#entries.next(line, fragment, bytes, end);
      const goesOn = line.isOpen || next !== ALONE;
      if (goesOn && this.#hasRoom(line, fragment)) return this.#append(chain, file, line, next, fragment);
      if (!this.#emit(chain, stream, goesOn ? FLAG_TRUNCATED : 0)) return false;
      if (goesOn) state = next;
    } else if (line !== undefined && !isBefore(chain, file, line.file)) {
      // A late fragment of an older file, in the middle of a line that has gone on in a newer one.
      if (!this.#emit(chain, stream, flagsOf(line))) return false;
    }
    state ??= this.#entries.begin(fragment, bytes, end);
    const waits = partial || (!isCutOff && state !== ALONE && !this.#isAlone(state, fragment));
    if (waits && chain.pending[stream] === undefined && !isOvertaken(chain, file, stream)) {
      this.#begin(chain, file, state, fragment);
      return true;
    }
    if (!this.#rows.hasRoom(day)) return false;
    const flags = partial || isCutOff || takesEnd(chain, fragment, bytes) ? FLAG_PARTIAL : 0;
    this.#rows.add(chain, stream, day, timeNs, flags, bytes, messageStart, end);
    return true;
  }

  /** Ends the pending line of a stream, to which the next bytes of the file do not belong. */
  endPending(chain: Chain, file: LogFile, stream: StreamIndex): boolean {
    const line = chain.pending[stream];
    if (line === undefined || isBefore(chain, file, line.file)) return true;
    return this.#emit(chain, stream, flagsOf(line));
  }

  /** The same for all streams. */
  endAll(chain: Chain, file: LogFile): boolean {
    return STREAMS.every((stream) => this.endPending(chain, file, stream));
  }

  /**
   * Ends pending lines before a damaged place, where their ends may have been: any line of stdout, since kept damage becomes a
   * line of stdout, and a line of stderr that is still open.
   */
  endBeforeDamage(chain: Chain, file: LogFile): boolean {
    if (!this.endPending(chain, file, STDOUT)) return false;
    return chain.pending[STDERR]?.isOpen !== true || this.endPending(chain, file, STDERR);
  }

  /** Adds the pending lines of a chain that are due as they are. */
  flush(chain: Chain, isDue: (line: PendingLine) => boolean): boolean {
    for (const stream of STREAMS) {
      const line = chain.pending[stream];
      if (line === undefined || !isDue(line)) continue;
      this.#batch.touch(chain);
      if (!this.#emit(chain, stream, flagsOf(line))) return false;
    }
    return true;
  }

  /** Forgets the pending lines of a chain, which will be read again. */
  drop(chain: Chain): void {
    for (const stream of STREAMS) {
      const line = chain.pending[stream];
      if (line !== undefined) this.#pool.release(line.bytes);
      chain.pending[stream] = undefined;
    }
  }

  #isAlone(state: number, fragment: Fragment): boolean {
    const { bytes, end, chunkEnd } = fragment;
    return this.#entries.isAlone(state, fragment, bytes, end, chunkEnd);
  }

  #hasRoom(line: PendingLine, fragment: Fragment): boolean {
    if (!line.isOpen && this.#entries.isFull(line, fragment)) return false;
    const sizeBytes = fragment.end - fragment.messageStart;
    const length = line.length + (line.isOpen ? 0 : NEWLINE_BYTES.length) + sizeBytes;
    return length <= LINE_BYTES_MAX && this.#pool.heldBytes <= PENDING_BYTES_MAX;
  }

  /** Adds a fragment to a pending line, and the line to the batch when it is complete. */
  #append(chain: Chain, file: LogFile, line: PendingLine, state: number, fragment: Fragment): boolean {
    const { stream, partial, isCutOff, day, timeNs, bytes, messageStart, end } = fragment;
    const isComplete = !partial && (state === ALONE || isCutOff);
    if (isComplete && !this.#batch.fits(line.day)) return false;
    if (!line.isOpen) {
      this.#pool.append(line, NEWLINE_BYTES, 0, NEWLINE_BYTES.length);
      line.lines++;
      line.lastDay = day;
      line.lastTimeNs = timeNs;
    }
    this.#pool.append(line, bytes, messageStart, end);
    line.last = file;
    line.isOpen = partial;
    line.state = state;
    line.idleMsMax = this.#entries.idleMsMax(state);
    line.touchedMs = this.#nowMs;
    return !isComplete || this.#emit(chain, stream, isCutOff ? FLAG_PARTIAL : 0);
  }

  #begin(chain: Chain, file: LogFile, state: number, fragment: Fragment): void {
    const { stream, offset, bytes, messageStart, end } = fragment;
    const line = pendingLine(fragment, file, offset, this.#pool.acquire());
    line.state = state;
    line.idleMsMax = this.#entries.idleMsMax(state);
    line.touchedMs = this.#nowMs;
    line.isEnd = takesEnd(chain, fragment, bytes);
    this.#pool.append(line, bytes, messageStart, end);
    chain.pending[stream] = line;
  }

  #emit(chain: Chain, stream: StreamIndex, flags: number): boolean {
    const line = chain.pending[stream]!;
    if (!this.#batch.fits(line.day)) return false;
    const ownFlags = line.isEnd ? flags | FLAG_PARTIAL : flags;
    this.#rows.add(chain, stream, line.day, line.timeNs, ownFlags, line.bytes, 0, line.length);
    this.#pool.release(line.bytes);
    chain.pending[stream] = undefined;
    return true;
  }
}
