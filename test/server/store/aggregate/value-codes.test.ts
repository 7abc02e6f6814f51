/** What rows are grouped by is the same text, however a column keeps it. */
import { expect, test } from 'vitest';
import { ENCODING_PATTERN } from '../../../../shared/row-group/format.ts';
import { RowGroup } from '../../../../shared/row-group/reader.ts';
import { facetsOf } from '../../../../server/store/aggregate/facets.ts';
import { GroupKey } from '../../../../server/store/aggregate/group-key.ts';
import { valueCodes } from '../../../../server/store/aggregate/value-codes.ts';
import { FACET_VALUES_MAX } from '../../../../server/limits.ts';
import { planOf } from '../../query/query-context.ts';
import { rowGroupOf } from '../batches.ts';

function groupOf(paths: readonly string[]): RowGroup {
  const group = new RowGroup(rowGroupOf(paths.map((path) => ({ text: `{"path":"${path}"}` }))));
  expect(group.columns[0]!.chunk.encoding).toBe(ENCODING_PATTERN);
  return group;
}

test('texts with numbers in them have a code for each text', () => {
  const paths = Array.from({ length: 1200 }, (_, i) => `/${'ab'[i % 2]!}/${i % 600}/0${i % 3}`);
  const dimension = valueCodes(groupOf(paths), 'path');
  const [part] = dimension.parts;
  if (part?.kind !== 'each') throw new Error('one template, and different values');
  const textOf = (code: number): string => {
    const key = new GroupKey();
    dimension.write(code, key);
    return key.bytes.toString('utf8', key.start, key.end);
  };
  expect(paths.map((_, row) => textOf(part.base + part.codes[part.first + row]!))).toEqual(paths);
  // One for each text, and 0 for "none".
  expect(dimension.size).toBe(1 + new Set(paths).size);
});

test.each([
  ['too many to count', FACET_VALUES_MAX + 1, undefined],
  ['few enough to count', 100, 100],
])('a facet of %s', (_what, count, counted) => {
  const group = groupOf(Array.from({ length: count }, (_, i) => `/users/${i}`));
  const [facet] = facetsOf(group, planOf({}), ['path'], new Set()).facets;
  expect(facet).toMatchObject({ name: 'path', rows: count });
  expect(facet!.values?.size).toBe(counted);
});
