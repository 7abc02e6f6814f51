/**
 * The number of different values in groups: exactly, by 64 bits of each value, while these fit into memory; beyond, by
 * a sketch of each group (hyper-log-log.ts). In typed arrays, which go from task to task.
 */
import { QueryTooLargeError } from '../../../../shared/errors.ts';
import { DISTINCT_SKETCHES_BYTES_MAX, DISTINCT_VALUES_MAX } from '../../../limits.ts';
import { newArray, recycle } from './array-pool.ts';
import { copyInto } from './hash-slots.ts';
import { addToSketch, errorOf, estimate, folded, mergeSketch } from './hyper-log-log.ts';
import type { ValueHashes } from './value-hashes.ts';

/**
 * A hash table. A slot is three numbers side by side, so that it is one read from memory: both halves of a hash, and 1 + its
 * group, or 0 where the slot is free.
 */
interface ExactState {
  readonly kind: 'exact';
  readonly count: number;
  readonly slots: Uint32Array<ArrayBuffer>;
}

const SLOT_NUMBERS = 3;
const LOW = 1;
const GROUP = 2;

/** 2^bits registers a group. */
interface SketchedState {
  readonly kind: 'sketched';
  readonly bits: number;
  readonly registers: Uint8Array<ArrayBuffer>;
}

export type DistinctState = ExactState | SketchedState;

/** A power of two. */
const SLOTS_AT_FIRST = 1024;
/** Values whose slots are read from memory at once, before any is compared. */
const ADDED_IN_TURN = 64;
/** An estimate above it leaves no doubt: it is ten times off what it may be. */
const SURELY_MANY = DISTINCT_VALUES_MAX * 1.1;
/** Registers of a sketch: for few groups, and for many. */
const BITS_MAX = 14;
const BITS_MIN = 10;

export class DistinctValues {
  /** Undefined once there are sketches. */
  #exact: ExactTable | undefined;
  #bits = BITS_MAX;
  #registers = new Uint8Array(0);

  /** @param state  of values that are no longer used; empty by default */
  constructor(state?: DistinctState) {
    if (state?.kind !== 'sketched') this.#exact = new ExactTable(state);
    else [this.#bits, this.#registers] = [state.bits, state.registers];
  }

  /**
   * Adds a value to a group for which there is room.
   * @throws QueryTooLargeError
   */
  add(group: number, high: number, low: number): void {
    if (this.#exact === undefined) addToSketch(this.#registers, this.#bits, group, high, low);
    else this.#exact.add(group, high, low);
  }

  /** Adds many values to a group for which there is room; two zeros are none. @throws QueryTooLargeError */
  addEach(group: number, { high, low }: ValueHashes): void {
    for (let from = 0; from < high.length; from += ADDED_IN_TURN) {
      const to = Math.min(high.length, from + ADDED_IN_TURN);
      this.#exact?.touch(group, high, from, to);
      for (let i = from; i < to; i++) if (high[i] !== 0 || low[i] !== 0) this.add(group, high[i]!, low[i]!);
    }
  }

  /**
   * Makes room for `groupCount` groups, and switches to sketches when there are too many values. Must be called before
   * the values of each row group are added.
   * @throws QueryTooLargeError
   */
  reserve(groupCount: number): void {
    if (this.#exact !== undefined) {
      if (this.#exact.count <= DISTINCT_VALUES_MAX) return;
      const exact = this.#exact.state();
      this.#exact = undefined;
      this.#enlarge(groupCount);
      this.#addTable(exact);
    } else if (groupCount * 2 ** this.#bits > this.#registers.length) this.#enlarge(groupCount);
  }

  /**
   * Adds the values of groups.
   * @param moved  by group there: its number here, or −1
   * @throws QueryTooLargeError
   */
  addAll(state: DistinctState, moved: Int32Array, groupCount: number): void {
    if (state.kind === 'exact' && !this.#areSurelyMany(state, moved)) {
      this.#exact?.makeRoom(Math.min(state.count, DISTINCT_VALUES_MAX));
      const { slots } = state;
      for (let at = 0, slot = 0; at < slots.length; at += SLOT_NUMBERS, slot++) {
        if ((slot & 0xffff) === 0) this.reserve(groupCount);
        const group = slots[at + GROUP]!;
        if (group > 0 && moved[group - 1]! >= 0) this.add(moved[group - 1]!, slots[at]!, slots[at + LOW]!);
      }
      return;
    }
    const exact = this.#exact?.state();
    this.#exact = undefined;
    this.#enlarge(groupCount);
    if (exact !== undefined) this.#addTable(exact);
    if (state.kind === 'exact') return this.#addTable(state, moved);
    const bits = Math.min(this.#bits, state.bits);
    this.#fold(bits);
    const from = folded(state.registers, state.bits, bits);
    for (const [group, to] of moved.entries()) if (to >= 0) mergeSketch(from, group, this.#registers, to, bits);
  }

  /** Returns the number of values by group, and the error, see Measured. */
  counts(groupCount: number): { readonly counts: Float64Array; readonly error: number } {
    this.reserve(groupCount);
    if (this.#exact !== undefined) return { counts: this.#exact.counts(groupCount), error: 0 };
    const counts = new Float64Array(groupCount);
    for (let group = 0; group < groupCount; group++) counts[group] = estimate(this.#registers, group, this.#bits);
    return { counts, error: errorOf(this.#bits) };
  }

  state(): DistinctState {
    return this.#exact?.state() ?? { kind: 'sketched', bits: this.#bits, registers: this.#registers };
  }

  #addTable({ slots }: ExactState, moved?: Int32Array): void {
    for (let at = 0; at < slots.length; at += SLOT_NUMBERS) {
      if (slots[at + GROUP] === 0) continue;
      const from = slots[at + GROUP]! - 1;
      const group = moved === undefined ? from : moved[from]!;
      if (group >= 0) addToSketch(this.#registers, this.#bits, group, slots[at]!, slots[at + LOW]!);
    }
  }

  /** Whether values here and there are too many together, by an estimate: then they need not be put together to know. */
  #areSurelyMany(other: ExactState, moved: Int32Array): boolean {
    if (this.#exact === undefined || this.#exact.count + other.count < SURELY_MANY) return false;
    const registers = new Uint8Array(1 << BITS_MAX);
    addPairs(registers, this.#exact.state(), undefined);
    addPairs(registers, other, moved);
    return estimate(registers, 0, BITS_MAX) > SURELY_MANY;
  }

  /** The more groups, the smaller are their sketches. */
  #enlarge(groupCount: number): void {
    if (groupCount * 2 ** BITS_MIN > DISTINCT_SKETCHES_BYTES_MAX) {
      const message = `different values of more than ${DISTINCT_SKETCHES_BYTES_MAX >> BITS_MIN} groups`;
      throw new QueryTooLargeError(`${message}: group by fields with fewer values, or narrow the filters`);
    }
    let bits = this.#bits;
    while (groupCount * 2 ** bits > DISTINCT_SKETCHES_BYTES_MAX) bits--;
    this.#fold(bits);
    if (groupCount * 2 ** bits <= this.#registers.length) return;
    const room = Math.min(groupCount * 2, DISTINCT_SKETCHES_BYTES_MAX >> bits);
    this.#registers = copyInto(new Uint8Array(room << bits), this.#registers);
  }

  #fold(bits: number): void {
    this.#registers = folded(this.#registers, this.#bits, bits);
    this.#bits = bits;
  }
}

class ExactTable {
  count: number;
  #slots: Uint32Array<ArrayBuffer>;
  #mask: number;
  constructor(state: ExactState | undefined) {
    this.count = state?.count ?? 0;
    this.#slots = state?.slots ?? new Uint32Array(SLOTS_AT_FIRST * SLOT_NUMBERS);
    this.#mask = this.#slots.length / SLOT_NUMBERS - 1;
  }

  add(group: number, high: number, low: number): void {
    const slots = this.#slots;
    let slot = (high ^ Math.imul(group, 0x9e3779b1)) & this.#mask;
    let at = slot * SLOT_NUMBERS;
    while (slots[at + GROUP] !== 0) {
      if (slots[at] === high && slots[at + LOW] === low && slots[at + GROUP] === group + 1) return;
      slot = (slot + 1) & this.#mask;
      at = slot * SLOT_NUMBERS;
    }
    slots[at] = high;
    slots[at + LOW] = low;
    slots[at + GROUP] = group + 1;
    if (++this.count * 4 > (this.#mask + 1) * 3) this.makeRoom(this.count);
  }

  /**
   * Reads the slots of some values, so that they are in the cache: such reads overlap where nothing depends on them.
   * @returns how many are in use, so that nobody leaves out the reads
   */
  touch(group: number, high: Uint32Array, from: number, to: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    const salt = Math.imul(group, 0x9e3779b1);
    let used = 0;
    for (let i = from; i < to; i++) used += slots[((high[i]! ^ salt) & mask) * SLOT_NUMBERS + GROUP]! > 0 ? 1 : 0;
    return used;
  }

  counts(groupCount: number): Float64Array {
    const counts = new Float64Array(groupCount);
    const slots = this.#slots;
    for (let at = GROUP; at < slots.length; at += SLOT_NUMBERS) if (slots[at]! > 0) counts[slots[at]! - 1]!++;
    return counts;
  }

  state(): ExactState {
    return { kind: 'exact', count: this.count, slots: this.#slots };
  }

  /** Before another table is merged into it, too: its values come by their slots, which would cluster in a smaller table. */
  makeRoom(count: number): void {
    let slotCount = this.#mask + 1;
    while ((this.count + count) * 4 > slotCount * 3) slotCount *= 2;
    if (slotCount === this.#mask + 1) return;
    const before = this.#slots;
    this.#slots = newArray(Uint32Array<ArrayBuffer>, slotCount * SLOT_NUMBERS);
    this.#mask = slotCount - 1;
    this.count = 0;
    for (let at = 0; at < before.length; at += SLOT_NUMBERS) {
      if (before[at + GROUP]! > 0) this.add(before[at + GROUP]! - 1, before[at]!, before[at + LOW]!);
    }
    recycle(before.buffer);
  }
}

/** Adds values with their groups to one sketch: the same value of two groups counts twice. */
function addPairs(registers: Uint8Array, { slots }: ExactState, moved: Int32Array | undefined): void {
  for (let at = 0; at < slots.length; at += SLOT_NUMBERS) {
    if (slots[at + GROUP] === 0) continue;
    const from = slots[at + GROUP]! - 1;
    const group = moved === undefined ? from : moved[from]!;
    if (group < 0) continue;
    addToSketch(registers, BITS_MAX, 0, (slots[at]! ^ Math.imul(group, 0x9e3779b1)) >>> 0, slots[at + LOW]!);
  }
}
