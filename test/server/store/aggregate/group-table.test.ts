/** A table of groups is a Map of keys to rows, also after it went through a message. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { QueryTooLargeError } from '../../../../shared/errors.ts';
import { hashBytes } from '../../../../shared/row-group/byte-strings.ts';
import { GroupTable } from '../../../../server/store/aggregate/group-table.ts';

function add(table: GroupTable, key: Buffer, rows: number): void {
  table.add(hashBytes(key, 0, key.length), key, 0, key.length, rows);
}

const entries = fc.array(fc.tuple(fc.nat(2000), fc.integer({ min: 1, max: 9 })), { maxLength: 3000 });

it('rows are added up by key', () => {
  fc.assert(
    fc.property(entries, entries, (first, last) => {
      const want = new Map<string, number>();
      let table = new GroupTable();
      const other = new GroupTable();
      for (const [each, to] of [[first, table] as const, [last, other] as const]) {
        for (const [key, rows] of each) {
          add(to, Buffer.from(`key ${key}`), rows);
          want.set(`key ${key}`, (want.get(`key ${key}`) ?? 0) + rows);
        }
      }
      table = new GroupTable(structuredClone(table.state()));
      table.addAll(other.state());
      const got = Array.from(table.rows, (rows, index) => [table.key(index).toString(), rows] as const);
      expect(new Map(got)).toEqual(want);
      expect(table.count).toBe(want.size);
      const absent = Buffer.from('absent');
      expect(table.find(hashBytes(absent, 0, 6), absent, 0, 6)).toBe(-1);
    }),
    { numRuns: 100 },
  );
});

it('groups that take too much memory are refused, and it is said what to do', () => {
  const table = new GroupTable();
  const key = Buffer.alloc(4096);
  const fill = (): void => {
    for (let n = 0; n < 10_000; n++) {
      key.writeUInt32LE(n);
      add(table, key, 1);
    }
  };
  expect(fill).toThrow(QueryTooLargeError);
  expect(fill).toThrow(/more than \d+ groups: use a longer step/);
});
