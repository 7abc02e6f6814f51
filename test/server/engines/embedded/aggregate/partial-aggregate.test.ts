/** Partial aggregates are merged in pooled memory: that of the answer is never lent again. */
import { expect, test } from 'vitest';
import { newArray } from '../../../../../server/engines/embedded/aggregate/array-pool.ts';
import { GroupTable, type GroupTableState } from '../../../../../server/engines/embedded/aggregate/group-table.ts';
import {
  mergeTask,
  type PartialAggregate,
} from '../../../../../server/engines/embedded/aggregate/partial-aggregate.ts';
import { AGGREGATE_LIMIT_MAX } from '../../../../../server/limits.ts';
import type { Measure } from '../../../../../server/store/aggregate-plan.ts';
import { planOf } from '../query-context.ts';

function partialOf(prefix: string, groupCount: number): PartialAggregate {
  const table = new GroupTable(1);
  for (let i = 0; i < groupCount; i++) {
    table.addAll([Int32Array.of(table.values[0]!.addText(`${prefix}${i}`))], 1);
    table.addRows(i, 1);
  }
  return { kind: 'groups', groups: table.pack(), measures: [] };
}

function arraysOf({ values: [names], rows }: GroupTableState): readonly ArrayBufferView<ArrayBuffer>[] {
  const { slots, hashes, keys } = names!;
  return [rows, slots, hashes, keys];
}

test('a merged table that grew over the arrays of an answer does not lend them again', () => {
  // The first one grows while the others are merged into it: its arrays are free again, and the answer takes some.
  const partials = [partialOf('a/', 16_000), partialOf('b/', 40_000), partialOf('c/', 40_000)];
  const measures: Measure[] = [{ kind: 'bytes' }];
  const plan = { ...planOf({}), by: ['path'], measures, stepNs: undefined, limit: AGGREGATE_LIMIT_MAX };
  const output = mergeTask({
    partials,
    plan,
    canBound: false,
    measures: [],
    whileFew: [],
    orderBy: undefined,
    having: [],
  });
  if (output.kind !== 'cells') throw new Error('all groups are held');
  expect(output.groups.count).toBe(AGGREGATE_LIMIT_MAX);
  const held = arraysOf(output.groups).map(({ buffer }) => buffer);
  for (const buffer of held) {
    for (let i = 0; i < 8; i++) expect(held).not.toContain(newArray(Uint8Array<ArrayBuffer>, buffer.byteLength).buffer);
  }
});

test.each([
  ['few groups are only in the smaller one', 6000, 5900, 3],
  ['many are, with too few rows to be in the answer', 9000, 2000, 3],
  ['many are that may be in the answer', 9000, 2000, 1],
])('the largest groups of two tables and their number: %s', (_, groupCount, from, hotRows) => {
  const tableOf = (start: number): PartialAggregate => {
    const table = new GroupTable(1);
    for (let i = start; i < start + groupCount; i++) {
      const group = table.addAll([Int32Array.of(table.values[0]!.addText(`/${i}`))], 1)[0]!;
      table.addRows(group, i % 50 === 0 ? hotRows : 1);
    }
    return { kind: 'groups', groups: table.pack(), measures: [] };
  };
  const rows = new Map<number, number>();
  for (const start of [0, from]) {
    for (let i = start; i < start + groupCount; i++) rows.set(i, (rows.get(i) ?? 0) + (i % 50 === 0 ? hotRows : 1));
  }
  const plan = { ...planOf({}), by: ['path'], measures: [], stepNs: undefined, limit: 70 };
  const output = mergeTask({
    partials: [tableOf(0), tableOf(from)],
    plan,
    canBound: false,
    measures: [],
    whileFew: [],
    orderBy: undefined,
    having: [],
  });
  if (output.kind !== 'cells') throw new Error('all groups are held');
  expect(output.groupCount).toBe(rows.size);
  expect(output.cells.map((cell) => cell.rows)).toEqual([...rows.values()].toSorted((a, b) => b - a).slice(0, 70));
  for (const cell of output.cells) expect(cell.rows).toBe(rows.get(Number(cell.by[0]!.slice(1))));
});
