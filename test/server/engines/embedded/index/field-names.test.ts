/** The names of a segment's fields hide no row group that has a field, and spare a search the row groups without it. */
import { afterEach, describe, expect, it } from 'vitest';
import { ByteReader } from '../../../../../shared/bytes.ts';
import { CorruptionError } from '../../../../../shared/errors.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import {
  decodeFieldNames,
  encodeFieldNames,
  FieldNamesBuilder,
  groupsWithName,
} from '../../../../../server/engines/embedded/index/field-names.ts';
import { FIELD_NAMES_MAX } from '../../../../../server/engines/embedded/index/format.ts';
import { parsePattern } from '../../../../../server/store/value-test.ts';
import { batchOf, rowGroupOf } from '../batches.ts';
import { append, openStore } from '../open-store.ts';
import { planOf } from '../query-context.ts';
import { countedSearch } from './counted-search.ts';

function namesOf(...groups: readonly string[][]): ReturnType<FieldNamesBuilder['finish']> {
  const builder = new FieldNamesBuilder();
  for (const [ordinal, lines] of groups.entries()) {
    builder.add(ordinal, new RowGroup(rowGroupOf(lines.map((text) => ({ text })))));
  }
  return builder.finish();
}

/** More shapes than a row group has templates: the last ones are kept whole. */
const MANY_SHAPES = Array.from({ length: 1200 }, (_, n) => `{"k${n}":${n}}`);

describe('field names', () => {
  const names = namesOf(['{"a":1,"b":{"c":2}}', 'plain text'], ['{"list":[{"x":1}],"a":"2"}'], MANY_SHAPES)!;

  it.each<[string, number[] | undefined]>([
    ['a', undefined],
    ['b.c', undefined],
    ['list', undefined],
    ['list.x', undefined],
    ['list.x.y', undefined],
    ['k7', undefined],
    // Only lines that are kept whole may have them.
    ['b', [2]],
    ['c', [2]],
    ['A', [2]],
    ['list2', [2]],
  ])('%s may be in %s', (name, want) => {
    const found = groupsWithName(names, name);
    expect(found && [...found]).toEqual(want);
  });

  it('are the same when they are read again', () => {
    expect(decodeFieldNames(new ByteReader(encodeFieldNames(names)))).toEqual(names);
  });

  it('are refused where they are not in order, or go on', () => {
    const { hashes, unlisted } = names;
    const wrong = [
      encodeFieldNames({ hashes: hashes.toReversed(), unlisted }),
      encodeFieldNames({ hashes, unlisted: [1, 1] }),
      Buffer.concat([encodeFieldNames(names), Buffer.alloc(1)]),
      encodeFieldNames(names).subarray(0, -1),
    ];
    for (const bytes of wrong) expect(() => decodeFieldNames(new ByteReader(bytes))).toThrow(CorruptionError);
  });

  it('are not listed where they are too many', () => {
    const lineOf = (line: number): string =>
      JSON.stringify(Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`k${line * 64 + n}`, n])));
    const groups = Array.from({ length: FIELD_NAMES_MAX / 64 }, (_, line) => [lineOf(line)]);
    expect(namesOf(...groups)?.hashes).toHaveLength(FIELD_NAMES_MAX);
    expect(namesOf(...groups, ['{"one":"more"}'])).toBeUndefined();
  });
});

describe('a search for a value of a name without an index', () => {
  let dispose: (() => void) | undefined;
  afterEach(() => dispose?.());

  it('opens no row group of segments whose lines do not have it, and finds labels', async () => {
    const { store } = await openStore({ indexedFields: [] });
    const labelled = { namespace: 'shop', pod: 'api-1', container: 'api', stream: 'stdout', other: 'label' };
    for (const lines of [
      [{ text: '{"id":"x"}' }, { text: '{"n":1}' }],
      [{ text: '{"n":2}' }],
      [{ text: '{"n":3}' }, { text: 'of a label', labels: labelled }],
      MANY_SHAPES.map((text) => ({ text })).concat([{ text: '{"late":"one"}' }]),
    ]) {
      await append(store, batchOf({ lines }));
      await store.flushAll();
    }
    const { snapshot, search } = countedSearch(store);
    dispose = () => snapshot.release();
    expect(snapshot.rowGroups).toHaveLength(4);
    const find = (name: string, value: string) =>
      search(planOf({ values: [{ name, any: [parsePattern(value)], none: [] }] }));
    // Always the one with lines that are kept whole.
    expect(await find('absent', 'x')).toEqual([[], 1]);
    expect(await find('id', 'x')).toEqual([['{"id":"x"}'], 2]);
    expect(await find('late', 'one')).toEqual([['{"late":"one"}'], 1]);
    expect(await find('other', 'label')).toEqual([['of a label'], 2]);
  });
});
