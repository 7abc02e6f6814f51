/**
 * A chain is all that one run of a container wrote: the files of one (pod uid, container, restart), oldest first. A line may
 * begin in one file of a chain and end in the next, never in another chain.
 */
import { STDERR, STDOUT, STREAM_NAMES, type StreamIndex } from '../../shared/cri.ts';
import { type Labels, PODLOG_STREAM } from '../../shared/labels.ts';
import type { Allowance } from './allowance.ts';
import type { EntryRules } from '../rules/entry-rules.ts';
import { type Run, runKey } from '../../shared/row-group/runs.ts';
import { endOffset, isUnreadGzip, type LogFile, type Offsets } from './log-file.ts';
import { compareRotations } from './log-path.ts';
import { ENDED, type CutState, type PendingLine } from './pending-line.ts';
import type { LostFile } from './loss.ts';
import type { LineRules } from '../rules/rule-book.ts';

/** The stream of markers, besides STDOUT and STDERR: no file has a fragment of it, so it has no position. */
export const PODLOG = 2;
export type RowStream = StreamIndex | typeof PODLOG;

export interface Chain {
  /** `<pod uid>/<container>/<restart>`: with a file's head it is the file's identity. */
  readonly key: string;
  readonly restart: number;
  readonly run: Run;
  readonly source: ChainLabels;
  readonly labels: readonly [stdout: Labels, stderr: Labels, podlog: Labels];
  readonly allowance: Allowance;
  /** Drop and redact rules for its lines, if any. */
  rules: LineRules | undefined;
  /** Rules for joining its lines into entries, if any. */
  entries: EntryRules | undefined;
  files: LogFile[];
  readonly pending: [stdout: PendingLine | undefined, stderr: PendingLine | undefined];
  /** Whether the next fragment of a stream may be the end of a line whose beginning is lost: see ../lines/cut-lines.ts. */
  readonly cut: [stdout: CutState, stderr: CutState];
  /** False once the container was restarted: no more lines are expected here. */
  isNewest: boolean;
  /** When it was learned from the server that the run has ended, so that nothing more is written; Infinity before that. */
  endedMs: number;
  /** Whether it is in the ready queue. */
  queued: boolean;
  /** Whether it was judged what is missing before its oldest file. */
  isHeadJudged: boolean;
  /** The live file at the last listing, also when it was just renamed. */
  newest: LogFile | undefined;
  /** Files that this agent has missed, until they are judged. */
  readonly missed: MissedFile[];
}

export interface MissedFile {
  readonly lost: LostFile;
  /** Of its marker. */
  readonly timeMs: number;
}

/** Empty where not known: for a pod that was gone before its directory could be listed. */
export interface ChainLabels {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly node: string;
}

export function createChain(uid: string, restart: number, source: ChainLabels, allowance: Allowance): Chain {
  const { namespace, pod, container, node } = source;
  const labels = (stream: string): Labels => {
    const all = { namespace, pod, container, stream, node };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
  };
  const run = { uid, container, restart };
  return {
    key: runKey(run),
    restart,
    run,
    source,
    labels: [labels(STREAM_NAMES[STDOUT]), labels(STREAM_NAMES[STDERR]), labels(PODLOG_STREAM)],
    allowance,
    rules: undefined,
    entries: undefined,
    files: [],
    pending: [undefined, undefined],
    cut: [ENDED, ENDED],
    isNewest: true,
    endedMs: Infinity,
    queued: false,
    isHeadJudged: false,
    newest: undefined,
    missed: [],
  };
}

/** Returns the id under which the server knows the file. Its head must be known. */
export function fileId(chain: Chain, file: LogFile): string {
  if (file.head === '') throw new Error(`BUG: ${file.path} has no identity yet`);
  return chain.key + file.head;
}

/** Sorts by rotation; a deleted file comes before the present one of the same name, for which it made room. */
export function sortFiles(chain: Chain): void {
  chain.files.sort((a, b) => compareRotations(a.log.rotation, b.log.rotation) || Number(a.onDisk) - Number(b.onDisk));
}

/** Whether nothing more is expected in the file: a newer one exists, its name is gone, or the container was restarted. */
export function hasEnded(chain: Chain, file: LogFile): boolean {
  return !file.onDisk || !chain.isNewest || file !== chain.files.at(-1);
}

/** Whether a read may find a complete fragment. */
export function hasMore(file: LogFile): boolean {
  if (file.fd < 0 || file.head === '' || file.loss !== undefined) return false;
  return endOffset(file) > Math.max(file.reading.offset, file.reading.stalledAt);
}

/** Whether the marker for the lost rest of the file has yet to be written. */
export function hasLoss(file: LogFile): boolean {
  return file.loss !== undefined && file.reading.offset < file.sizeBytes;
}

/**
 * Returns the file to read next: the oldest with something to read or a loss to mark, except that a file is not begun before the
 * previous one has settled. Late lines of an old file come before the rest of the newer one. While a gzip file that cannot be
 * read may still be being written, the files after it wait.
 */
export function nextReadable(chain: Chain): LogFile | undefined {
  for (const file of chain.files) {
    if (isUnreadGzip(file) || file.polledMs < file.gunzip.retryMs) return undefined;
    if (hasLoss(file) || hasMore(file)) return file;
    if (file.fd >= 0 && file.polledMs < file.holdUntilMs) return undefined;
  }
  return undefined;
}

/** Whether `file` was written before `other`. */
export function isBefore(chain: Chain, file: LogFile, other: LogFile): boolean {
  return file !== other && chain.files.indexOf(file) < chain.files.indexOf(other);
}

/** Whether fragments of the stream were already taken from a later file of the chain. */
export function isOvertaken(chain: Chain, file: LogFile, stream: StreamIndex): boolean {
  return chain.files.some((other) => other.reading.seen[stream] && isBefore(chain, file, other));
}

/**
 * Returns the position of a file that the next batch may send. A pending line holds its stream back: at its first fragment in
 * the file in which it began, and at the last position in the files after that one.
 */
export function positionOf(chain: Chain, file: LogFile): Offsets {
  const { sent } = file.delivery;
  const at = (stream: StreamIndex): number => {
    const pending = chain.pending[stream];
    if (pending === undefined || isBefore(chain, file, pending.file)) {
      return Math.max(file.reading.offset, sent[stream]);
    }
    return pending.file === file ? pending.offset : sent[stream];
  };
  return [at(STDOUT), at(STDERR)];
}
