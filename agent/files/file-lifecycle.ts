/**
 * Decides when a file, a chain or an unfinished line is at its end. A file has ended when no more writes to it are expected; it is
 * over when, in addition, nothing has changed for the grace period and every complete line in it is read.
 */
import { hasEnded, hasLoss, hasMore, positionOf, type Chain } from './chain.ts';
import { GRACE_MS, PENDING_IDLE_MS_MAX, UNLINKED_GRACE_MS } from '../limits.ts';
import { endOffset, isAcknowledgedTo, isUnreadGzip, type LogFile } from './log-file.ts';
import type { PendingLine } from './pending-line.ts';

export interface LifecycleTimes {
  readonly graceMs: number;
  /** The grace period of a file that has no name left, as its container is gone. */
  readonly unlinkedGraceMs: number;
  readonly pendingIdleMsMax: number;
}

/** @param options  values that replace the defaults */
export function lifecycleTimes(options: Partial<Pick<LifecycleTimes, 'graceMs' | 'pendingIdleMsMax'>>): LifecycleTimes {
  const { graceMs = GRACE_MS, pendingIdleMsMax = PENDING_IDLE_MS_MAX } = options;
  return { graceMs, unlinkedGraceMs: Math.min(graceMs, UNLINKED_GRACE_MS), pendingIdleMsMax };
}

export function isOver(chain: Chain, file: LogFile, nowMs: number, times: LifecycleTimes): boolean {
  return hasEnded(chain, file) && !hasLoss(file) && nowMs - file.changedMs >= graceMsOf(file, times) && !hasMore(file);
}

function graceMsOf({ fd, onDisk, loss, isUnlinked }: LogFile, times: LifecycleTimes): number {
  // One that was closed before it was deleted had been read to its end, and is not opened again.
  if (fd < 0 && !onDisk && loss === undefined) return 0;
  return isUnlinked ? times.unlinkedGraceMs : times.graceMs;
}

/**
 * Whether the last line of a file that is over lacks its newline: the writer died, but the line is kept. Or whether a gzip file whose
 * beginning cannot be read is not written to any more.
 */
export function hasDueTail(chain: Chain, file: LogFile, nowMs: number, times: LifecycleTimes): boolean {
  if (isUnreadGzip(file)) return nowMs - file.changedMs >= times.graceMs;
  if (file.fd < 0 || file.log.gzip || file.loss !== undefined || file.sizeBytes <= file.reading.offset) return false;
  return isOver(chain, file, nowMs, times);
}

/** Whether a pending line or entry is to be stored as it is: the whole chain is over, or nothing has followed for too long. */
export function isLineDue(chain: Chain, line: PendingLine, nowMs: number, times: LifecycleTimes): boolean {
  if (nowMs - line.touchedMs >= (line.isOpen ? times.pendingIdleMsMax : line.idleMsMax)) return true;
  return chain.files.every((file) => isOver(chain, file, nowMs, times));
}

/** Whether the chain needs a time slice although there is nothing to read. */
export function hasDueLines(chain: Chain, nowMs: number, times: LifecycleTimes): boolean {
  for (const line of chain.pending) if (line !== undefined && isLineDue(chain, line, nowMs, times)) return true;
  for (const file of chain.files) if (hasDueTail(chain, file, nowMs, times)) return true;
  return false;
}

/** Whether everything in the file is acknowledged, and no pending line begins in it. */
export function isDoneWith(chain: Chain, file: LogFile): boolean {
  if (file.loss !== undefined) return isAcknowledgedTo(file, file.sizeBytes);
  if (file.fd < 0) return true;
  if (file.head === '') return file.sizeBytes === 0 && !isUnreadGzip(file);
  const end = endOffset(file);
  return isAcknowledgedTo(file, end) && Math.min(...positionOf(chain, file)) >= end;
}

/**
 * Whether the batches up to the one that is built now cover all of a run, and no more of it is expected. The grace period of a file
 * without a name is not waited for: an agent that is killed in it would leave a run of which nothing shows that it was read to its
 * end. Should the file grow, the run is not finished any more. A run that has ended, by the server's word, is finished with the next
 * poll, though its files are still there: they may be deleted while no agent runs.
 */
export function isFinished(chain: Chain, nowMs: number, times: LifecycleTimes): boolean {
  if (chain.pending.some((line) => line !== undefined)) return false;
  return chain.files.every((file) => {
    if (file.loss !== undefined) return !hasLoss(file);
    if (!isTaken(chain, file)) return false;
    return isAbandoned(file) || file.polledMs > chain.endedMs || isOver(chain, file, nowMs, times);
  });
}

/** Whether some file of a run has no name, and is written to all the same. */
export function hasWriter({ files }: Chain): boolean {
  return files.some((file) => file.hasWriter);
}

function isAbandoned({ onDisk, isUnlinked, hasWriter: isWritten }: LogFile): boolean {
  return !onDisk && isUnlinked && !isWritten;
}

function isTaken(chain: Chain, file: LogFile): boolean {
  if (file.fd < 0) return true;
  if (file.head === '') return file.sizeBytes === 0 && !isUnreadGzip(file);
  return Math.min(...positionOf(chain, file)) >= endOffset(file);
}
