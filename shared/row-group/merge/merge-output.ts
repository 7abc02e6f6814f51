/**
 * One output group of a merge: takes rows of source groups in the order of their times, until it is full, sorts them by
 * stream and writes them as a row group. So the groups of a segment follow each other in time, and in each of them the
 * rows of a stream are adjacent. The caller provides the order of times: a sort in a flush (merge.ts), a merge of
 * sorted inputs in a compaction (merge-sorted.ts).
 */
import { type Labels, labelsMemoryBytes } from '../../labels.ts';
import { LABELS_BYTES_PER_GROUP, TEMPLATE_SLOTS_MAX, TEMPLATES_MAX } from '../format.ts';
import { ColumnMerger } from './merge-column.ts';
import type { SourceRuns } from './merge-column.ts';
import type { MergeSource } from './merge-source.ts';
import { MergedRuns } from './merge-runs.ts';
import { NO_RUN } from '../runs.ts';
import type { Template } from '../template.ts';
import { type ArrivalOrigin, arrivalOf, storedArrival, type Ties } from '../ties.ts';
import { columnTimes, planGroup, RowGroupWriter } from '../writer.ts';
import type { GroupPlan } from '../writer.ts';

/** Limits of an output group. */
export interface OutputLimits {
  readonly rows: number;
  /** Bytes of the uncompressed lines: limits the memory of decoding the group. One row always has room. */
  readonly lineBytes: number;
}

/** Owns the rows of the group under construction, and the buffers for writing one group after the other. */
export class OutputGroup {
  readonly #limits: OutputLimits;
  readonly #writer = new RowGroupWriter();
  readonly #columns: ColumnMerger;
  #sources: MergeSource[] = [];
  /** By source; undefined where ties are not to be stored. */
  #origins: (ArrivalOrigin | undefined)[] = [];
  /** By source: template of the source → template of the output, or −1; made with the source's first row. */
  #templateCodesOf: Int16Array[] = [];
  #templates: Template[] = [];
  #templateSlots = 0;
  readonly #templateCodeOf = new Map<string, number>();
  #lineBytes = 0;
  #rowCount = 0;
  readonly #streams: readonly Labels[];
  /** By stream: 1 where it has rows in the group. */
  readonly #hasStream: Uint8Array;
  #labelBytes = 0;
  readonly #runs = new MergedRuns();
  /** In the order in which rows were added, and sorted by stream. */
  readonly #added: RowArrays;
  /** Newest time of the group before this one; and time of the row for which there was no room in this one. */
  #timeBeforeNs = NaN;
  #timeAfterNs = NaN;
  readonly #sorted: RowArrays;

  /** @param streams  all streams of the merge, in the order of a segment */
  constructor(limits: OutputLimits, streams: readonly Labels[]) {
    this.#limits = limits;
    this.#streams = streams;
    this.#hasStream = new Uint8Array(streams.length);
    this.#columns = new ColumnMerger(limits.rows);
    this.#added = rowArrays(limits.rows);
    this.#sorted = rowArrays(limits.rows);
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** Discards rows and sources. */
  clear(): void {
    this.#sources = [];
    this.#origins = [];
    this.#timeAfterNs = NaN;
    this.#templateCodesOf = [];
    this.#templates = [];
    this.#templateSlots = 0;
    this.#templateCodeOf.clear();
    this.#hasStream.fill(0);
    this.#runs.clear();
    this.#labelBytes = 0;
    this.#lineBytes = 0;
    this.#rowCount = 0;
  }

  /**
   * @param origin  its rows keep their arrivals where they are ties
   * @returns the number of the source in `add`
   */
  addSource(source: MergeSource, origin?: ArrivalOrigin): number {
    this.#templateCodesOf.push(NO_TEMPLATES);
    this.#origins.push(origin);
    return this.#sources.push(source) - 1;
  }

  /**
   * Adds a row after the others.
   * @param stream  index of its stream
   * @param timeNs  from the start of the output's day; not before that of the previous row
   * @returns false when there is no room for it
   */
  add(source: number, row: number, stream: number, timeNs: number): boolean {
    const hasRoom = this.#add(source, row, stream, timeNs);
    if (!hasRoom) this.#timeAfterNs = timeNs;
    return hasRoom;
  }

  #add(source: number, row: number, stream: number, timeNs: number): boolean {
    const at = this.#rowCount;
    const { templateCodes, flags, ranks, runs, runCodes, lineBytesPerRow } = this.#sources[source]!;
    if (at === this.#limits.rows) return false;
    if (this.#lineBytes + lineBytesPerRow > this.#limits.lineBytes && at > 0) return false;
    if (this.#hasStream[stream] === 0 && !this.#takeStream(stream)) return false;
    let run = runCodes[row] ?? NO_RUN;
    if (run !== NO_RUN && (run = this.#runs.take(source, runs, run)) === NO_RUN) return false;
    const theirs = templateCodes[row]!;
    let template = this.#templateCodesOf[source]![theirs] ?? -1;
    if (template < 0) {
      template = this.#takeTemplate(source, theirs);
      if (template < 0) return false;
    }
    const added = this.#added;
    added.sourceOf[at] = source;
    added.rowOf[at] = row;
    added.rankOf[at] = ranks[row]!;
    added.templateCodes[at] = template;
    added.flags[at] = flags[row]!;
    added.runCodes[at] = run;
    added.streams[at] = stream;
    added.timesNs[at] = timeNs;
    this.#lineBytes += lineBytesPerRow;
    this.#rowCount = at + 1;
    return true;
  }

  /** Returns the rows, at least one, as an encoded row group. */
  write(day: number, level: number): Buffer {
    const rowCount = this.#rowCount;
    const streams = this.#sortByStream();
    const { templateCodes, flags, streams: streamCodes } = this.#sorted;
    const timesNs = this.#sorted.timesNs.subarray(0, rowCount);
    const templates = this.#templates;
    const plan = planGroup(templates, templateCodes, rowCount);
    const lineBytes = Math.round(this.#lineBytes);
    const ties = this.#ties();
    const { runs } = this.#runs;
    this.#timeBeforeNs = this.#added.timesNs[rowCount - 1]!;
    const rows = {
      rowCount,
      baseDay: day,
      timesNs,
      streamCodes,
      templateCodes,
      flags,
      streams,
      templates,
      lineBytes,
      ...(ties !== undefined && { ties }),
      ...(runs.length > 0 && { runs: { runs, codes: this.#sorted.runCodes } }),
    };
    this.#writer.begin(rows, plan);
    const sourceRuns = this.#sourceRuns(plan);
    for (const column of plan.columns) {
      const times = { baseDay: day, timesNs: () => columnTimes(plan, column, timesNs) };
      this.#writer.column((header, parameters, pages) => {
        this.#columns.merge(sourceRuns, column, times, { encoder: this.#writer.encoder, header, parameters, pages });
      });
    }
    return this.#writer.finish(level);
  }

  /** A counting sort, so rows of one stream stay in the order of their times. Returns the streams that have rows. */
  #sortByStream(): Labels[] {
    const { streams: of } = this.#added;
    const starts = new Uint32Array(this.#streams.length + 1);
    for (let i = 0; i < this.#rowCount; i++) starts[of[i]! + 1]!++;
    const used = this.#streams.filter((_, stream) => starts[stream + 1]! > 0);
    const codes = new Uint32Array(this.#streams.length);
    for (let stream = 0, code = 0; stream < codes.length; stream++) {
      codes[stream] = code;
      if (starts[stream + 1]! > 0) code++;
      starts[stream + 1]! += starts[stream]!;
    }
    const places = new Uint32Array(this.#rowCount);
    for (let i = 0; i < places.length; i++) places[i] = starts[of[i]!]!++;
    moveRows(this.#added, this.#sorted, places);
    for (let i = 0; i < places.length; i++) this.#sorted.streams[i] = codes[this.#sorted.streams[i]!]!;
    return used;
  }

  /**
   * Returns the rows that may be tied with another one, of this group or a neighbour, and those that are known to have
   * been.
   */
  #ties(): Ties | undefined {
    const { sourceOf, rowOf, streams, timesNs } = this.#sorted;
    const known = this.#sources.map(({ group }, source) =>
      this.#origins[source]?.tiesFrom === undefined ? undefined : group.ties(),
    );
    const rows: number[] = [];
    const arrivals: number[] = [];
    for (let i = 0; i < this.#rowCount; i++) {
      const source = sourceOf[i]!;
      const origin = this.#origins[source];
      if (origin === undefined) continue;
      const timeNs = timesNs[i]!;
      const isTied =
        (i > 0 && timesNs[i - 1] === timeNs && streams[i - 1] === streams[i]) ||
        (i + 1 < this.#rowCount && timesNs[i + 1] === timeNs && streams[i + 1] === streams[i]) ||
        timeNs === this.#timeBeforeNs ||
        timeNs === this.#timeAfterNs;
      const ties = known[source];
      const row = rowOf[i]!;
      if (!isTied && (ties === undefined || storedArrival(ties, row) === undefined)) continue;
      rows.push(i);
      arrivals.push(arrivalOf(this.#sources[source]!.group, origin, row));
    }
    return rows.length === 0 ? undefined : { rows: Float64Array.from(rows), arrivals: Float64Array.from(arrivals) };
  }

  /** Returns false when its labels are too many for the group. One stream always has room. */
  #takeStream(stream: number): boolean {
    const bytes = labelsMemoryBytes(this.#streams[stream]!);
    if (this.#labelBytes + bytes > LABELS_BYTES_PER_GROUP && this.#labelBytes > 0) return false;
    this.#hasStream[stream] = 1;
    this.#labelBytes += bytes;
    return true;
  }

  /** Returns the output's code of a source's template; −1 when there would be too many. */
  #takeTemplate(source: number, theirs: number): number {
    const { group, templateKeys } = this.#sources[source]!;
    const key = templateKeys[theirs]!;
    let template = this.#templateCodeOf.get(key);
    if (template === undefined) {
      const { slots } = group.templates[theirs]!;
      if (this.#templates.length === TEMPLATES_MAX) return -1;
      if (this.#templateSlots + slots.length > TEMPLATE_SLOTS_MAX) return -1;
      this.#templateSlots += slots.length;
      template = this.#templates.push(group.templates[theirs]!) - 1;
      this.#templateCodeOf.set(key, template);
    }
    if (this.#templateCodesOf[source] === NO_TEMPLATES) {
      this.#templateCodesOf[source] = new Int16Array(templateKeys.length).fill(-1);
    }
    this.#templateCodesOf[source]![theirs] = template;
    return template;
  }

  /**
   * In template order, rows often follow each other as they did in their source: these are runs, found once for all
   * columns.
   */
  #sourceRuns({ templateRows, templateStarts }: GroupPlan): SourceRuns {
    const { sourceOf, rankOf, lengthOf } = this.#columns.runBuffers;
    const { sourceOf: rowSources, rankOf: rowRanks } = this.#sorted;
    const templateRunStarts = new Uint32Array(templateStarts.length);
    let count = 0;
    for (let t = 0; t + 1 < templateStarts.length; t++) {
      let nextSource = -1;
      let nextRank = -1;
      for (let i = templateStarts[t]!, end = templateStarts[t + 1]!; i < end; i++) {
        const row = templateRows[i]!;
        const source = rowSources[row]!;
        const rank = rowRanks[row]!;
        if (source === nextSource && rank === nextRank) {
          lengthOf[count - 1]!++;
        } else {
          sourceOf[count] = source;
          rankOf[count] = rank;
          lengthOf[count++] = 1;
        }
        nextSource = source;
        nextRank = rank + 1;
      }
      templateRunStarts[t + 1] = count;
    }
    const sourceTemplate = (source: number, template: number): number =>
      this.#templateCodesOf[source]!.indexOf(template);
    return { sources: this.#sources, sourceTemplate, templateRunStarts, sourceOf, rankOf, lengthOf };
  }
}

const NO_TEMPLATES = new Int16Array(0);

/** The attributes of each row of the group. */
interface RowArrays {
  readonly sourceOf: Uint32Array;
  /** Row of the source. */
  readonly rowOf: Uint32Array;
  readonly rankOf: Int32Array;
  readonly templateCodes: Uint16Array;
  readonly flags: Uint8Array;
  readonly runCodes: Uint16Array;
  /** Indexes into all streams of the merge; finally, into those of the group. */
  readonly streams: Uint32Array;
  readonly timesNs: Float64Array;
}

function rowArrays(rows: number): RowArrays {
  return {
    sourceOf: new Uint32Array(rows),
    rowOf: new Uint32Array(rows),
    rankOf: new Int32Array(rows),
    templateCodes: new Uint16Array(rows),
    flags: new Uint8Array(rows),
    runCodes: new Uint16Array(rows),
    streams: new Uint32Array(rows),
    timesNs: new Float64Array(rows),
  };
}

/** Row i of `from` becomes row places[i] of `to`. */
function moveRows(from: RowArrays, to: RowArrays, places: Uint32Array): void {
  for (let i = 0; i < places.length; i++) {
    const at = places[i]!;
    to.sourceOf[at] = from.sourceOf[i]!;
    to.rowOf[at] = from.rowOf[i]!;
    to.rankOf[at] = from.rankOf[i]!;
    to.templateCodes[at] = from.templateCodes[i]!;
    to.flags[at] = from.flags[i]!;
    to.runCodes[at] = from.runCodes[i]!;
    to.streams[at] = from.streams[i]!;
    to.timesNs[at] = from.timesNs[i]!;
  }
}
