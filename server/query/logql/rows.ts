/** Reads the lines that a query may use, and runs its pipeline over them. */
import { isAscii } from 'node:buffer';
import type { LogView } from '../../store/log-store.ts';
import type { Predicate } from '../../store/predicate.ts';
import type { Query } from '../../store/query.ts';
import { metadataAt } from '../../store/block-metadata.ts';
import { type BlockTexts, textAt } from '../../store/block-texts.ts';
import { labelsAt, type RowBlock } from '../../store/row-block.ts';
import type { Direction } from '../../store/search-plan.ts';
import type { RowsSink } from '../../store/sink.ts';
import { DETECTED_LEVEL, detectedLevel, withLevelWord } from './detected-level.ts';
import { KnownStreams, type StreamLabels } from './known-streams.ts';
import { type LabelValues, LineLabels } from './pipeline/line-labels.ts';
import type { Entry, Run } from './pipeline/stage.ts';
import type { Discovery } from './select.ts';
import { Slices } from './slices.ts';
import type { Matcher } from './syntax/ast.ts';

export const LINES: RowsSink = { kind: 'rows', fields: [], withMetadata: true };
const NO_METADATA: LabelValues = [];
/** Lines between two looks at the clock. */
const LINES_AT_ONCE = 64;
/** Before a longer line the clock is looked at, too. */
const LONG_LINE_BYTES = 16_384;

export interface LinesAsked {
  readonly view: LogView;
  readonly query: Query;
  readonly predicate: Predicate;
  readonly direction: Direction;
  /** As many lines as that are surely enough; Infinity where a stage may drop some. */
  readonly limit: number;
  readonly matchers: readonly Matcher[];
  readonly discovery: Discovery;
}

/** Counts of the lines that were read. */
export interface LineCounts {
  lines: number;
  bytes: number;
}

/**
 * Calls for each line that stays in the pipeline, in order.
 * @param take  returns false to stop; the entry is another line afterwards
 */
export async function eachEntry(asked: LinesAsked, run: Run, take: (entry: Entry) => boolean): Promise<LineCounts> {
  const { view, query, predicate, direction, limit, matchers, discovery } = asked;
  const entries = new Entries({ matchers, discovery, signal: query.signal });
  for await (const block of view.search({ ...predicate, direction, limit }, LINES, query)) {
    if (!(await entries.readBlock(block, run, take))) break;
  }
  return entries.counts;
}

type EntriesAsked = Pick<LinesAsked, 'matchers' | 'discovery'> & { readonly signal: AbortSignal };

/** Makes lines of blocks. It knows each stream that it has seen. */
export class Entries {
  readonly #streams: KnownStreams;
  readonly #slices: Slices;
  readonly #hasLevels: boolean;
  readonly #entry: Entry = { line: '', day: 0, timeNs: 0, labels: new LineLabels() };
  readonly counts: LineCounts = { lines: 0, bytes: 0 };

  constructor({ matchers, discovery, signal }: EntriesAsked) {
    this.#streams = new KnownStreams(matchers, discovery);
    this.#slices = new Slices(signal);
    this.#hasLevels = discovery.logLevels;
  }

  /**
   * Calls for each line that stays in the pipeline, in order.
   * @param take  returns false to stop; the entry is another line afterwards
   * @returns whether to go on
   */
  async readBlock(block: RowBlock, run: Run, take: (entry: Entry) => boolean): Promise<boolean> {
    const entry = this.#entry;
    const slices = this.#slices;
    let written = '';
    let stream: StreamLabels = new Map();
    let metadata: LabelValues = NO_METADATA;
    const level = {
      name: DETECTED_LEVEL,
      valueOf: () => detectedLevel(written, (name) => stream.get(name), metadata),
    };
    const lineAt = linesOf(block.lines);
    for (let row = 0; row < block.rowCount; row++) {
      const sizeBytes = block.lines.offsets[row + 1]! - block.lines.offsets[row]!;
      if ((row % LINES_AT_ONCE === 0 || sizeBytes > LONG_LINE_BYTES) && slices.isOver) await slices.pause();
      const labels = this.#streams.labelsOf(labelsAt(block, row));
      if (labels === undefined) continue;
      stream = labels;
      written = lineAt(row);
      this.counts.lines++;
      this.counts.bytes += sizeBytes;
      entry.line = written;
      entry.day = block.days[row]!;
      entry.timeNs = block.timesNs[row]!;
      metadata = metadataAt(block.metadata, row);
      if (this.#hasLevels) entry.labels.reset(stream, withLevelWord(metadata), level);
      else entry.labels.reset(stream, metadata, undefined);
      if (run(entry) && !take(entry)) return false;
    }
    return true;
  }
}

/** Lines of ASCII are parts of one text. */
function linesOf(lines: BlockTexts): (row: number) => string {
  const { bytes, offsets } = lines;
  if (!isAscii(bytes)) {
    return (row) => {
      const own = textAt(lines, row);
      return Buffer.from(own.buffer, own.byteOffset, own.length).toString();
    };
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return (row) => text.slice(offsets[row], offsets[row + 1]);
}
