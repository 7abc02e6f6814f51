/** From the codes of a row group to groups of a table, or to hashes: each value of a dimension is looked up once. */
import { hasCounterBit, type CounterBits } from './upper-bounds.ts';
import type { CountingMemory } from './counting-memory.ts';
import type { GroupCodes } from './group-codes.ts';
import { type GroupTable, mixedHash } from './group-table.ts';

/** The matching rows of a row group, by code. */
export interface CountedRows {
  readonly codes: GroupCodes;
  /** By code. */
  readonly totals: Uint32Array;
  /** The codes that occur, ascending. */
  readonly used: Uint32Array;
}

/**
 * Returns the indices of the numbers that are not 0, ascending.
 * @param memory  with room for all
 */
export function usedIn(totals: Uint32Array, memory: Uint32Array): Uint32Array {
  let count = 0;
  for (let code = 0; code < totals.length; code++) if (totals[code] !== 0) memory[count++] = code;
  return memory.subarray(0, count);
}

/**
 * Returns the groups of some codes, which ascend.
 * @param areAdded  if true, missing groups are added to the table; else theirs is −1
 * @throws QueryTooLargeError
 */
export function groupsOf(
  codes: GroupCodes,
  used: Uint32Array,
  table: GroupTable,
  memory: CountingMemory,
  areAdded: boolean,
): Int32Array {
  const { keys } = memory;
  const values = lookUp(codes, used, memory, (name, distinct, found) => {
    const own = table.values[name]!;
    codes.dimensions[name]!.texts.forEachKeys(distinct, keys, (from) => {
      if (!areAdded) return own.findAll(keys, found, from);
      own.addAll(keys, found, from);
      table.checkMemory();
    });
  });
  return areAdded ? table.addAll(values, used.length) : table.findAll(values, used.length);
}

/** By code of rows grouped by one name: its group, or −1; undefined where looking up only the used codes is cheaper. */
export function knownGroups(
  { dimensions, size }: GroupCodes,
  table: GroupTable,
  memory: CountingMemory,
): Int32Array | undefined {
  const [only] = dimensions;
  if (only === undefined || dimensions.length > 1 || only.constant !== undefined) return undefined;
  const groups = memory.groups(size);
  return only.texts.findAll(table.values[0]!, groups, memory.keys) ? groups : undefined;
}

/** Returns the hashes of the groups of some codes, which ascend. */
export function hashesOf(codes: GroupCodes, used: Uint32Array, memory: CountingMemory): Int32Array {
  const { keys } = memory;
  const hashes = lookUp(codes, used, memory, (name, distinct, found) => {
    const { texts } = codes.dimensions[name]!;
    texts.forEachKeys(distinct, keys, (from) => keys.hashesInto(found, from));
  });
  const [mixed = new Int32Array(used.length), ...others] = hashes;
  for (const each of others) for (let i = 0; i < mixed.length; i++) mixed[i] = mixedHash(mixed[i]!, each[i]!);
  return mixed;
}

export function codesWithBit(
  { codes, used }: CountedRows,
  counterBits: CounterBits,
  memory: CountingMemory,
): Uint32Array {
  const hashes = hashesOf(codes, used, memory);
  return used.filter((_, i) => hasCounterBit(counterBits, hashes[i]!));
}

/**
 * By dimension: the result for each of some codes.
 * @param look  sets the results for codes of a dimension, which ascend
 */
function lookUp(
  codes: GroupCodes,
  used: Uint32Array,
  memory: CountingMemory,
  look: (name: number, distinct: Uint32Array, found: Int32Array) => void,
): Int32Array[] {
  const digits = codes.digitsOf(used);
  if (digits.length === 1) {
    const found = memory.values(used.length);
    look(0, digits[0]!, found);
    return [found];
  }
  return digits.map((own, name) => {
    const places = new Uint32Array(codes.dimensions[name]!.size);
    for (let i = 0; i < own.length; i++) places[own[i]!] = 1;
    const distinct = usedIn(places, new Uint32Array(places.length));
    const found = new Int32Array(distinct.length);
    look(name, distinct, found);
    for (let i = 0; i < distinct.length; i++) places[distinct[i]!] = i;
    const results = new Int32Array(own.length);
    for (let i = 0; i < own.length; i++) results[i] = found[places[own[i]!]!]!;
    return results;
  });
}
