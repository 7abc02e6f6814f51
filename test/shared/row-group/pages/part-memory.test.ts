/** Parts that are decoded into used memory are what they are in new memory. */
import { expect, test } from 'vitest';
import type { DecodedCache } from '../../../../shared/row-group/decoded-cache.ts';
import {
  decodedInto,
  PartMemory,
  takeBytes,
  takeFloat64s,
  takeInt32s,
} from '../../../../shared/row-group/pages/part-memory.ts';
import { RowGroup } from '../../../../shared/row-group/reader.ts';
import { rowGroupOf } from '../../../server/engines/embedded/batches.ts';

const ROWS = 8192;
const MEMORY_BYTES = 4 * 2 ** 20;

test('arrays are side by side in memory as long as there is room, and new ones elsewhere', () => {
  const memory = new PartMemory(64 * 1024);
  const [bytes, numbers, few] = decodedInto(memory, () => [takeBytes(5001)!, takeFloat64s(1000), takeInt32s(10)]);
  expect(numbers.buffer).toBe(bytes.buffer);
  expect([bytes.byteOffset, bytes.length, numbers.byteOffset, numbers.length]).toEqual([0, 5001, 5008, 1000]);
  expect(few.buffer).not.toBe(bytes.buffer);
  expect(decodedInto(memory, () => takeInt32s(16 * 1024)).buffer).not.toBe(bytes.buffer);
  expect(decodedInto(memory, () => decodedInto(undefined, () => takeInt32s(2000))).buffer).not.toBe(bytes.buffer);
  expect(takeBytes(5000)).toBeUndefined();
  memory.reset();
  expect(decodedInto(memory, () => takeInt32s(2000)).byteOffset).toBe(0);
});

/** Lines whose columns have every encoding, and values of one or several bytes. */
function textOf(row: number): string {
  const hash = Math.imul(row + 1, 0x9e3779b1) >>> 0;
  const hex = hash.toString(16).padStart(8, '0');
  const half = (Math.imul((row >> 1) + 1, 0x85ebca6b) >>> 0).toString(16).padStart(8, '0');
  if (row % 7 === 0) return `plain ${row} of ${hex}`;
  return JSON.stringify({
    id: `${hex}-1111-4222-8333-${hex}${hex.slice(4)}`,
    repeated: `${half}-1111-4222-8333-${half}${half.slice(4)}`,
    trace: hex.repeat(4),
    path: `/api/users/${hash % 5000}/orders/${row}`,
    raw: `${String.fromCharCode(97 + (hash % 26)).repeat(1 + (hash % 40))}~${(hash >>> 7).toString(36)}`,
    name: `name-${String.fromCharCode(97 + (hash % 23), 97 + ((hash >>> 5) % 24))}`,
    took: (hash % 100_000) / 1000,
    size: hash * 4096,
    status: 200 + (hash % 4),
    at: new Date(1.6e12 + row * 1000 + (hash % 999)).toISOString(),
    kind: 'same',
  });
}

function partsOf(group: RowGroup): unknown[] {
  const columns = group.columns.map((_, column) => group.values(column));
  const { templateRows } = group.order();
  return [
    columns,
    group.timesNs(),
    group.templateCodes(),
    group.streamCodes(),
    group.runCodes(),
    group.ranks(),
    templateRows,
  ];
}

test('every part is the same in memory of any content', () => {
  const lines = Array.from({ length: ROWS }, (_, row) => ({
    text: textOf(row),
    timeNs: row * 1e6 + ((row * 7919) % 1000),
    labels: { pod: `p${row % 3}` },
  }));
  const bytes = rowGroupOf(lines);
  const memory = new PartMemory(MEMORY_BYTES);
  decodedInto(memory, () => takeBytes(MEMORY_BYTES)!.fill(0xa5));
  memory.reset();
  const parts = new Map<number, object>();
  let taken = 0;
  const cache: DecodedCache = {
    get: (part) => parts.get(part),
    set: (part, decoded) => parts.set(part, decoded),
    memoryFor: () => (taken++, memory),
  };
  expect(partsOf(new RowGroup(bytes, cache))).toEqual(partsOf(new RowGroup(bytes)));
  expect(taken).toBeGreaterThan(10);
  // There was room for all of them, so that they were in it.
  expect(memory.take(MEMORY_BYTES / 2)).toBeDefined();
  expect(memory.take(MEMORY_BYTES)).toBeUndefined();
});
