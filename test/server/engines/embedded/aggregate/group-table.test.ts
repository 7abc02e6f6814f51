/** A table of groups is a Map of values to rows, however values are given, and also after it went through a message. */
import fc from '../../../../fast-check.ts';
import { expect, it } from 'vitest';
import { QueryTooLargeError } from '../../../../../shared/errors.ts';
import { AGGREGATE_KEYS_AT_ONCE } from '../../../../../server/limits.ts';
import { GroupTable } from '../../../../../server/engines/embedded/aggregate/group-table.ts';
import { ValueKeys } from '../../../../../server/engines/embedded/aggregate/value-keys.ts';

/** Adds one row for each tuple of texts, one text a name. */
function add(table: GroupTable, tuples: readonly (readonly string[])[]): Int32Array {
  const values = table.values.map((own, name) => look(tuples, name, (keys, to, from) => own.addAll(keys, to, from)));
  const groups = table.addAll(values, tuples.length);
  for (const group of groups) table.addRows(group, 1);
  return groups;
}

function find(table: GroupTable, tuples: readonly (readonly string[])[]): Int32Array {
  const values = table.values.map((own, name) => look(tuples, name, (keys, to, from) => own.findAll(keys, to, from)));
  return table.findAll(values, tuples.length);
}

function look(
  tuples: readonly (readonly string[])[],
  name: number,
  visit: (keys: ValueKeys, to: Int32Array, from: number) => void,
): Int32Array {
  const numbers = new Int32Array(tuples.length);
  const keys = new ValueKeys();
  let from = 0;
  for (const [i, tuple] of tuples.entries()) {
    if (keys.isFull) {
      visit(keys, numbers, from);
      keys.clear();
      from = i;
    }
    const bytes = Buffer.from(tuple[name]!);
    keys.addValue(bytes, 0, bytes.length);
  }
  visit(keys, numbers, from);
  return numbers;
}

function rowsIn(table: GroupTable): Map<string, number> {
  return new Map(Array.from(table.rows, (rows, group) => [table.valuesOf(group).join('|'), rows] as const));
}

/** With numbers, and texts that look like the text of a key. */
const text = fc.oneof(
  fc.nat(2000).map(String),
  fc.nat(50).map((n) => `/users/${n}`),
  fc.constantFrom('', '0', '-0', '-7', '007', '07', '0000000001', '00000000001', '/users/', '/users/007', 'a1b2', 'é5'),
  fc.bigInt({ min: 10n ** 14n, max: 10n ** 17n }).map(String),
);

it.each([0, 1, 2, 3])('rows are added up by the values of %i names', (names) => {
  const tuples = fc.array(fc.array(text, { minLength: names, maxLength: names }), { minLength: 1, maxLength: 2000 });
  fc.assert(
    fc.property(tuples, tuples, (first, last) => {
      const one = new GroupTable(names);
      const other = new GroupTable(names);
      add(one, first);
      add(other, last);
      // As between tasks, where the state is transferred.
      const table = new GroupTable(structuredClone(one.pack()));
      const moved = table.addTable(other.state());
      const want = new Map<string, number>();
      for (const tuple of [...first, ...last]) want.set(tuple.join('|'), (want.get(tuple.join('|')) ?? 0) + 1);
      expect(rowsIn(table)).toEqual(want);
      expect(table.count).toBe(want.size);
      expect([...moved]).toEqual(
        Array.from({ length: other.count }, (_, group) => find(table, [other.valuesOf(group).map(String)])[0]),
      );
      for (let group = 0; group < other.count; group++) expect(table.hash(moved[group]!)).toBe(other.hash(group));
      if (names > 0) expect([...find(table, [Array<string>(names).fill('absent')])]).toEqual([-1]);
      const some = new GroupTable(names);
      some.addFrom(table.state(), table.count - 1);
      expect(some.valuesOf(0)).toEqual(table.valuesOf(table.count - 1));
    }),
    { numRuns: 60 },
  );
});

it('groups that take too much memory are refused, and it is said what to do', () => {
  const table = new GroupTable(1);
  const keys = new ValueKeys();
  const long = Buffer.alloc(4096, 'x');
  const fill = (): void => {
    for (let n = 0; n < 10_000; n++) {
      long.write('abcdefgh'.replaceAll(/./g, (_, at: number) => String.fromCodePoint(97 + ((n >> (at * 2)) & 3))));
      keys.clear();
      keys.addValue(long, 0, long.length);
      table.values[0]!.addAll(keys, new Int32Array(1), 0);
      table.checkMemory();
    }
  };
  expect(fill).toThrow(QueryTooLargeError);
  expect(fill).toThrow(/more than \d+ groups: use a longer step/);
});

it('keys are full as soon as there is no room for another text, however the last ones came', () => {
  const keys = new ValueKeys();
  const bytes = Buffer.from('a');
  for (let i = 1; i < AGGREGATE_KEYS_AT_ONCE; i++) keys.addText(bytes, 0, 1);
  expect(keys.isFull).toBe(false);
  // The two texts of integers.
  keys.addText(bytes, 0, 1);
  keys.addText(bytes, 0, 1);
  expect(keys.isFull).toBe(true);
});

it.each([0, 1, 2, 3])('the groups of another table are found, by the values of %i names', (names) => {
  const tuples = fc.array(fc.array(text, { minLength: names, maxLength: names }), { minLength: 1, maxLength: 500 });
  fc.assert(
    fc.property(tuples, tuples, (first, last) => {
      const [one, other] = [new GroupTable(names), new GroupTable(names)];
      add(one, first);
      add(other, last);
      const found = one.findTable(other.state());
      const want = Array.from(other.rows, (_, group) => {
        const key = other.valuesOf(group).join('|');
        return Array.from(one.rows.keys()).find((each) => one.valuesOf(each).join('|') === key) ?? -1;
      });
      expect([...found.subarray(0, other.count)]).toEqual(want);
    }),
    { numRuns: 50 },
  );
});
