/**
 * The number of different values in groups: exactly, by 64 bits of each value, while these fit into memory; beyond, by
 * a sketch of each group (hyper-log-log.ts). In typed arrays, which go from task to task.
 */
import { QueryTooLargeError } from '../../../../shared/errors.ts';
import { DISTINCT_SKETCHES_BYTES_MAX, DISTINCT_VALUES_MAX } from '../../../limits.ts';
import { free, newArray, recycle } from './array-pool.ts';
import { copyInto } from './hash-slots.ts';
import { addToSketch, errorOf, estimate, folded, mergeSketch } from './hyper-log-log.ts';
import type { ValueHashes } from './value-hashes.ts';

/** The values without the slots of their table: see hash-slots.ts. */
interface ExactState {
  readonly kind: 'exact';
  /** Both halves of each value's hash. */
  readonly hashes: Int32Array<ArrayBuffer>;
  /** By value: its group. Empty where all are of group 0. */
  readonly groups: Int32Array<ArrayBuffer>;
}

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
    if (state?.kind === 'sketched') [this.#bits, this.#registers] = [state.bits, state.registers];
    else this.#exact = new ExactTable(state);
  }

  /**
   * Adds a value to a group for which there is room.
   * @param high, low  the halves of its hash, as signed integers
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
    const pairs = state.kind === 'exact' ? this.#pairsIfSurelyMany(state, moved) : undefined;
    if (pairs !== undefined && groupCount === 1) {
      // Those of the only group.
      this.#exact = undefined;
      this.#registers = pairs;
      return;
    }
    if (state.kind === 'exact' && pairs === undefined) {
      const { hashes, groups } = state;
      this.#exact?.makeRoom(Math.min(hashes.length >> 1, DISTINCT_VALUES_MAX));
      for (let i = 0; i < hashes.length >> 1; i++) {
        if ((i & 0xffff) === 0) this.reserve(groupCount);
        const group = moved[groups[i] ?? 0]!;
        if (group >= 0) this.add(group, hashes[2 * i]!, hashes[2 * i + 1]!);
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

  /** The values must not be used any more. */
  state(): DistinctState {
    return this.#exact?.state() ?? { kind: 'sketched', bits: this.#bits, registers: this.#registers };
  }

  #addTable({ hashes, groups }: ExactState, moved?: Int32Array): void {
    for (let i = 0; i < hashes.length >> 1; i++) {
      const from = groups[i] ?? 0;
      const group = moved === undefined ? from : moved[from]!;
      if (group >= 0) addToSketch(this.#registers, this.#bits, group, hashes[2 * i]!, hashes[2 * i + 1]!);
    }
  }

  /**
   * Returns a sketch of the values here and there, with their groups, if they are too many together by its estimate: then
   * they need not be put together to know.
   */
  #pairsIfSurelyMany(other: ExactState, moved: Int32Array): Uint8Array<ArrayBuffer> | undefined {
    if (this.#exact === undefined || this.#exact.count + (other.hashes.length >> 1) < SURELY_MANY) return undefined;
    const registers = new Uint8Array(1 << BITS_MAX);
    this.#exact.addPairs(registers);
    const { hashes, groups } = other;
    for (let i = 0; i < hashes.length >> 1; i++) {
      const group = moved[groups[i] ?? 0]!;
      if (group >= 0) addPair(registers, group, hashes[2 * i]!, hashes[2 * i + 1]!);
    }
    return estimate(registers, 0, BITS_MAX) > SURELY_MANY ? registers : undefined;
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

/**
 * A hash table. The numbers of a slot are side by side, so that it is one read from memory: both halves of a hash, and 1 +
 * its group once there are several groups. A slot is free where its last number is 0, or without groups, where both are.
 * Hashes are signed, because V8 makes an object of a larger number that is passed to a function.
 */
const PLAIN_NUMBERS = 2;
const GROUPED_NUMBERS = 3;
const LOW = 1;
const GROUP = 2;
/** Below this many slots, a table grows by four, so that values are seldom rehashed, and above it by two. */
const GROWS_FAST_BELOW = 2 ** 19;

class ExactTable {
  /** Values that have no slots yet: few tables that come from another thread are added to. */
  #packed: ExactState | undefined;
  #count: number;
  #numbers = PLAIN_NUMBERS;
  #slots = new Int32Array(SLOTS_AT_FIRST * PLAIN_NUMBERS);
  #mask = SLOTS_AT_FIRST - 1;

  constructor(state: ExactState | undefined) {
    this.#packed = state;
    this.#count = state === undefined ? 0 : state.hashes.length >> 1;
  }

  get count(): number {
    return this.#count;
  }

  add(group: number, high: number, low: number): void {
    if (this.#packed !== undefined) this.#unpack();
    if (this.#numbers === PLAIN_NUMBERS) {
      if (group === 0) return this.#addPlain(high, low);
      this.#rehash(this.#mask + 1, GROUPED_NUMBERS);
    }
    const slots = this.#slots;
    let slot = (high ^ Math.imul(group, 0x9e3779b1)) & this.#mask;
    let at = slot * GROUPED_NUMBERS;
    while (slots[at + GROUP] !== 0) {
      if (slots[at] === high && slots[at + LOW] === low && slots[at + GROUP] === group + 1) return;
      slot = (slot + 1) & this.#mask;
      at = slot * GROUPED_NUMBERS;
    }
    slots[at] = high;
    slots[at + LOW] = low;
    slots[at + GROUP] = group + 1;
    if (++this.#count * 4 > (this.#mask + 1) * 3) this.makeRoom(1);
  }

  #addPlain(high: number, low: number): void {
    const slots = this.#slots;
    let slot = high & this.#mask;
    let at = slot * PLAIN_NUMBERS;
    while (slots[at] !== 0 || slots[at + LOW] !== 0) {
      if (slots[at] === high && slots[at + LOW] === low) return;
      slot = (slot + 1) & this.#mask;
      at = slot * PLAIN_NUMBERS;
    }
    slots[at] = high;
    slots[at + LOW] = low;
    if (++this.#count * 4 > (this.#mask + 1) * 3) this.makeRoom(1);
  }

  /**
   * Reads the slots of some values, so that they are in the cache: such reads overlap where nothing depends on them.
   * @returns how many are in use, so that the reads are not optimized away
   */
  touch(group: number, high: Int32Array, from: number, to: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    const numbers = this.#numbers;
    const salt = Math.imul(group, 0x9e3779b1);
    let used = 0;
    for (let i = from; i < to; i++) used += slots[((high[i]! ^ salt) & mask) * numbers] === 0 ? 0 : 1;
    return used;
  }

  counts(groupCount: number): Float64Array {
    if (this.#packed !== undefined) this.#unpack();
    const counts = new Float64Array(groupCount);
    if (this.#numbers === PLAIN_NUMBERS) {
      if (groupCount > 0) counts[0] = this.#count;
      return counts;
    }
    const slots = this.#slots;
    for (let at = GROUP; at < slots.length; at += GROUPED_NUMBERS) if (slots[at]! > 0) counts[slots[at]! - 1]!++;
    return counts;
  }

  /** The table must not be used any more. */
  state(): ExactState {
    if (this.#packed !== undefined) return this.#packed;
    const state = this.#values();
    recycle(this.#slots.buffer);
    return state;
  }

  /** Adds values with their groups to one sketch: the same value of two groups counts twice. */
  addPairs(registers: Uint8Array): void {
    const { hashes, groups } = this.#packed ?? this.#values();
    for (let i = 0; i < this.#count; i++) addPair(registers, groups[i] ?? 0, hashes[2 * i]!, hashes[2 * i + 1]!);
  }

  /** In the order of their slots. */
  #values(): ExactState {
    const isPlain = this.#numbers === PLAIN_NUMBERS;
    const hashes = new Int32Array(2 * this.#count);
    const groups = new Int32Array(isPlain ? 0 : this.#count);
    if (isPlain) packPlain(this.#slots, hashes);
    else packGrouped(this.#slots, hashes, groups);
    return { kind: 'exact', hashes, groups };
  }

  /** Before another table is merged into it, too: its values come by their slots, which would cluster in a smaller table. */
  makeRoom(count: number): void {
    if (this.#packed !== undefined) this.#unpack();
    let slotCount = this.#mask + 1;
    while ((this.#count + count) * 4 > slotCount * 3) slotCount *= slotCount < GROWS_FAST_BELOW ? 4 : 2;
    if (slotCount > this.#mask + 1) this.#rehash(slotCount, this.#numbers);
  }

  #unpack(): void {
    const { hashes, groups } = this.#packed!;
    this.#packed = undefined;
    this.#count = 0;
    this.makeRoom(hashes.length >> 1);
    for (let i = 0; i < hashes.length >> 1; i++) this.add(groups[i] ?? 0, hashes[2 * i]!, hashes[2 * i + 1]!);
    free(hashes.buffer);
    free(groups.buffer);
  }

  #rehash(slotCount: number, numbers: number): void {
    const before = this.#slots;
    const numbersBefore = this.#numbers;
    this.#slots = newArray(Int32Array<ArrayBuffer>, slotCount * numbers);
    this.#numbers = numbers;
    this.#mask = slotCount - 1;
    this.#count = 0;
    for (let at = 0; at < before.length; at += numbersBefore) {
      const high = before[at]!;
      const low = before[at + LOW]!;
      if (numbersBefore === GROUPED_NUMBERS) {
        if (before[at + GROUP]! > 0) this.add(before[at + GROUP]! - 1, high, low);
      } else if (high !== 0 || low !== 0) {
        if (numbers === PLAIN_NUMBERS) this.#addPlain(high, low);
        else this.add(0, high, low);
      }
    }
    recycle(before.buffer);
  }
}

function packPlain(slots: Int32Array, hashes: Int32Array): void {
  let to = 0;
  for (let at = 0; at < slots.length; at += PLAIN_NUMBERS) {
    if (slots[at] === 0 && slots[at + LOW] === 0) continue;
    hashes[to++] = slots[at]!;
    hashes[to++] = slots[at + LOW]!;
  }
}

function packGrouped(slots: Int32Array, hashes: Int32Array, groups: Int32Array): void {
  let to = 0;
  for (let at = 0; at < slots.length; at += GROUPED_NUMBERS) {
    if (slots[at + GROUP] === 0) continue;
    groups[to >> 1] = slots[at + GROUP]! - 1;
    hashes[to++] = slots[at]!;
    hashes[to++] = slots[at + LOW]!;
  }
}

function addPair(registers: Uint8Array, group: number, high: number, low: number): void {
  addToSketch(registers, BITS_MAX, 0, high ^ Math.imul(group, 0x9e3779b1), low);
}
