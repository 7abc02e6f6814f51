/**
 * One output group of a merge: takes rows of source groups in their final order, until it is full, and writes them as a
 * row group. Where the order comes from is the caller's: a sort in a flush (merge.ts), a merge of sorted inputs in a
 * compaction (merge-sorted.ts).
 */
import type { Labels } from '../labels.ts';
import { TEMPLATES_MAX } from './format.ts';
import { ColumnMerger } from './merge-column.ts';
import type { SourceRuns } from './merge-column.ts';
import type { MergeSource } from './merge-source.ts';
import type { Template } from './template.ts';
import { columnTimes, planGroup, RowGroupWriter } from './writer.ts';
import type { GroupPlan } from './writer.ts';

/** What an output group may hold. */
export interface OutputLimits {
  readonly rows: number;
  /** Of the lines as they were: bounds the memory that decoding the group takes. One row always has room. */
  readonly lineBytes: number;
}

/** Owns the rows of the group in the making, and the buffers for writing one group after the other. */
export class OutputGroup {
  readonly #limits: OutputLimits;
  readonly #writer = new RowGroupWriter();
  readonly #columns: ColumnMerger;
  #sources: MergeSource[] = [];
  /** By source: template of the source → template of the output, or −1; made with the source's first row. */
  #templateCodesOf: Int16Array[] = [];
  #templates: Template[] = [];
  readonly #templateCodeOf = new Map<string, number>();
  #streams: Labels[] = [];
  #lineBytes = 0;
  #rowCount = 0;
  readonly #sourceOf: Uint32Array;
  readonly #rankOf: Int32Array;
  readonly #templateCodes: Uint8Array;
  readonly #flags: Uint8Array;
  readonly #streamCodes: Uint16Array;
  readonly #timesNs: Float64Array;

  constructor(limits: OutputLimits) {
    this.#limits = limits;
    this.#columns = new ColumnMerger(limits.rows);
    this.#sourceOf = new Uint32Array(limits.rows);
    this.#rankOf = new Int32Array(limits.rows);
    this.#templateCodes = new Uint8Array(limits.rows);
    this.#flags = new Uint8Array(limits.rows);
    this.#streamCodes = new Uint16Array(limits.rows);
    this.#timesNs = new Float64Array(limits.rows);
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** Forgets rows and sources. */
  clear(): void {
    this.#sources = [];
    this.#templateCodesOf = [];
    this.#templates = [];
    this.#templateCodeOf.clear();
    this.#streams = [];
    this.#lineBytes = 0;
    this.#rowCount = 0;
  }

  /** @returns the number by which rows of this group are added */
  addSource(source: MergeSource): number {
    this.#templateCodesOf.push(NO_TEMPLATES);
    return this.#sources.push(source) - 1;
  }

  /**
   * Adds a row behind the others.
   * @param stream  its labels: the same object for all rows of a stream, which come one after the other
   * @param timeNs  from the start of the output's day
   * @returns false when there is no room for it
   */
  add(source: number, row: number, stream: Labels, timeNs: number): boolean {
    const at = this.#rowCount;
    const { templateCodes, flags, ranks, lineBytesPerRow } = this.#sources[source]!;
    if (at === this.#limits.rows) return false;
    if (this.#lineBytes + lineBytesPerRow > this.#limits.lineBytes && at > 0) return false;
    const theirs = templateCodes[row]!;
    let template = this.#templateCodesOf[source]![theirs] ?? -1;
    if (template < 0) {
      template = this.#takeTemplate(source, theirs);
      if (template < 0) return false;
    }
    if (at === 0 || stream !== this.#streams.at(-1)) this.#streams.push(stream);
    this.#sourceOf[at] = source;
    this.#rankOf[at] = ranks[row]!;
    this.#templateCodes[at] = template;
    this.#flags[at] = flags[row]!;
    this.#streamCodes[at] = this.#streams.length - 1;
    this.#timesNs[at] = timeNs;
    this.#lineBytes += lineBytesPerRow;
    this.#rowCount = at + 1;
    return true;
  }

  /** The rows, of which there must be one at least, as an encoded row group. */
  write(day: number, level: number): Buffer {
    const rowCount = this.#rowCount;
    const timesNs = this.#timesNs.subarray(0, rowCount);
    const plan = planGroup(this.#templates, this.#templateCodes, rowCount);
    const rows = {
      rowCount,
      baseDay: day,
      timesNs,
      streamCodes: this.#streamCodes,
      templateCodes: this.#templateCodes,
      flags: this.#flags,
      streams: this.#streams,
      templates: this.#templates,
      lineBytes: Math.round(this.#lineBytes),
    };
    this.#writer.begin(rows, plan);
    const runs = this.#runs(plan);
    for (const column of plan.columns) {
      const times = { baseDay: day, timesNs: () => columnTimes(plan, column, timesNs) };
      this.#writer.column((header, parameters, pages) => {
        this.#columns.merge(runs, column, times, { encoder: this.#writer.encoder, header, parameters, pages });
      });
    }
    return this.#writer.finish(level);
  }

  /** The output's code of a source's template; −1 when there would be too many. */
  #takeTemplate(source: number, theirs: number): number {
    const { group, templateKeys } = this.#sources[source]!;
    const key = templateKeys[theirs]!;
    let template = this.#templateCodeOf.get(key);
    if (template === undefined) {
      if (this.#templates.length === TEMPLATES_MAX) return -1;
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
  #runs({ templateRows, templateStarts }: GroupPlan): SourceRuns {
    const { sourceOf, rankOf, lengthOf } = this.#columns.runBuffers;
    const templateRunStarts = new Uint32Array(templateStarts.length);
    let count = 0;
    for (let t = 0; t + 1 < templateStarts.length; t++) {
      let nextSource = -1;
      let nextRank = -1;
      for (let i = templateStarts[t]!, end = templateStarts[t + 1]!; i < end; i++) {
        const row = templateRows[i]!;
        const source = this.#sourceOf[row]!;
        const rank = this.#rankOf[row]!;
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
