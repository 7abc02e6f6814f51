/**
 * The batch that is being built: a row group, and the chains from which its rows come. When it is closed, the file ranges that
 * it covers follow from how far the files have been read and from what is pending.
 */
import { RowGroupBuilder } from '../../shared/row-group/builder.ts';
import type { Run } from '../../shared/row-group/runs.ts';
import type { Labels } from '../../shared/labels.ts';
import type { FileRange } from '../../shared/wire.ts';
import { fileId, PODLOG, positionOf, type Chain, type RowStream } from '../files/chain.ts';
import { isLostHead } from '../../shared/file-id.ts';
import { BATCH_BYTES_MAX, BATCH_ROWS_MAX } from '../limits.ts';
import { type Marker, markerOf, type Loss } from '../files/loss.ts';
import type { RuleUses } from '../rules/line-processor.ts';
import { noteSent } from './delivery.ts';
import type { Note, NoteMove } from './run-ledger.ts';
import { toPosition, type LogFile, type Offsets } from '../files/log-file.ts';

/** Counts that go into the metrics once the batch is acknowledged. */
export interface BatchCounts {
  lines: number;
  unparsed: number;
  partial: number;
  truncated: number;
  readonly losses: PlacedLoss[];
  /** How often rules have dropped and redacted. */
  readonly uses: RuleUses;
}

/** A loss, and its offset in its file. */
export interface PlacedLoss extends Loss {
  readonly chain: Chain;
  readonly file: LogFile;
  readonly offset: number;
}

export interface SentRange {
  readonly chain: Chain;
  readonly file: LogFile;
  readonly range: FileRange;
  readonly to: Offsets;
}

export interface SentNote {
  readonly note: Note;
  readonly range: FileRange;
  readonly to: Offsets;
}

/** A closed batch, ready to be sent. */
export interface ClosedBatch {
  readonly ranges: readonly SentRange[];
  readonly notes: readonly SentNote[];
  /** Files that the server may forget with this batch. */
  readonly gone: readonly string[];
  readonly rowGroup: Uint8Array;
  /** Uncompressed bytes of its lines, without the CRI prefix. */
  readonly lineBytes: number;
  readonly counts: BatchCounts;
}

/** The row group of a batch that only moves positions. */
export const NO_ROWS = new Uint8Array(0);

const NOTHING = { ranges: [], gone: [], rowGroup: NO_ROWS, lineBytes: 0 } as const;

/** Owns the row group builder and the stream codes that are valid in it. */
export class BatchBuilder {
  /** Made with the first line. */
  #builder: RowGroupBuilder | undefined;
  #counts: BatchCounts = noCounts();
  /** Chains that were read for this batch, with the codes of their streams; -1 where none is assigned yet. */
  readonly #codes = new Map<Chain, Int32Array>();
  #mustClose = false;
  /** Lowered after a rejection, so that the rows which the server refuses are found. */
  rowsMax = BATCH_ROWS_MAX;
  /** False while the server seems too old for row groups that say which run of a container wrote a row. */
  hasRuns = true;

  get builder(): RowGroupBuilder {
    return (this.#builder ??= new RowGroupBuilder());
  }

  get counts(): BatchCounts {
    return this.#counts;
  }

  get isEmpty(): boolean {
    return this.#codes.size === 0;
  }

  get isFull(): boolean {
    if (this.isEmpty) return false;
    const { rowCount, arenaBytes } = this.builder;
    return this.#mustClose || rowCount >= this.rowsMax || arenaBytes >= BATCH_BYTES_MAX;
  }

  /** Adds a chain to those that were read for this batch. Returns the codes of its streams, which the caller fills in. */
  touch(chain: Chain): Int32Array {
    let codes = this.#codes.get(chain);
    if (codes === undefined) {
      codes = new Int32Array([-1, -1, -1]);
      this.#codes.set(chain, codes);
    }
    return codes;
  }

  /** Returns the code of a chain's stream in the row group. */
  codeOf(chain: Chain, stream: RowStream): number {
    return this.builder.stream(chain.labels[stream], this.hasRuns ? chain.run : undefined);
  }

  /** False when the day needs another row group; the batch then takes no more rows until it is closed. */
  fits(day: number): boolean {
    if (this.builder.fits(day)) return true;
    this.#mustClose = true;
    return false;
  }

  /** Ends the batch and starts the next. Returns undefined when it moves no position. */
  close(moves: readonly NoteMove[] = []): ClosedBatch | undefined {
    const notes = moves.flatMap(noteRange);
    if (this.isEmpty) return notes.length === 0 ? undefined : { ...NOTHING, notes, counts: noCounts() };
    const ranges: SentRange[] = [];
    for (const chain of this.#codes.keys()) {
      for (const file of chain.files) appendRange(ranges, chain, file);
    }
    const { rowCount, lineBytes } = this.builder;
    const rowGroup = rowCount === 0 ? NO_ROWS : this.builder.finish();
    // Lines that were dropped have left their bytes.
    if (rowCount === 0) this.builder.clear();
    const counts = this.#counts;
    counts.lines = rowCount;
    this.#reset();
    const gone = ranges.flatMap(needlessFiles);
    if (ranges.length + notes.length > 0) return { ranges, notes, gone, rowGroup, lineBytes, counts };
    if (rowCount > 0) throw new Error('BUG: rows without a file range');
    return undefined;
  }

  /** Drops what was built, whose rows will be read again, and its memory. */
  discard(): void {
    this.#builder = undefined;
    this.#reset();
  }

  #reset(): void {
    this.#codes.clear();
    this.#counts = noCounts();
    this.#mustClose = false;
  }
}

/** A row group of one marker. */
export function markerGroup(chain: Chain, file: LogFile, loss: Loss): Uint8Array {
  return rowGroupOf(markerOf(file, loss), chain.labels[PODLOG], chain.run);
}

/** The same without the container's labels, for a server that refuses lines with them; the text names the container. */
export function nodeMarkerGroup(chain: Chain, file: LogFile, loss: Loss): Uint8Array {
  const { namespace, pod, container } = chain.source;
  const log = { ...file.log, name: `${namespace}/${pod}/${container}/${file.log.name}` };
  const { reading } = file;
  const { node, stream } = chain.labels[PODLOG];
  return rowGroupOf(markerOf({ log, reading }, loss), {
    ...(node !== undefined && { node }),
    stream: stream!,
  });
}

function rowGroupOf({ text, day, timeNs }: Marker, labels: Labels, run?: Run): Uint8Array {
  const builder = new RowGroupBuilder();
  builder.append(text, 0, text.length);
  builder.add(builder.stream(labels, run), day, timeNs, 0, 0, text.length);
  return builder.finish();
}

function appendRange(ranges: SentRange[], chain: Chain, file: LogFile): void {
  if (file.head === '') return;
  const to = positionOf(chain, file);
  const from = file.delivery.sent;
  if (to[0] === from[0] && to[1] === from[1]) return;
  const range = { file: fileId(chain, file), from: toPosition(from), to: toPosition(to) };
  noteSent(file.delivery, to);
  ranges.push({ chain, file, range, to });
}

function noteRange({ note, to }: NoteMove): SentNote[] {
  const from = note.delivery.sent;
  if (to[0] === from[0] && to[1] === from[1]) return [];
  noteSent(note.delivery, to);
  return [{ note, range: { file: note.id, from: toPosition(from), to: toPosition(to) }, to }];
}

/**
 * Files that the server may forget when a range moves past a loss: the file itself if it has no name any more, and the one that
 * it replaces. A lost file is remembered with the rest of its run, so that its marker is not stored again.
 */
function needlessFiles({ chain, file, range, to }: SentRange): string[] {
  if (file.loss === undefined || Math.min(...to) < file.sizeBytes) return [];
  const isKept = file.onDisk || (isLostHead(file.head) && chain.files.length > 1);
  return [...(file.replaces === undefined ? [] : [file.replaces]), ...(isKept ? [] : [range.file])];
}

function noCounts(): BatchCounts {
  return { lines: 0, unparsed: 0, partial: 0, truncated: 0, losses: [], uses: new Map() };
}
