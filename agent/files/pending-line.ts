/**
 * The unfinished state of a chain's stream: the line or entry whose end has not been read, and whether the next fragment may
 * belong to a line whose beginning is lost.
 */
import type { CriParser } from '../../shared/cri.ts';
import { FLAG_PARTIAL } from '../../shared/row-group/format.ts';
import { ALONE } from '../rules/entry-rules.ts';
import type { LogFile } from './log-file.ts';

/** Whether the line of the previous fragment of a stream has ended, may go on, or goes on. */
export const ENDED = 0;
export const MAY_GO_ON = 1;
export const GOES_ON = 2;
export type CutState = typeof ENDED | typeof MAY_GO_ON | typeof GOES_ON;

/** The beginning of a line whose end has not been read, or of an entry to which more lines may belong. */
export interface PendingLine {
  /** Where its first fragment starts: the stream's position stays there until the line is complete. */
  readonly file: LogFile;
  readonly offset: number;
  /** The file of its last fragment. */
  last: LogFile;
  /** Time of the first fragment. */
  readonly day: number;
  readonly timeNs: number;
  /** Whether the last line has not ended yet. */
  isOpen: boolean;
  /** The state of the entry rules, for the next line. ALONE: no line is joined to this one. */
  state: number;
  /** How long it waits for another line in this state. */
  idleMsMax: number;
  lines: number;
  /** Time of the last line's first fragment. */
  lastDay: number;
  lastTimeNs: number;
  bytes: Buffer;
  length: number;
  touchedMs: number;
  /** Whether its beginning is lost, or may be. */
  isEnd: boolean;
}

type FirstFragment = Readonly<Pick<CriParser, 'day' | 'timeNs' | 'partial'>>;

/** Returns a line that begins with this fragment. The caller sets its bytes and the state of the entry rules. */
export function pendingLine(fragment: FirstFragment, file: LogFile, offset: number, bytes: Buffer): PendingLine {
  const { day, timeNs, partial } = fragment;
  return {
    file,
    offset,
    last: file,
    day,
    timeNs,
    isOpen: partial,
    state: ALONE,
    idleMsMax: 0,
    lines: 1,
    lastDay: day,
    lastTimeNs: timeNs,
    bytes,
    length: 0,
    touchedMs: 0,
    isEnd: false,
  };
}

/** The flags of a pending line that is stored as it is; an entry whose last line has ended is complete. */
export function flagsOf({ isOpen }: PendingLine): number {
  return isOpen ? FLAG_PARTIAL : 0;
}
