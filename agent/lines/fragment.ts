/**
 * A fragment of a line: one CRI record, or the part of it that is left. Whether its line ends with it is the state from which
 * fragment-joiner.ts makes lines.
 */
import type { CriParser } from '../../shared/cri.ts';
import type { ReadingState } from '../files/log-file.ts';

/** What stands before the message of a record. A CriParser has it of the record that it has parsed. */
export type CriPrefix = Readonly<Pick<CriParser, 'stream' | 'day' | 'timeNs' | 'partial' | 'messageStart'>>;

/**
 * - `full`: the line ends here (`F`)
 * - `partial`: more of the line follows on the same stream (`P`), perhaps in the next file
 * - `cut-off`: the record is damaged, and the rest of its line is lost
 */
export type FragmentEnding = 'full' | 'partial' | 'cut-off';

export interface Fragment extends CriPrefix {
  /** Holds the message at [messageStart, end). */
  readonly bytes: Buffer;
  readonly end: number;
  /** The end of all whole records in `bytes`. */
  readonly chunkEnd: number;
  /** Where the record begins in its file. */
  readonly offset: number;
  /** The end of its line is lost. Never true of one that is partial. */
  readonly isCutOff: boolean;
}

/** The record that `cri` has parsed, as a value: the parser may go on to the next one. */
export function fragmentOf(
  { stream, day, timeNs, partial, messageStart }: CriPrefix,
  bytes: Buffer,
  end: number,
  chunkEnd: number,
  offset: number,
  ending: FragmentEnding = partial ? 'partial' : 'full',
): Fragment {
  const isCutOff = ending === 'cut-off';
  return { stream, day, timeNs, partial: ending === 'partial', messageStart, bytes, end, chunkEnd, offset, isCutOff };
}

/** Notes that the fragment was taken: what comes after it without a time of its own has its time. */
export function noteFragment(reading: ReadingState, { stream, day, timeNs }: CriPrefix): void {
  reading.seen[stream] = true;
  reading.lastDay = day;
  reading.lastTimeNs = timeNs;
}
