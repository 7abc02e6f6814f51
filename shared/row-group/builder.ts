/**
 * Builds row groups from lines: here text becomes columns. Lines are copied into an arena a chunk at a time, shredded
 * as they are added, and encoded column by column when the group is finished, so that each column's work runs in one
 * tight loop over memory of its own.
 */
import type { Labels } from '../labels.ts';
import { BASE_DAY_REACH_DAYS, NS_PER_DAY } from '../time.ts';
import { encodeColumn } from './column.ts';
import { NO_RUN, type RowRuns, type Run, runKey } from './runs.ts';
import { Shredder, TEXT_TEMPLATE_ID } from './shredder.ts';
import { type Template, TEXT_TEMPLATE } from './template.ts';
import type { Parser } from './line-formats/cut-text.ts';
import {
  appendValues,
  gather,
  metadataBytes,
  type RowMetadata,
  type TemplateValues,
  UsedTemplates,
} from './used-templates.ts';
import { columnTimes, planGroup, RowGroupWriter } from './writer.ts';
import type { ColumnPlan, GroupPlan } from './writer.ts';

/** zstd level for batches, chosen for the agent's CPU; segments are compressed harder when they are merged. */
const LEVEL_DEFAULT = 3;
/** Stream codes are u16. */
export const STREAMS_MAX = 65_535;

/** A line of the arena, cut: value i is bytes[starts[i], ends[i]) and belongs in slot i of the template. */
export interface ShreddedLine {
  readonly template: Template;
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

export class RowGroupBuilder {
  readonly #shredder = new Shredder();
  readonly #writer = new RowGroupWriter();
  readonly #level: number;
  #arena = Buffer.allocUnsafeSlow(1 << 16);
  #arenaUsed = 0;
  #rowCount = 0;
  #lineBytes = 0;
  #baseDay = 0;
  #timesNs = new Float64Array(1024);
  #streamCodes = new Uint16Array(1024);
  #templateCodes = new Uint16Array(1024);
  #flags = new Uint8Array(1024);
  #streams: Labels[] = [];
  /** By stream: the code of its run. */
  #runCodes: number[] = [];
  #runs: Run[] = [];
  /** By the key of a run. */
  readonly #codeOfRun = new Map<string, number>();
  readonly #templates = new UsedTemplates(this.#shredder);
  #valueCount = 0;
  #starts = new Int32Array(1024);
  #ends = new Int32Array(1024);
  /** One object for all lines, so that a line costs no allocation. */
  readonly #line = {
    id: TEXT_TEMPLATE_ID,
    template: TEXT_TEMPLATE,
    bytes: this.#arena,
    start: 0,
    end: 0,
    starts: this.#shredder.starts,
    ends: this.#shredder.ends,
  };

  constructor(options: { level?: number } = {}) {
    this.#level = options.level ?? LEVEL_DEFAULT;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** Sum of the lengths of all lines, and of the values of their metadata. */
  get lineBytes(): number {
    return this.#lineBytes;
  }

  /** Number of bytes copied in by `append`. */
  get arenaBytes(): number {
    return this.#arenaUsed;
  }

  /** Number of values of all rows. */
  get valueCount(): number {
    return this.#valueCount;
  }

  get streamCount(): number {
    return this.#streams.length;
  }

  /** Whether a row with metadata may not fit any more: call `finish` first. */
  get isCrowded(): boolean {
    return this.#templates.isCrowded;
  }

  /** Whether the line shredded last begins as a JSON object of a new shape: it may be an invalid one. */
  get isNewObject(): boolean {
    return this.#shredder.isNewObject;
  }

  /**
   * Adds a stream to the group and returns its code for `add`. Codes are invalid after `finish`.
   * @param run  that wrote its rows: the runs of a container have streams of the same labels
   */
  stream(labels: Labels, run?: Run): number {
    if (this.#streams.length === STREAMS_MAX) throw new RangeError('BUG: too many streams in a row group');
    this.#runCodes.push(run === undefined ? NO_RUN : this.#runCode(run));
    return this.#streams.push(labels) - 1;
  }

  /**
   * Adds names of metadata to the group and returns their code for `addShredded`. Codes are invalid after `finish`.
   * @param names  at most METADATA_MAX, each once
   */
  metadataNames(names: readonly string[]): number {
    return this.#templates.addNames(names);
  }

  #runCode(run: Run): number {
    const key = runKey(run);
    let code = this.#codeOfRun.get(key);
    if (code === undefined) this.#codeOfRun.set(key, (code = this.#runs.push(run)));
    return code;
  }

  /** Undefined where the run of no row is known. */
  #rowRuns(): RowRuns | undefined {
    if (this.#runs.length === 0) return undefined;
    const codes = new Uint16Array(this.#rowCount);
    for (let row = 0; row < codes.length; row++) codes[row] = this.#runCodes[this.#streamCodes[row]!]!;
    return { runs: this.#runs, codes };
  }

  /** Copies bytes[start, end) into the arena and returns where they begin there. */
  append(bytes: Uint8Array, start: number, end: number): number {
    const at = this.#arenaUsed;
    const used = at + end - start;
    if (used > this.#arena.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(used, this.#arena.length * 2));
      this.#arena.copy(larger, 0, 0, at);
      this.#arena = larger;
    }
    this.#arena.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), at);
    this.#arenaUsed = used;
    return at;
  }

  /** Returns false when a row of this day must go into another group: call `finish` first. */
  fits(day: number): boolean {
    return this.#rowCount === 0 || Math.abs(day - this.#baseDay) < BASE_DAY_REACH_DAYS;
  }

  /**
   * Adds one row: the line is [start, end) of the arena.
   * @param stream  code from `stream`
   * @param day     UTC day of the row, which `fits`
   * @param timeNs  ns since the start of that day
   * @param flags   FLAG_… bits
   * @param parser  which formats the line may have
   */
  add(
    stream: number,
    day: number,
    timeNs: number,
    flags: number,
    start: number,
    end: number,
    parser: Parser = 'auto',
  ): void {
    this.shred(start, end, parser);
    this.addShredded(stream, day, timeNs, flags);
  }

  /** Cuts a line of the arena into its values, for callers whose rows depend on them, and for `addShredded`. */
  shred(start: number, end: number, parser: Parser = 'auto'): ShreddedLine {
    const line = this.#line;
    line.id = this.#shredder.shred(this.#arena, start, end, parser);
    line.template = this.#shredder.templates[line.id]!;
    line.bytes = this.#arena;
    line.start = start;
    line.end = end;
    return line;
  }

  /**
   * Adds the line shredded last as a row; otherwise like `add`.
   * @param metadata  only where the group is not crowded
   */
  addShredded(stream: number, day: number, timeNs: number, flags: number, metadata?: RowMetadata): void {
    const { start, end } = this.#line;
    const row = this.#rowCount;
    if (row === 0) this.#baseDay = day;
    if (row === this.#timesNs.length) this.#growRows();
    const refs = metadata === undefined ? this.#usedRefs() : this.#templates.annotated(this.#line.id, metadata.names);
    appendValues(refs, this.#shredder, metadata);
    this.#timesNs[row] = (day - this.#baseDay) * NS_PER_DAY + timeNs;
    this.#streamCodes[row] = stream;
    this.#templateCodes[row] = refs.code;
    this.#flags[row] = flags;
    this.#lineBytes += end - start + (metadata === undefined ? 0 : metadataBytes(metadata, refs.metadataCount));
    this.#valueCount += refs.slots;
    this.#rowCount = row + 1;
  }

  /** Returns those of the line shredded last; it is kept whole if its template does not fit. */
  #usedRefs(): TemplateValues {
    const { id, start, end } = this.#line;
    const refs = this.#templates.used(id);
    if (refs !== undefined) return refs;
    this.#shredder.starts[0] = start;
    this.#shredder.ends[0] = end;
    return this.#templates.used(TEXT_TEMPLATE_ID)!;
  }

  /** Returns the encoded row group. The builder is empty afterwards. There must be at least one row. */
  finish(): Buffer {
    if (this.#rowCount === 0) throw new RangeError('BUG: an empty row group');
    const { templates } = this.#templates;
    const plan = planGroup(templates, this.#templateCodes, this.#rowCount);
    const runs = this.#rowRuns();
    this.#writer.begin(
      {
        rowCount: this.#rowCount,
        baseDay: this.#baseDay,
        timesNs: this.#timesNs,
        streamCodes: this.#streamCodes,
        templateCodes: this.#templateCodes,
        flags: this.#flags,
        streams: this.#streams,
        templates,
        lineBytes: this.#lineBytes,
        ...(runs !== undefined && { runs }),
      },
      plan,
    );
    for (const column of plan.columns) this.#encodeColumn(plan, column);
    const group = this.#writer.finish(this.#level);
    this.#reset();
    return group;
  }

  /** Discards all rows, streams and appended bytes. */
  clear(): void {
    this.#reset();
  }

  #encodeColumn(plan: GroupPlan, column: ColumnPlan): void {
    const { count, slot } = column;
    if (this.#starts.length < count) {
      this.#starts = new Int32Array(count * 2);
      this.#ends = new Int32Array(count * 2);
    }
    let at = 0;
    for (const { template, slotIndex } of column.parts) {
      at = gather(this.#templates.valuesOf(template), slotIndex, this.#starts, this.#ends, at);
    }
    const values = { bytes: this.#arena, starts: this.#starts, ends: this.#ends, count };
    const rows = { baseDay: this.#baseDay, timesNs: () => columnTimes(plan, column, this.#timesNs) };
    this.#writer.column((header, parameters, pages) => {
      encodeColumn(values, slot.kind, rows, this.#writer.encoder, header, parameters, pages);
    });
  }

  #growRows(): void {
    const capacity = this.#timesNs.length * 2;
    this.#timesNs = grown(this.#timesNs, new Float64Array(capacity));
    this.#streamCodes = grown(this.#streamCodes, new Uint16Array(capacity));
    this.#templateCodes = grown(this.#templateCodes, new Uint16Array(capacity));
    this.#flags = grown(this.#flags, new Uint8Array(capacity));
  }

  #reset(): void {
    this.#templates.reset();
    this.#valueCount = 0;
    this.#streams = [];
    this.#runCodes = [];
    this.#runs = [];
    this.#codeOfRun.clear();
    this.#arenaUsed = 0;
    this.#rowCount = 0;
    this.#lineBytes = 0;
  }
}

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
