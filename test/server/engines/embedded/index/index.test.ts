/** An index never hides a row group that holds the value, seldom names one that does not, and shows any damage. */
import fc from '../../../../fast-check.ts';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter } from '../../../../../shared/bytes.ts';
import { CorruptionError } from '../../../../../shared/errors.ts';
import { ENCODING_PATTERN } from '../../../../../shared/row-group/format.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import {
  decodeFieldIndex,
  encodeFieldIndex,
  type FieldIndex,
} from '../../../../../server/engines/embedded/index/format.ts';
import { fieldFingerprints, fingerprintOf } from '../../../../../server/engines/embedded/index/fingerprint.ts';
import { lookUp } from '../../../../../server/engines/embedded/index/reader.ts';
import { FieldIndexBuilder } from '../../../../../server/engines/embedded/index/writer.ts';
import { parsePattern } from '../../../../../server/store/value-test.ts';
import { batchOf, type Line, rowGroupOf } from '../batches.ts';
import { append, openStore } from '../open-store.ts';
import { planOf } from '../query-context.ts';
import { countedSearch } from './counted-search.ts';

const OFFSET = 1000;

interface Built {
  readonly index: FieldIndex;
  readonly file: Buffer;
}

function build(field: string, groups: readonly (readonly string[])[]): Built {
  const builder = new FieldIndexBuilder(field);
  for (const [ordinal, lines] of groups.entries())
    builder.add(ordinal, new RowGroup(rowGroupOf(lines.map((text) => ({ text })))));
  const { index, blocks } = builder.finish(OFFSET, groups.length);
  const writer = new ByteWriter();
  encodeFieldIndex(writer, index);
  return {
    index: decodeFieldIndex(new ByteReader(writer.finish())),
    file: Buffer.concat([Buffer.alloc(OFFSET), blocks]),
  };
}

function find({ index, file }: Built, ...values: string[]): number[] {
  const read = (offset: number, sizeBytes: number): Buffer => file.subarray(offset, offset + sizeBytes);
  return [
    ...lookUp(
      index,
      values.map((value) => Buffer.from(value)),
      read,
    ),
  ];
}

function uuid(n: number): string {
  const hex = Array.from({ length: 4 }, (_, i) =>
    (Math.imul(n + 1 + i * 7919, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0'),
  ).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

const value = fc.oneof(
  fc.nat(50).map((n): [string, string] => [String(n), String(n)]),
  fc.nat(50).map((n): [string, string] => [`"${n}"`, String(n)]),
  fc.nat(300).map((n): [string, string] => [`"${uuid(n)}"`, uuid(n)]),
  fc.constantFrom<[string, string]>(
    ['"caf\\u00e9"', 'café'],
    ['"a\\/b"', 'a/b'],
    ['null', 'null'],
    ['12.50', '12.50'],
    ['"deadbeef00112233"', 'deadbeef00112233'],
  ),
);

describe('field index', () => {
  it('finds every row group that holds a value, however it is written', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(value, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 12 }),
        (groups) => {
          const built = build(
            'f',
            groups.map((values) => values.map(([json]) => `{"f":${json},"g":1}`)),
          );
          for (const [ordinal, values] of groups.entries()) {
            for (const [, text] of values) expect(find(built, text)).toContain(ordinal);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('finds texts with numbers in them, each entered once', () => {
    const path = (i: number): string => `/api/users/${i}/0${i}`;
    const lines = Array.from({ length: 3000 }, (_, i) => `{"f":"${path(i % 1000)}"}`);
    const group = new RowGroup(rowGroupOf(lines.map((text) => ({ text }))));
    expect(group.columns[0]!.chunk.encoding).toBe(ENCODING_PATTERN);
    expect(fieldFingerprints(group, 'f', true)!.toSorted()).toEqual(
      Uint32Array.from({ length: 1000 }, (_, i) => fingerprintOf(Buffer.from(path(i)))).toSorted(),
    );
    expect(find(build('f', [['{"f":"other"}'], lines]), path(999))).toContain(1);
  });

  it('names a row group every fourth time for a value that is not there, in little room', () => {
    const groups = Array.from({ length: 40 }, (_, g) =>
      Array.from({ length: 500 }, (_unused, i) => `{"f":"${uuid(g * 500 + i)}"}`),
    );
    const built = build('f', groups);
    let wrong = 0;
    for (let n = 0; n < 1000; n++) wrong += find(built, uuid(1_000_000 + n)).length;
    expect(wrong).toBeLessThan(350);
    for (let n = 0; n < 20_000; n += 997) expect(find(built, uuid(n))).toContain(Math.floor(n / 500));
    expect(built.file.length - OFFSET).toBeLessThan(20_000 * 1.5);
  });

  it('always names row groups whose lines may have the field outside of columns', () => {
    const shapes = Array.from({ length: 300 }, (_, i) => `{"k${i}":1,"f":${i}}`);
    const built = build('f', [['{"f":1}'], shapes, ['plain']]);
    expect(find(built, '299')).toContain(1);
    expect(find(built, 'absent')).toContain(1);
    expect(find(built, '1')).toContain(0);
  });

  it('reports any flipped bit of a block', () => {
    const { index, file } = build('f', [['{"f":"a"}', '{"f":"b"}'], ['{"f":"c"}']]);
    for (let bit = OFFSET * 8; bit < file.length * 8; bit++) {
      const damaged = Buffer.from(file);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => find({ index, file: damaged }, 'a')).toThrow(CorruptionError);
    }
  });
});

describe('a search with indexes', () => {
  it('opens only the row groups of the value, and asks labels before fields', async () => {
    const { store } = await openStore({ indexedFields: ['f'] });
    for (let batch = 0; batch < 10; batch++) {
      const lines = Array.from({ length: 20 }, (_, i): Line => ({
        text: `{"f":"${uuid(batch * 20 + i)}"}`,
        timeNs: (batch * 20 + i) * 1e6,
      }));
      await append(store, batchOf({ lines }));
      await store.flushAll();
    }
    await append(store, batchOf({ lines: [{ text: '{"f":"other"}', labels: { f: uuid(7) } }] }));
    await store.flushAll();
    const { snapshot, search } = countedSearch(store);
    expect(snapshot.rowGroups.every(({ indexed }) => indexed !== undefined)).toBe(true);
    const linesOf = (text: string) => search(planOf({ values: [{ name: 'f', any: [parsePattern(text)], none: [] }] }));
    const [lines, opened] = await linesOf(uuid(7));
    expect(lines).toEqual([`{"f":"${uuid(7)}"}`, '{"f":"other"}']);
    // One each, and every fourth of the eight other segments that are asked.
    expect(opened).toBeLessThanOrEqual(8);
    expect((await linesOf('other'))[0]).toEqual([]);
    snapshot.release();
  });
});
