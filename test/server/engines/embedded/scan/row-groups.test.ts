/** Headers that a worker keeps are bounded by the memory that they take: where each line has a shape of its own, that is much. */
import { expect, test } from 'vitest';
import { WORKER_HEADERS_BYTES_MAX } from '../../../../../server/limits.ts';
import { RowGroups } from '../../../../../server/engines/embedded/scan/row-groups.ts';
import { SharedLabels } from '../../../../../server/engines/embedded/scan/shared-labels.ts';
import { labelsMemoryBytes } from '../../../../../shared/labels.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { rowGroupOf } from '../batches.ts';

const FEW_COLUMNS = rowGroupOf([{ text: '{"a":1}' }, { text: '{"a":2}' }]);
const MANY_COLUMNS = rowGroupOf(
  Array.from({ length: 80 }, (_, shape) => ({
    text: `{${Array.from({ length: 100 }, (__, i) => `"f${shape}_${i}":${i}`).join()}}`,
  })),
);

/** How many headers are read when so many row groups are opened, and then once more. */
function headersRead(bytes: Buffer, count: number): number {
  let reads = 0;
  const read = (_: string, offset: number, sizeBytes: number): Buffer => {
    if (offset === 0) reads++;
    return bytes.subarray(offset, offset + sizeBytes);
  };
  const rowGroups = new RowGroups({ read, peek: read });
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < count; i++) rowGroups.open({ path: `${i}`, offset: 0, sizeBytes: bytes.length, order: 0 });
  }
  return reads;
}

test('headers of a few columns are kept, those of thousands only while there is room', () => {
  const headerBytes = new RowGroup(MANY_COLUMNS).headerMemoryBytes();
  const fitting = Math.floor(WORKER_HEADERS_BYTES_MAX / headerBytes);
  expect(headersRead(FEW_COLUMNS, 20)).toBe(20);
  expect(fitting).toBeLessThan(20);
  // Only those without room are read again, though all are opened in the same order.
  const each = headersRead(MANY_COLUMNS, 1);
  expect(headersRead(MANY_COLUMNS, fitting + 2)).toBe(each * (fitting + 2 + 2));
});

test('emptied caches are filled again, and a row group that is in use stays whole', () => {
  const bytes = rowGroupOf(Array.from({ length: 500 }, (_, i) => ({ text: `{"n":${i},"id":"x${i * 7919}"}` })));
  const read = (_: string, offset: number, sizeBytes: number): Buffer => bytes.subarray(offset, offset + sizeBytes);
  const rowGroups = new RowGroups({ read, peek: read });
  const place = { path: 'a', offset: 0, sizeBytes: bytes.length, order: 0 };
  const rows = Uint32Array.from({ length: 500 }, (_, row) => row);
  const opened = rowGroups.open(place);
  const lines = opened.lines(rows).bytes;
  expect(rowGroups.open(place)).toBe(opened);
  rowGroups.emptyCaches();
  expect(opened.lines(rows).bytes).toEqual(lines);
  const again = rowGroups.open(place);
  expect(again).not.toBe(opened);
  expect(again.lines(rows).bytes).toEqual(lines);
});

const LABELS = [{ app: 'é', pod: 'a' }, { app: 'é', pod: 'b' }, {}];
/** So large that its pages are beside its header. */
const LABELLED = rowGroupOf(
  Array.from({ length: 900 }, (_, i) => ({
    text: `{"n":"${Array.from({ length: 30 }, (__, k) => (Math.imul(i * 31 + k + 1, 0x9e3779b1) >>> 0).toString(36)).join('')}"}`,
    labels: LABELS[i % LABELS.length]!,
  })),
);

test('row groups share labels while they are kept', () => {
  const read = (_: string, offset: number, sizeBytes: number): Buffer => LABELLED.subarray(offset, offset + sizeBytes);
  const rowGroups = new RowGroups({ read, peek: read });
  const open = (path: string, sizeBytes = LABELLED.length): RowGroup =>
    rowGroups.open({ path, offset: 0, sizeBytes, order: 0 });
  const { streams } = open('a').info;
  expect(streams.map((labels) => ({ ...labels }))).toEqual(expect.arrayContaining(LABELS));
  const others = open('b').info.streams;
  for (const [i, labels] of streams.entries()) expect(others[i]).toBe(labels);
  // Its labels were read before it is known to be broken.
  expect(() => open('broken', LABELLED.length + 1)).toThrow('the pages should end');
  rowGroups.emptyCaches();
  const again = open('a').info.streams;
  expect(again).toEqual(streams);
  for (const [i, labels] of streams.entries()) expect(again[i]).not.toBe(labels);
});

test('labels are shared up to a limit, and forgotten with the last header that has them', () => {
  const own = { pod: 'a' };
  const shared = new SharedLabels(labelsMemoryBytes(own) + 200);
  const first = shared.hold();
  const second = shared.hold();
  expect(first.of('a', () => own)).toBe(own);
  expect(second.of('a', () => ({ pod: 'a' }))).toBe(own);
  expect([first.labelBytes, second.labelBytes]).toEqual([labelsMemoryBytes(own), labelsMemoryBytes(own)]);
  const third = shared.hold();
  const unshared = { pod: 'b' };
  expect(third.of('b', () => unshared)).toBe(unshared);
  expect(third.labelBytes).toBe(0);
  first.release();
  expect(shared.find('a')).toBeDefined();
  second.release();
  second.release();
  expect(shared.find('a')).toBeUndefined();
  expect(third.of('b', () => unshared)).toBe(unshared);
  expect(third.labelBytes).toBe(labelsMemoryBytes(unshared));
});
