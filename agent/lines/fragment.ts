/**
 * A fragment of a line: one CRI record, or the part of it that is left. fragment-joiner.ts joins fragments into lines by whether
 * their lines end with them.
 */
import type { CriParser } from '../../shared/cri.ts';
import type { ReadingState } from '../files/log-file.ts';

/** The part of a record before its message. A CriParser has it for the record that it has parsed. */
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
  /** Whether the end of its line is lost; never true if it is partial. */
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

/** Records that the fragment was taken: markers and damage after it, which have no time of their own, get its time. */
export function noteFragment(reading: ReadingState, { stream, day, timeNs }: CriPrefix): void {
  reading.seen[stream] = true;
  reading.lastDay = day;
  reading.lastTimeNs = timeNs;
}
