/**
 * Groups by number, and the rows of each. A group is a value of each of the names that rows are grouped by
 * (value-table.ts): for one name, it is the value; for several, a tuple of values, in a hash table of its own.
 */
import { QueryTooLargeError } from '../../../../shared/errors.ts';
import { AGGREGATE_LIMIT_MAX, AGGREGATE_TABLE_BYTES_MAX } from '../../../limits.ts';
import type { AggregatePlan } from '../../../store/aggregate-plan.ts';
import { newArray, recycle } from './array-pool.ts';
import { copyInto, noSlots, packed, powerOfTwo, slotsOf, unpacked } from './hash-slots.ts';
import { ValueTable } from './value-table.ts';
import { usedBytesOfValues, type ValueTableState } from './value-table-state.ts';

/** The arrays of a table, to be transferred. */
export interface GroupTableState {
  readonly count: number;
  /** Whether the arrays end with the last group, and there are no slots: a thread that takes it makes room (see hash-slots.ts). */
  readonly isPacked: boolean;
  /** One for each name. */
  readonly values: readonly ValueTableState[];
  /** Only for several names. */
  readonly tuples: TuplesState | undefined;
  /** By group. */
  readonly rows: Float64Array<ArrayBuffer>;
}

interface TuplesState {
  /** 1 + the group whose hash leads here, or 0; twice as many as there is room for groups. */
  readonly slots: Int32Array<ArrayBuffer>;
  readonly hashes: Uint32Array<ArrayBuffer>;
  /** The values of group i are those from i × names on. */
  readonly values: Uint32Array<ArrayBuffer>;
}

/** Powers of two, both. */
const GROUPS_AT_FIRST = 256;
const SLOTS_PER_GROUP = 2;
const ROWS_BYTES = 8;
/** Slots and hash of a tuple. */
const TUPLE_BYTES = 12;
const NUMBER_BYTES = 4;

export class GroupTable {
  readonly values: readonly ValueTable[];
  #count: number;
  #rows: Float64Array<ArrayBuffer>;
  #tuples: TuplesState | undefined;
  /** The values of a group that is looked up or added. */
  readonly #tuple: Uint32Array;

  /** @param state  of a table that is no longer used, or the number of names of an empty one */
  constructor(state: GroupTableState | number) {
    const { count, values, tuples, rows } = typeof state === 'number' ? emptyState(state) : openState(state);
    this.values = values.map((each) => new ValueTable(each));
    this.#count = count;
    this.#rows = rows;
    this.#tuples = tuples;
    this.#tuple = new Uint32Array(values.length);
  }

  get count(): number {
    return this.#count;
  }

  /** By group. Valid until the next `add`. */
  get rows(): Float64Array {
    return this.#rows.subarray(0, this.#count);
  }

  /** Equal for equal groups of all tables. */
  hash(group: number): number {
    let hash = this.values[0]?.hash(this.#valueOf(group, 0)) ?? 0;
    for (let name = 1; name < this.values.length; name++) {
      hash = mixedHash(hash, this.values[name]!.hash(this.#valueOf(group, name)));
    }
    return hash;
  }

  /** By name: the bytes of a group's value. */
  valuesOf(group: number): Buffer[] {
    return this.values.map((values, name) => values.bytes(this.#valueOf(group, name)));
  }

  /** By group, then by name: their values as text, each of which is written once for all groups that have it. */
  textsOf(groups: readonly number[]): string[][] {
    const known = this.values.map(() => new Map<number, string>());
    return groups.map((group) =>
      known.map((texts, name) => {
        const value = this.#valueOf(group, name);
        let text = texts.get(value);
        if (text === undefined) texts.set(value, (text = this.values[name]!.bytes(value).toString()));
        return text;
      }),
    );
  }

  /**
   * Returns the numbers of groups, which are added if missing.
   * @param values  by name: the value of each of `count` groups
   * @throws QueryTooLargeError
   */
  addAll(values: readonly Int32Array[], count: number): Int32Array {
    const [only] = values;
    if (count === 0) return new Int32Array(0);
    if (only === undefined) {
      this.#reserve((this.#count = 1));
      return new Int32Array(count);
    }
    if (values.length === 1) {
      this.#reserve((this.#count = this.values[0]!.count));
      return only;
    }
    const groups = new Int32Array(count);
    const tuple = this.#tuple;
    for (let i = 0; i < count; i++) {
      for (let name = 0; name < tuple.length; name++) tuple[name] = values[name]![i]!;
      groups[i] = this.#addTuple(tuple);
    }
    return groups;
  }

  /** Does the same, with −1 for missing groups. In a group that has no value of a name, that value is −1. */
  findAll(values: readonly Int32Array[], count: number): Int32Array {
    const [only] = values;
    if (only === undefined) return new Int32Array(count).fill(this.#count - 1);
    if (values.length === 1) return only;
    const groups = new Int32Array(count);
    const tuple = this.#tuple;
    for (let i = 0; i < count; i++) {
      for (let name = 0; name < tuple.length; name++) tuple[name] = values[name]![i]!;
      groups[i] = this.#tuples!.slots[this.#slotOf(tuple, hashOfTuple(tuple))]! - 1;
    }
    return groups;
  }

  addRows(group: number, rows: number): void {
    this.#rows[group]! += rows;
  }

  /**
   * Adds all of another table.
   * @returns by group of the other: its number here
   * @throws QueryTooLargeError
   */
  addTable(state: GroupTableState): Int32Array {
    const { count, rows } = state;
    const numbers = state.values.map((each, name) => this.values[name]!.addTable(each));
    const groups = this.addAll(valuesOfGroups(state, numbers), count);
    for (let i = 0; i < count; i++) this.#rows[groups[i]!]! += rows[i]!;
    return groups;
  }

  /** By group of another table: its number here, or −1. */
  findTable(state: GroupTableState): Int32Array {
    const numbers = state.values.map((each, name) => this.values[name]!.findTable(each));
    return this.findAll(valuesOfGroups(state, numbers), state.count);
  }

  /**
   * Returns the number of a group of another table, which is added if missing.
   * @param first  in place of its value of the first name
   * @throws QueryTooLargeError
   */
  addFrom(other: GroupTableState, group: number, first?: number): number {
    const tuple = this.#tuple;
    for (let name = 0; name < tuple.length; name++) {
      const own = this.values[name]!;
      tuple[name] =
        name === 0 && first !== undefined
          ? own.addText(String(first))
          : own.addFrom(other.values[name]!, valueOf(other.tuples, tuple.length, group, name));
    }
    if (tuple.length > 1) return this.#addTuple(tuple);
    this.#reserve((this.#count = tuple.length === 0 ? 1 : this.values[0]!.count));
    return tuple[0] ?? 0;
  }

  state(): GroupTableState {
    return {
      count: this.#count,
      isPacked: false,
      values: this.values.map((values) => values.state()),
      tuples: this.#tuples,
      rows: this.#rows,
    };
  }

  /** Returns the state in memory of its size, to be transferred. The table must not be used any more. */
  pack(): GroupTableState {
    return {
      count: this.#count,
      isPacked: true,
      values: this.values.map((values) => values.pack()),
      tuples: this.#tuples && packedTuples(this.#tuples, this.#count, this.values.length),
      rows: packed(this.#rows, this.#count),
    };
  }

  #valueOf(group: number, name: number): number {
    return valueOf(this.#tuples, this.values.length, group, name);
  }

  #addTuple(tuple: Uint32Array): number {
    const hash = hashOfTuple(tuple);
    let slot = this.#slotOf(tuple, hash);
    const known = this.#tuples!.slots[slot]! - 1;
    if (known >= 0) return known;
    if (this.#reserve(this.#count + 1)) slot = this.#slotOf(tuple, hash);
    const group = this.#count++;
    const { slots, hashes, values } = this.#tuples!;
    slots[slot] = group + 1;
    hashes[group] = hash;
    values.set(tuple, group * tuple.length);
    return group;
  }

  #slotOf(tuple: Uint32Array, hash: number): number {
    const { slots, hashes, values } = this.#tuples!;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const group = slots[slot]! - 1;
      if (group < 0) return slot;
      if (hashes[group] === hash) {
        let name = 0;
        while (name < tuple.length && values[group * tuple.length + name] === tuple[name]) name++;
        if (name === tuple.length) return slot;
      }
      slot = (slot + 1) & mask;
    }
  }

  get usedBytes(): number {
    return usedBytesOf(this.state());
  }

  /** @throws QueryTooLargeError */
  checkMemory(): void {
    if (this.usedBytes > AGGREGATE_TABLE_BYTES_MAX) throw tooManyGroups(this.#count);
  }

  /**
   * Makes room for this many groups.
   * @returns true when slots have moved
   */
  #reserve(count: number): boolean {
    if (count <= this.#rows.length) return false;
    this.checkMemory();
    const groups = powerOfTwo(this.#rows.length, count);
    this.#rows = copyInto(newArray(Float64Array<ArrayBuffer>, groups), this.#rows);
    if (this.#tuples === undefined) return false;
    const hashes = copyInto(newArray(Uint32Array<ArrayBuffer>, groups), this.#tuples.hashes);
    const values = copyInto(newArray(Uint32Array<ArrayBuffer>, groups * this.values.length), this.#tuples.values);
    this.#tuples = {
      hashes,
      values,
      slots: slotsOf(hashes, this.#count, groups * SLOTS_PER_GROUP, this.#tuples.slots),
    };
    return true;
  }
}

/** Returns the value of a name in a group. */
function valueOf(tuples: TuplesState | undefined, names: number, group: number, name: number): number {
  return tuples === undefined ? group : tuples.values[group * names + name]!;
}

export function usedBytesOf({ count, values, tuples }: GroupTableState): number {
  const tupleBytes = tuples === undefined ? 0 : TUPLE_BYTES + NUMBER_BYTES * values.length;
  return values.reduce((sum, each) => sum + usedBytesOfValues(each), count * (ROWS_BYTES + tupleBytes));
}

/** Returns the hash of a group from the hash without its last value. */
export function mixedHash(hash: number, valueHash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ valueHash;
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0x297a2d39);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** @throws QueryTooLargeError  all groups are asked for, and are too many */
export function assertGroups({ limit, groupsMax = AGGREGATE_LIMIT_MAX }: AggregatePlan, count: number): void {
  if (limit === undefined && count > groupsMax) throw tooManyGroups(groupsMax);
}

export function tooManyGroups(count: number): QueryTooLargeError {
  return new QueryTooLargeError(
    `more than ${count} groups: use a longer step, a shorter time range, or fields with fewer values`,
  );
}

function hashOfTuple(tuple: Uint32Array): number {
  let hash = 0;
  for (let name = 0; name < tuple.length; name++) hash = mixedHash(hash, tuple[name]!);
  return hash;
}

/**
 * By name: the value of each group.
 * @param numbers  by name: the number that each value of the table has elsewhere
 */
function valuesOfGroups({ count, values, tuples }: GroupTableState, numbers: readonly Int32Array[]): Int32Array[] {
  if (tuples === undefined) return [...numbers];
  return numbers.map((own, name) =>
    Int32Array.from({ length: count }, (_, group) => own[tuples.values[group * values.length + name]!]!),
  );
}

function packedTuples({ slots, hashes, values }: TuplesState, count: number, names: number): TuplesState {
  recycle(slots.buffer);
  return { slots: noSlots(), hashes: packed(hashes, count), values: packed(values, count * names) };
}

function openState(state: GroupTableState): GroupTableState {
  if (!state.isPacked) return state;
  const { count, values, tuples, rows } = state;
  const groups = powerOfTwo(GROUPS_AT_FIRST, count);
  return {
    count,
    isPacked: false,
    values,
    tuples: tuples && openTuples(tuples, count, groups, values.length),
    rows: unpacked(Float64Array<ArrayBuffer>, rows, groups),
  };
}

function openTuples({ hashes, values }: TuplesState, count: number, groups: number, names: number): TuplesState {
  const own = unpacked(Uint32Array<ArrayBuffer>, hashes, groups);
  return {
    slots: slotsOf(own, count, groups * SLOTS_PER_GROUP),
    hashes: own,
    values: unpacked(Uint32Array<ArrayBuffer>, values, groups * names),
  };
}

function emptyState(names: number): GroupTableState {
  const tuples = {
    slots: new Int32Array(GROUPS_AT_FIRST * SLOTS_PER_GROUP),
    hashes: new Uint32Array(GROUPS_AT_FIRST),
    values: new Uint32Array(GROUPS_AT_FIRST * names),
  };
  return {
    count: 0,
    isPacked: false,
    values: Array.from({ length: names }, () => new ValueTable().state()),
    tuples: names > 1 ? tuples : undefined,
    rows: new Float64Array(GROUPS_AT_FIRST),
  };
}
