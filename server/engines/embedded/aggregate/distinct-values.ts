/**
 * How many different values groups have: exactly, by 64 bits of each value, while these fit into memory; beyond, by a
 * sketch of each group, which keeps of many hashes how rare the rarest was. In typed arrays, which go from task to task.
 * Sources: HyperLogLog, Flajolet, Fusy, Gandouet and Meunier 2007; for the estimate, Ertl 2017, "New cardinality
 * estimation algorithms for HyperLogLog sketches", algorithm 6.
 */
import { QueryTooLargeError } from '../../../../shared/errors.ts';
import { DISTINCT_SKETCHES_BYTES_MAX, DISTINCT_VALUES_MAX } from '../../../limits.ts';
import { copyInto } from './hash-slots.ts';

/** A hash table: halves of hashes, and 1 + their groups, or 0 where a slot is free. */
interface ExactState {
  readonly kind: 'exact';
  readonly count: number;
  readonly high: Uint32Array<ArrayBuffer>;
  readonly low: Uint32Array<ArrayBuffer>;
  readonly groups: Uint32Array<ArrayBuffer>;
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
/** Registers of a sketch: of few groups, and of many. */
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

  /** Adds a value to a group for which there is room. @throws QueryTooLargeError */
  add(group: number, high: number, low: number): void {
    if (this.#exact === undefined) addToSketch(this.#registers, this.#bits, group, high, low);
    else this.#exact.add(group, high, low);
  }

  /**
   * Makes room for `groupCount` groups, and turns to sketches when there are too many values. Must be called before the
   * values of each row group are added.
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

  /** Adds the values of groups, by number of the group here; −1 is none. @throws QueryTooLargeError */
  addAll(state: DistinctState, moved: Int32Array, groupCount: number): void {
    if (state.kind === 'exact') {
      this.#exact?.makeRoom(Math.min(state.count, DISTINCT_VALUES_MAX));
      for (let slot = 0; slot < state.groups.length; slot++) {
        if ((slot & 0xffff) === 0) this.reserve(groupCount);
        const group = state.groups[slot]!;
        if (group > 0 && moved[group - 1]! >= 0) this.add(moved[group - 1]!, state.high[slot]!, state.low[slot]!);
      }
      return;
    }
    const exact = this.#exact?.state();
    this.#exact = undefined;
    this.#enlarge(groupCount);
    if (exact !== undefined) this.#addTable(exact);
    const bits = Math.min(this.#bits, state.bits);
    this.#fold(bits);
    const from = folded(state.registers, state.bits, bits);
    for (const [group, to] of moved.entries()) if (to >= 0) mergeSketch(from, group, this.#registers, to, bits);
  }

  /** By group: how many values; and how far off that may be, see Measured. */
  counts(groupCount: number): { readonly counts: Float64Array; readonly error: number } {
    this.reserve(groupCount);
    if (this.#exact !== undefined) return { counts: this.#exact.counts(groupCount), error: 0 };
    const counts = new Float64Array(groupCount);
    for (let group = 0; group < groupCount; group++) counts[group] = estimate(this.#registers, group, this.#bits);
    return { counts, error: (2 * 1.04) / Math.sqrt(2 ** this.#bits) };
  }

  state(): DistinctState {
    return this.#exact?.state() ?? { kind: 'sketched', bits: this.#bits, registers: this.#registers };
  }

  #addTable({ high, low, groups }: ExactState): void {
    for (let slot = 0; slot < groups.length; slot++) {
      if (groups[slot]! > 0) addToSketch(this.#registers, this.#bits, groups[slot]! - 1, high[slot]!, low[slot]!);
    }
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
  #high: Uint32Array<ArrayBuffer>;
  #low: Uint32Array<ArrayBuffer>;
  #groups: Uint32Array<ArrayBuffer>;

  constructor(state: ExactState | undefined) {
    this.count = state?.count ?? 0;
    this.#high = state?.high ?? new Uint32Array(SLOTS_AT_FIRST);
    this.#low = state?.low ?? new Uint32Array(SLOTS_AT_FIRST);
    this.#groups = state?.groups ?? new Uint32Array(SLOTS_AT_FIRST);
  }

  add(group: number, high: number, low: number): void {
    const mask = this.#groups.length - 1;
    let slot = (high ^ Math.imul(group, 0x9e3779b1)) & mask;
    for (; this.#groups[slot] !== 0; slot = (slot + 1) & mask) {
      if (this.#high[slot] === high && this.#low[slot] === low && this.#groups[slot] === group + 1) return;
    }
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#groups[slot] = group + 1;
    if (++this.count * 4 > this.#groups.length * 3) this.#grow();
  }

  counts(groupCount: number): Float64Array {
    const counts = new Float64Array(groupCount);
    for (let slot = 0; slot < this.#groups.length; slot++)
      if (this.#groups[slot]! > 0) counts[this.#groups[slot]! - 1]!++;
    return counts;
  }

  state(): ExactState {
    return { kind: 'exact', count: this.count, high: this.#high, low: this.#low, groups: this.#groups };
  }

  /** Grows the table before another is merged into it: values arrive in slot order, which would cluster in a smaller table. */
  makeRoom(count: number): void {
    while ((this.count + count) * 4 > this.#groups.length * 3) this.#grow();
  }

  #grow(): void {
    const { high, low, groups } = this.state();
    const slots = groups.length * 2;
    [this.#high, this.#low, this.#groups] = [new Uint32Array(slots), new Uint32Array(slots), new Uint32Array(slots)];
    this.count = 0;
    for (let slot = 0; slot < groups.length; slot++) {
      if (groups[slot]! > 0) this.add(groups[slot]! - 1, high[slot]!, low[slot]!);
    }
  }
}

/** The first bits of a hash choose a register, which keeps how many zeros the others begin with, plus one, at most. */
function addToSketch(registers: Uint8Array, bits: number, group: number, high: number, low: number): void {
  const rest = (high << bits) | (low >>> (32 - bits));
  const zeros = rest === 0 ? Math.min(64 - bits, 32 + Math.clz32(low << bits)) : Math.clz32(rest);
  const at = (group << bits) + (high >>> (32 - bits));
  if (registers[at]! <= zeros) registers[at] = zeros + 1;
}

function mergeSketch(from: Uint8Array, group: number, to: Uint8Array, toGroup: number, bits: number): void {
  const start = group << bits;
  const toStart = toGroup << bits;
  for (let i = 0; i < 1 << bits && start + i < from.length; i++) {
    if (from[start + i]! > to[toStart + i]!) to[toStart + i] = from[start + i]!;
  }
}

/** The same sketches with fewer registers: 2^(bits − fewer) side by side become one. */
function folded(registers: Uint8Array<ArrayBuffer>, bits: number, fewer: number): Uint8Array<ArrayBuffer> {
  const shift = bits - fewer;
  if (shift === 0) return registers;
  const result = new Uint8Array(registers.length >> shift);
  for (let i = 0; i < registers.length; i++) {
    if (registers[i] === 0) continue;
    // The bits that chose among the registers now merged come before the counted zeros.
    const chosen = i & ((1 << shift) - 1);
    const zeros = chosen === 0 ? shift + registers[i]! - 1 : Math.clz32(chosen) - (32 - shift);
    if (result[i >> shift]! <= zeros) result[i >> shift] = zeros + 1;
  }
  return result;
}

function estimate(registers: Uint8Array, group: number, bits: number): number {
  const size = 1 << bits;
  const rest = 64 - bits;
  const counts = new Uint32Array(rest + 2);
  for (let i = group << bits, end = i + size; i < end; i++) counts[registers[i] ?? 0]!++;
  let sum = size * tau(1 - counts[rest + 1]! / size);
  for (let zeros = rest; zeros > 0; zeros--) sum = 0.5 * (sum + counts[zeros]!);
  sum += size * sigma(counts[0]! / size);
  return Math.round(((0.5 / Math.LN2) * size * size) / sum);
}

function sigma(share: number): number {
  if (share === 1) return Infinity;
  let [x, y, z, before] = [share, 1, share, 0];
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (z !== before);
  return z;
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let [x, y, z, before] = [share, 1, 1 - share, 0];
  do {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  } while (z !== before);
  return z / 3;
}
