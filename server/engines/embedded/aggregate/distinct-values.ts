/**
 * The number of different values in groups: exactly, by 64 bits of each value, while these fit into memory; beyond, by
 * a sketch of each group (hyper-log-log.ts). In typed arrays, which go from task to task.
 */
import { QueryTooLargeError } from '../../../../shared/errors.ts';
import { DISTINCT_SKETCHES_BYTES_MAX, DISTINCT_VALUES_MAX } from '../../../limits.ts';
import { type ExactState, ExactTable } from './exact-values.ts';
import { copyInto } from './hash-slots.ts';
import { addPairToSketch, addToSketch, errorOf, estimate, folded, mergeSketch } from './hyper-log-log.ts';
import type { ValueHashes } from './value-hashes.ts';

/** 2^bits registers a group. */
interface SketchedState {
  readonly kind: 'sketched';
  readonly bits: number;
  readonly registers: Uint8Array<ArrayBuffer>;
}

export type DistinctState = ExactState | SketchedState;

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
      // Values of the only group.
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
    this.#exact.addPairs(registers, BITS_MAX);
    const { hashes, groups } = other;
    for (let i = 0; i < hashes.length >> 1; i++) {
      const group = moved[groups[i] ?? 0]!;
      if (group >= 0) addPairToSketch(registers, BITS_MAX, group, hashes[2 * i]!, hashes[2 * i + 1]!);
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
