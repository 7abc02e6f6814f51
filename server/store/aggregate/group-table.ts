/**
 * Groups by their key, and how many rows each has: a hash table in typed arrays, which goes from one task to the next
 * without a copy.
 */
import { QueryTooLargeError } from '../../../shared/errors.ts';
import { sameBytes } from '../../../shared/row-group/byte-strings.ts';
import { AGGREGATE_TABLE_BYTES_MAX } from '../../limits.ts';

/** All of a table, to be handed over. */
export interface GroupTableState {
  readonly count: number;
  /** 1 + index of the group whose hash leads here, or 0; twice as many as there may be groups. */
  readonly slots: Int32Array<ArrayBuffer>;
  readonly hashes: Uint32Array<ArrayBuffer>;
  /** Key i is bytes[offsets[i], offsets[i + 1]). */
  readonly offsets: Uint32Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly rows: Float64Array<ArrayBuffer>;
}

/** Powers of two, both. */
const GROUPS_AT_FIRST = 256;
const SLOTS_PER_GROUP = 2;
const KEY_BYTES_AT_FIRST = 8192;
/** What a group takes besides its key: slots, hash, offset and rows. */
const GROUP_BYTES = 24;

export class GroupTable {
  #count: number;
  #slots: Int32Array<ArrayBuffer>;
  #hashes: Uint32Array<ArrayBuffer>;
  #offsets: Uint32Array<ArrayBuffer>;
  #bytes: Uint8Array<ArrayBuffer>;
  #rows: Float64Array<ArrayBuffer>;

  /** @param state  of a table that is not used any more; by default the table is empty */
  constructor(state: GroupTableState = emptyState()) {
    this.#count = state.count;
    this.#slots = state.slots;
    this.#hashes = state.hashes;
    this.#offsets = state.offsets;
    this.#bytes = state.bytes;
    this.#rows = state.rows;
  }

  get count(): number {
    return this.#count;
  }

  /** Rows by group. Good until the next `add`. */
  get rows(): Float64Array {
    return this.#rows.subarray(0, this.#count);
  }

  /** Good until the next `add`. */
  get hashes(): Uint32Array {
    return this.#hashes.subarray(0, this.#count);
  }

  /** Good until the next `add`. */
  key(index: number): Buffer {
    const start = this.#offsets[index]!;
    return Buffer.from(this.#bytes.buffer, start, this.#offsets[index + 1]! - start);
  }

  /** The index of a key, bytes[start, end); −1 when it is not there. @param hash  by hashBytes, here and elsewhere */
  find(hash: number, bytes: Uint8Array, start: number, end: number): number {
    return this.#slots[this.#slotOf(hash, bytes, start, end)]! - 1;
  }

  addRows(index: number, rows: number): void {
    this.#rows[index]! += rows;
  }

  /** Adds all of another table. @throws QueryTooLargeError */
  addAll({ count, hashes, offsets, bytes, rows }: GroupTableState): void {
    for (let i = 0; i < count; i++) this.add(hashes[i]!, bytes, offsets[i]!, offsets[i + 1]!, rows[i]!);
  }

  state(): GroupTableState {
    return {
      count: this.#count,
      slots: this.#slots,
      hashes: this.#hashes,
      offsets: this.#offsets,
      bytes: this.#bytes,
      rows: this.#rows,
    };
  }

  /** Adds rows to a key. @throws QueryTooLargeError */
  add(hash: number, key: Uint8Array, start: number, end: number, rows: number): void {
    let slot = this.#slotOf(hash, key, start, end);
    let index = this.#slots[slot]! - 1;
    if (index < 0) {
      if (this.#reserve(end - start)) slot = this.#slotOf(hash, key, start, end);
      index = this.#count++;
      this.#slots[slot] = index + 1;
      this.#hashes[index] = hash;
      let at = this.#offsets[index]!;
      for (let i = start; i < end; i++) this.#bytes[at++] = key[i]!;
      this.#offsets[index + 1] = at;
    }
    this.#rows[index]! += rows;
  }

  /** Where a key is, or the free slot where it would be. */
  #slotOf(hash: number, key: Uint8Array, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const index = this.#slots[slot]! - 1;
      if (index < 0) return slot;
      if (
        this.#hashes[index] === hash &&
        sameBytes(key, start, end, this.#bytes, this.#offsets[index]!, this.#offsets[index + 1]!)
      ) {
        return slot;
      }
      slot = (slot + 1) & mask;
    }
  }

  /** Makes room for a key. @returns true when slots have moved */
  #reserve(keyBytes: number): boolean {
    const usedBytes = this.#offsets[this.#count]! + keyBytes;
    if (usedBytes + this.#count * GROUP_BYTES > AGGREGATE_TABLE_BYTES_MAX) throw tooManyGroups(this.#count);
    if (usedBytes > this.#bytes.length) {
      this.#bytes = copyInto(new Uint8Array(Math.max(usedBytes, this.#bytes.length * 2)), this.#bytes);
    }
    if (this.#count < this.#hashes.length) return false;
    const groups = this.#count * 2;
    this.#hashes = copyInto(new Uint32Array(groups), this.#hashes);
    this.#rows = copyInto(new Float64Array(groups), this.#rows);
    this.#offsets = copyInto(new Uint32Array(groups + 1), this.#offsets);
    this.#slots = slotsOf(this.#hashes, this.#count, groups * SLOTS_PER_GROUP);
    return true;
  }
}

export function tooManyGroups(count: number): QueryTooLargeError {
  return new QueryTooLargeError(
    `more than ${count} groups: use a longer step, a shorter time range, or fields with fewer values`,
  );
}

function emptyState(): GroupTableState {
  return {
    count: 0,
    slots: new Int32Array(GROUPS_AT_FIRST * SLOTS_PER_GROUP),
    hashes: new Uint32Array(GROUPS_AT_FIRST),
    offsets: new Uint32Array(GROUPS_AT_FIRST + 1),
    bytes: new Uint8Array(KEY_BYTES_AT_FIRST),
    rows: new Float64Array(GROUPS_AT_FIRST),
  };
}

function copyInto<T extends Uint8Array | Uint32Array | Float64Array>(to: T, from: T): T {
  to.set(from);
  return to;
}

function slotsOf(hashes: Uint32Array, count: number, slotCount: number): Int32Array<ArrayBuffer> {
  const slots = new Int32Array(slotCount);
  const mask = slotCount - 1;
  for (let index = 0; index < count; index++) {
    let slot = hashes[index]! & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = index + 1;
  }
  return slots;
}
