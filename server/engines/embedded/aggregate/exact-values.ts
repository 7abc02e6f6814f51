/** Values of groups that are counted exactly: a hash table of 64 bits of each, see distinct-values.ts. */
import { free, newArray, recycle } from './array-pool.ts';
import { addPairToSketch } from './hyper-log-log.ts';

/** The values without the slots of their table: see hash-slots.ts. */
export interface ExactState {
  readonly kind: 'exact';
  /** Both halves of each value's hash. */
  readonly hashes: Int32Array<ArrayBuffer>;
  /** By value: its group. Empty where all are of group 0. */
  readonly groups: Int32Array<ArrayBuffer>;
}

/** A power of two. */
const SLOTS_AT_FIRST = 1024;

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

export class ExactTable {
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
  addPairs(registers: Uint8Array, bits: number): void {
    const { hashes, groups } = this.#packed ?? this.#values();
    for (let i = 0; i < this.#count; i++)
      addPairToSketch(registers, bits, groups[i] ?? 0, hashes[2 * i]!, hashes[2 * i + 1]!);
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
