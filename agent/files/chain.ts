/**
 * A chain is everything that one run of a container wrote: the files of one (pod uid, container, restart), oldest
 * first. Lines may begin in one file of a chain and end in the next, never in another chain.
 */
import { STDERR, STDOUT, STREAM_NAMES, type StreamIndex } from '../../shared/cri.ts';
import { type Labels, PODLOG_STREAM } from '../../shared/labels.ts';
import type { Allowance } from './allowance.ts';
import type { EntryRules } from '../rules/entry-rules.ts';
import { chainKey } from '../../shared/file-id.ts';
import { endOffset, isUnreadGzip, type LogFile, type Offsets } from './log-file.ts';
import { compareRotations } from './log-path.ts';
import { ENDED, type CutState, type PendingLine } from './pending-line.ts';
import type { LineRules } from '../rules/rule-book.ts';

/** The stream of markers, beside STDOUT and STDERR: no file has a fragment of it, so it has no position. */
export const PODLOG = 2;
export type RowStream = StreamIndex | typeof PODLOG;

export interface Chain {
  /** `<pod uid>/<container>/<restart>`: with a file's head it is the file's identity. */
  readonly key: string;
  readonly restart: number;
  readonly of: ChainLabels;
  readonly labels: readonly [stdout: Labels, stderr: Labels, podlog: Labels];
  readonly allowance: Allowance;
  /** What is done to its lines, if anything. */
  rules: LineRules | undefined;
  /** Which of its lines are one entry, where rules say so. */
  entries: EntryRules | undefined;
  files: LogFile[];
  readonly pending: [stdout: PendingLine | undefined, stderr: PendingLine | undefined];
  /** Whether the next fragment of a stream may be the end of a line whose beginning is lost: see ../lines/cut-lines.ts. */
  readonly cut: [stdout: CutState, stderr: CutState];
  /** False once the container was started again: no more lines are to be expected here. */
  isNewest: boolean;
  /** Waits for its turn to be read. */
  queued: boolean;
  /** Whether it has been asked what is missing before its oldest file. */
  isHeadJudged: boolean;
  /** The file that was written to when it was last asked what is missing. */
  newest: LogFile | undefined;
}

/** Empty where it is not known: of a pod that was gone before it could be looked into. */
export interface ChainLabels {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly node: string;
}

export function createChain(uid: string, restart: number, of: ChainLabels, allowance: Allowance): Chain {
  const { namespace, pod, container, node } = of;
  const labels = (stream: string): Labels => {
    const all = { namespace, pod, container, stream, node };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
  };
  return {
    key: chainKey(uid, container, restart),
    restart,
    of,
    labels: [labels(STREAM_NAMES[STDOUT]), labels(STREAM_NAMES[STDERR]), labels(PODLOG_STREAM)],
    allowance,
    rules: undefined,
    entries: undefined,
    files: [],
    pending: [undefined, undefined],
    cut: [ENDED, ENDED],
    isNewest: true,
    queued: false,
    isHeadJudged: false,
    newest: undefined,
  };
}

/** The identity under which the server knows the file. Its head must be known. */
export function fileId(chain: Chain, file: LogFile): string {
  if (file.head === '') throw new Error(`BUG: ${file.path} has no identity yet`);
  return chain.key + file.head;
}

/** Deleted files before present ones of the same name, which they made room for. */
export function sortFiles(chain: Chain): void {
  chain.files.sort((a, b) => compareRotations(a.log.rotation, b.log.rotation) || Number(a.onDisk) - Number(b.onDisk));
}

/** Nothing more is expected in the file: a newer one exists, its name is gone, or the container runs anew. */
export function hasEnded(chain: Chain, file: LogFile): boolean {
  return !file.onDisk || !chain.isNewest || file !== chain.files.at(-1);
}

/** Whether a read may find a complete fragment. */
export function hasMore(file: LogFile): boolean {
  if (file.fd < 0 || file.head === '' || file.loss !== undefined) return false;
  return endOffset(file) > Math.max(file.reading.offset, file.reading.stalledAt);
}

/** Whether a line has yet to say that the rest of the file is lost. */
export function hasLoss(file: LogFile): boolean {
  return file.loss !== undefined && file.reading.offset < file.sizeBytes;
}

/**
 * The file to read next: the oldest with something to read or to say, except that a file is not begun before the one ahead of
 * it has settled. Late lines of an old file come before the rest of the newer one. A gzip file that cannot be read is waited
 * for while it may still be written.
 */
export function nextReadable(chain: Chain): LogFile | undefined {
  for (const file of chain.files) {
    if (isUnreadGzip(file) || file.lookedMs < file.gunzip.retryMs) return undefined;
    if (hasLoss(file) || hasMore(file)) return file;
    if (file.fd >= 0 && file.lookedMs < file.holdUntilMs) return undefined;
  }
  return undefined;
}

/** Whether `file` was written before `other`. */
export function isBefore(chain: Chain, file: LogFile, other: LogFile): boolean {
  return file !== other && chain.files.indexOf(file) < chain.files.indexOf(other);
}

/** True when a later file of the chain has already given fragments of the stream. */
export function isOvertaken(chain: Chain, file: LogFile, stream: StreamIndex): boolean {
  return chain.files.some((other) => other.reading.seen[stream] && isBefore(chain, file, other));
}

/**
 * The position of a file: what it may be sent as. A pending line holds its stream back, at its first fragment in the
 * file in which it began, and where they were in the files after that one.
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
