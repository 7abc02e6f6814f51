/**
 * From bytes to fragments: takes chunks of whole records from a file, parses the CRI prefix, and adds each full line that is an
 * entry by itself to the batch. The loop over records allocates nothing; everything else leaves it, as a fragment for
 * fragment-joiner.ts or as damage.
 */
import { CriParser, STDOUT } from '../../shared/cri.ts';
import { FLAG_TRUNCATED, FLAG_UNPARSED } from '../../shared/row-group/format.ts';
import type { BatchBuilder } from '../send/batch-builder.ts';
import type { Chain } from '../files/chain.ts';
import { damagedPiece, indexOfZero, lastRecordEnd, objectEnd, recordEnd, textEnd } from '../files/damage.ts';
import { EntryJoiner, OPEN_BRACE } from './entry-joiner.ts';
import { FragmentJoiner } from './fragment-joiner.ts';
import { fragmentOf, noteFragment, type FragmentEnding } from './fragment.ts';
import type { EntryRules } from '../rules/entry-rules.ts';
import type { FileLoss, LogFile, ReadingState } from '../files/log-file.ts';
import { ENDED, type PendingLine } from '../files/pending-line.ts';
import { RowSink } from './row-sink.ts';

const NEWLINE = 0x0a;

/** One reader fills one batch builder. */
export class LineReader {
  readonly #batch: BatchBuilder;
  readonly #cri = new CriParser();
  readonly #entries: EntryJoiner;
  readonly #rows: RowSink;
  readonly #joiner: FragmentJoiner;

  /** @param rules  for chains that have none of their own; undefined stores each line as it is */
  constructor(batch: BatchBuilder, rules: EntryRules | undefined) {
    this.#batch = batch;
    this.#rows = new RowSink(batch);
    this.#entries = new EntryJoiner(rules);
    this.#joiner = new FragmentJoiner(batch, this.#rows, this.#entries);
  }

  /**
   * Takes the fragments of bytes[0, end), which begin at the file's offset and end with a newline, and moves the
   * offset past those that were taken: all, unless the batch is full.
   */
  take(chain: Chain, file: LogFile, bytes: Buffer, end: number, nowMs: number): number {
    const batch = this.#batch;
    const { builder, rowsMax } = batch;
    const cri = this.#cri;
    const codes = batch.touch(chain);
    const reading: ReadingState = file.reading;
    const { start, offset: fileOffset } = reading;
    const joins = this.#joiner.switchTo(chain, nowMs);
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
      let lineEnd = hasBrace ? newline : textEnd(bytes, at, cri, newline, end);
      if (zero < lineEnd) {
        lineEnd = Math.min(lineEnd, recordEnd(bytes, cri.messageStart, newline));
        zero = indexOfZero(bytes, lineEnd, end);
      }
      const { stream } = cri;
      if (lineEnd < newline) {
        if (!this.#takeBeginning(chain, file, bytes, lineEnd, fileOffset + at, 'cut-off')) break;
        at = lineEnd;
        continue;
      }
      if (
        cri.partial ||
        chain.pending[stream] !== undefined ||
        chain.cut[stream] !== ENDED ||
        fileOffset + at < start[stream] ||
        (joins &&
          !(hasBrace && this.#entries.isObject(cri, bytes, newline)) &&
          !this.#isWholeEntry(bytes, newline, end))
      ) {
        if (!this.#joiner.take(chain, file, fragmentOf(cri, bytes, newline, end, fileOffset + at))) break;
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
          if (!this.#takeBeginning(chain, file, bytes, lineEnd, fileOffset + at, 'cut-off')) break;
          at = lineEnd;
          continue;
        }
        if (isKept) {
          if (codes[stream]! < 0) codes[stream] = batch.codeOf(chain, stream);
          builder.addShredded(codes[stream]!, day, cri.timeNs, 0);
        }
      }
      noteFragment(reading, cri);
      at = newline + 1;
    }
    reading.offset = fileOffset + at;
    return at;
  }

  /**
   * Takes one fragment that is longer than LINE_BYTES_MAX: its first `end` bytes become a line, the rest is lost.
   * @returns false when the batch has no room; nothing has changed then
   */
  takeOverlong(chain: Chain, file: LogFile, bytes: Buffer, end: number, sizeBytes: number, nowMs: number): boolean {
    this.#batch.touch(chain);
    this.#joiner.switchTo(chain, nowMs);
    const cri = this.#cri;
    const reading: ReadingState = file.reading;
    const isCri = cri.parse(bytes, 0, end);
    const stream = isCri ? cri.stream : STDOUT;
    if (reading.offset >= reading.start[stream]) {
      if (!this.#batch.fits(isCri ? cri.day : reading.lastDay)) return false;
      if (!this.#joiner.endPending(chain, file, stream)) return false;
      const flags = FLAG_TRUNCATED | (isCri ? 0 : FLAG_UNPARSED);
      if (isCri) noteFragment(reading, cri);
      const { lastDay, lastTimeNs } = reading;
      this.#rows.add(chain, stream, lastDay, lastTimeNs, flags, bytes, isCri ? cri.messageStart : 0, end);
      this.#rows.addMarker(chain, file, { reason: 'overlong', sizeBytes: sizeBytes - end });
    }
    reading.seen[stream] = true;
    reading.offset += sizeBytes;
    return true;
  }

  /**
   * Takes bytes[0, end), which begin at the file's offset and have no newline: what is at the very end of a file that will not
   * grow, or before a hole.
   * @returns how many were taken: all, unless the batch is full
   */
  takeTail(chain: Chain, file: LogFile, bytes: Buffer, end: number, nowMs: number): number {
    this.#batch.touch(chain);
    this.#joiner.switchTo(chain, nowMs);
    const reading: ReadingState = file.reading;
    const fileOffset = reading.offset;
    let at = 0;
    while (at < end) {
      const isRecord = this.#cri.parse(bytes, at, end);
      const next = isRecord
        ? lastRecordEnd(bytes, this.#cri.messageStart, end)
        : this.#takeDamage(chain, file, bytes, at, end, fileOffset + at);
      if (next < 0) break;
      // The last record may go on in the next file.
      const ending = next === end ? 'partial' : 'cut-off';
      if (isRecord && !this.#takeBeginning(chain, file, bytes, next, fileOffset + at, ending)) break;
      at = next;
    }
    reading.offset = fileOffset + at;
    return at;
  }

  /**
   * Moves the offset past NUL bytes that end at `end`, and adds a marker with their number.
   * @returns false when the batch has no room
   */
  takeZeros(chain: Chain, file: LogFile, end: number): boolean {
    this.#batch.touch(chain);
    const reading: ReadingState = file.reading;
    if (!this.#joiner.endBeforeDamage(chain, file)) return false;
    if (!this.#loseZeros(chain, file, reading.offset, end - reading.offset)) return false;
    reading.offset = end;
    return true;
  }

  /**
   * Moves the offset to `end` without reading, and adds a marker for what is lost.
   * @returns false when the batch has no room
   */
  takeLoss(chain: Chain, file: LogFile, end: number, { reason, isMeasured }: FileLoss): boolean {
    const reading: ReadingState = file.reading;
    if (!this.#joiner.endAll(chain, file) || !this.#batch.fits(reading.lastDay)) return false;
    this.#rows.addMarker(chain, file, { reason, sizeBytes: isMeasured ? end - reading.offset : undefined });
    reading.offset = end;
    return true;
  }

  /**
   * Adds the pending lines of a chain that are due as they are.
   * @returns false when the batch has no room for the next
   */
  flushPending(chain: Chain, isDue: (line: PendingLine) => boolean): boolean {
    return this.#joiner.flush(chain, isDue);
  }

  /** Forgets the pending lines of a chain, which will be read again. */
  dropPending(chain: Chain): void {
    this.#joiner.drop(chain);
  }

  /** Whether the full line that `#cri` has just parsed is a row by itself, as far as the bytes after it show. */
  #isWholeEntry(bytes: Buffer, newline: number, end: number): boolean {
    return this.#entries.isAlone(this.#entries.begin(this.#cri, bytes, newline), this.#cri, bytes, newline, end);
  }

  /**
   * Takes the record that `#cri` has just parsed, of which only the beginning is there, up to `end`.
   * @returns false when it could not be taken
   */
  #takeBeginning(
    chain: Chain,
    file: LogFile,
    bytes: Buffer,
    end: number,
    offset: number,
    ending: Exclude<FragmentEnding, 'full'>,
  ): boolean {
    const fragment = fragmentOf(this.#cri, bytes, end, end, offset, ending);
    const isTaken = this.#joiner.take(chain, file, fragment);
    if (isTaken) noteFragment(file.reading, fragment);
    return isTaken;
  }

  /**
   * Takes the first piece of bytes[start, end), which are not CRI. NUL bytes are counted in a marker, others kept as they are
   * in a line of stdout.
   * @returns where the piece ends, or -1 when the batch has no room
   */
  #takeDamage(chain: Chain, file: LogFile, bytes: Buffer, start: number, end: number, offset: number): number {
    const piece = damagedPiece(bytes, start, end);
    if (!this.#joiner.endBeforeDamage(chain, file)) return -1;
    if (piece.isZeros) return this.#loseZeros(chain, file, offset, piece.end - start) ? piece.end : -1;
    const reading: ReadingState = file.reading;
    if (offset < reading.start[STDOUT]) return piece.end;
    if (!this.#rows.hasRoom(reading.lastDay)) return -1;
    this.#rows.add(chain, STDOUT, reading.lastDay, reading.lastTimeNs, FLAG_UNPARSED, bytes, start, piece.end);
    reading.seen[STDOUT] = true;
    return piece.end;
  }

  /** Adds a marker for NUL bytes; like all damage, they count as stdout. Returns false when the batch has no room. */
  #loseZeros(chain: Chain, file: LogFile, offset: number, sizeBytes: number): boolean {
    const { start, lastDay } = file.reading;
    if (offset < start[STDOUT]) return true;
    if (!this.#rows.hasRoom(lastDay)) return false;
    this.#rows.addMarker(chain, file, { reason: 'zeros', sizeBytes }, offset);
    return true;
  }
}
