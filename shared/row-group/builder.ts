/**
 * Builds row groups from lines: here text becomes columns. Lines are copied into an arena a chunk at a time, shredded
 * as they are added, and encoded column by column when the group is finished, so that each column's work runs in one
 * tight loop over memory of its own.
 */
import type { Labels } from '../labels.ts';
import { BASE_DAY_REACH_DAYS, NS_PER_DAY } from '../time.ts';
import { encodeColumn } from './column.ts';
import { TEMPLATE_SLOTS_MAX, TEMPLATES_MAX } from './format.ts';
import { NO_RUN, type RowRuns, type Run, runKey } from './runs.ts';
import { PLAIN_TEMPLATE_ID, Shredder, TEXT_TEMPLATE_ID } from './shredder.ts';
import { type Template, TEXT_TEMPLATE } from './template.ts';
import type { Parser } from './line-formats/cut-text.ts';
import { columnTimes, planGroup, RowGroupWriter } from './writer.ts';
import type { ColumnPlan, GroupPlan } from './writer.ts';

/** zstd level for batches, chosen for the agent's CPU; segments are compressed harder when they are merged. */
const LEVEL_DEFAULT = 3;
/** Stream codes are u16. */
export const STREAMS_MAX = 65_535;

const WHOLE_IDS = [TEXT_TEMPLATE_ID, PLAIN_TEMPLATE_ID];

/** Values of the rows of one template: start and end of each slot, row after row. */
interface TemplateRefs {
  code: number;
  slots: number;
  rows: number;
  refs: Int32Array;
}

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
  /** By template id of the shredder; code −1 when the group has no row of it. */
  #refsOf: TemplateRefs[] = [];
  /** By code within the group. */
  #used: { template: Template; refs: TemplateRefs }[] = [];
  #usedSlots = 0;
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

  /** Sum of the lengths of all lines. */
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

  /** Adds the line shredded last as a row; otherwise like `add`. */
  addShredded(stream: number, day: number, timeNs: number, flags: number): void {
    const { start, end } = this.#line;
    const row = this.#rowCount;
    if (row === 0) this.#baseDay = day;
    if (row === this.#timesNs.length) this.#growRows();
    let { id } = this.#line;
    let refs = this.#refs(id);
    if (refs.code < 0 && !this.#use(id, refs)) {
      id = TEXT_TEMPLATE_ID;
      refs = this.#refs(id);
      if (refs.code < 0) this.#use(id, refs);
      this.#shredder.starts[0] = start;
      this.#shredder.ends[0] = end;
    }
    this.#appendRefs(refs);
    this.#timesNs[row] = (day - this.#baseDay) * NS_PER_DAY + timeNs;
    this.#streamCodes[row] = stream;
    this.#templateCodes[row] = refs.code;
    this.#flags[row] = flags;
    this.#lineBytes += end - start;
    this.#valueCount += refs.slots;
    this.#rowCount = row + 1;
  }

  /** Returns the encoded row group. The builder is empty afterwards. There must be at least one row. */
  finish(): Buffer {
    if (this.#rowCount === 0) throw new RangeError('BUG: an empty row group');
    const templates = this.#used.map(({ template }) => template);
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
      at = gather(this.#used[template]!.refs, slotIndex, this.#starts, this.#ends, at);
    }
    const values = { bytes: this.#arena, starts: this.#starts, ends: this.#ends, count };
    const rows = { baseDay: this.#baseDay, timesNs: () => columnTimes(plan, column, this.#timesNs) };
    this.#writer.column((header, parameters, pages) => {
      encodeColumn(values, slot.kind, rows, this.#writer.encoder, header, parameters, pages);
    });
  }

  #refs(id: number): TemplateRefs {
    while (this.#refsOf.length <= id) {
      const slots = this.#shredder.templates[this.#refsOf.length]!.slots.length;
      this.#refsOf.push({ code: -1, slots, rows: 0, refs: new Int32Array(slots * 2 * 16) });
    }
    return this.#refsOf[id]!;
  }

  /**
   * Gives a template a code in this group. The last codes are reserved for lines that are kept whole: these always fit.
   */
  #use(id: number, refs: TemplateRefs): boolean {
    const reserved = WHOLE_IDS.filter((each) => each !== id && this.#refs(each).code < 0).length;
    if (this.#used.length + reserved >= TEMPLATES_MAX) return false;
    if (this.#usedSlots + refs.slots + reserved > TEMPLATE_SLOTS_MAX) return false;
    this.#usedSlots += refs.slots;
    refs.code = this.#used.length;
    this.#used.push({ template: this.#shredder.templates[id]!, refs });
    return true;
  }

  #appendRefs(refs: TemplateRefs): void {
    const { starts, ends } = this.#shredder;
    const { slots } = refs;
    let at = refs.rows * slots * 2;
    if (at + slots * 2 > refs.refs.length) {
      const larger = new Int32Array(refs.refs.length * 2);
      larger.set(refs.refs);
      refs.refs = larger;
    }
    const to = refs.refs;
    for (let slot = 0; slot < slots; slot++) {
      to[at++] = starts[slot]!;
      to[at++] = ends[slot]!;
    }
    refs.rows++;
  }

  #growRows(): void {
    const capacity = this.#timesNs.length * 2;
    this.#timesNs = grown(this.#timesNs, new Float64Array(capacity));
    this.#streamCodes = grown(this.#streamCodes, new Uint16Array(capacity));
    this.#templateCodes = grown(this.#templateCodes, new Uint16Array(capacity));
    this.#flags = grown(this.#flags, new Uint8Array(capacity));
  }

  #reset(): void {
    for (const { refs } of this.#used) {
      refs.code = -1;
      refs.rows = 0;
    }
    if (this.#shredder.full) {
      this.#shredder.reset();
      this.#refsOf = [];
    }
    this.#used = [];
    this.#usedSlots = 0;
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

function gather(from: TemplateRefs, slotIndex: number, starts: Int32Array, ends: Int32Array, start: number): number {
  const stride = from.slots * 2;
  const { refs, rows } = from;
  let at = start;
  for (let row = 0, ref = slotIndex * 2; row < rows; row++, ref += stride) {
    starts[at] = refs[ref]!;
    ends[at++] = refs[ref + 1]!;
  }
  return at;
}

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
