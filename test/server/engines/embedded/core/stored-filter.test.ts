import { expect, it } from 'vitest';
import { decodeFilter, encodeFilter } from '../../../../../server/engines/embedded/core/stored-filter.ts';
import { namesOf } from '../../../../../server/store/erasure-status.ts';
import {
  allOf,
  anyOf,
  not,
  type Predicate,
  regexpLeaf,
  textLeaf,
  valueLeaf,
} from '../../../../../server/store/predicate.ts';
import { parsePattern } from '../../../../../server/store/value-test.ts';

const FILTER: Predicate = {
  from: 1n,
  to: undefined,
  where: allOf([
    { ...valueLeaf('namespace', [parsePattern('shop')]), labelOnly: true },
    not(anyOf([textLeaf('\0é'), { ...textLeaf('A'), ignoreCase: true }, valueLeaf('path', [parsePattern('/a*')])])),
    valueLeaf('size', [
      { kind: 'exists' },
      { kind: 'compare', operator: '>=', operand: { kind: 'bytes', value: 1.5e9 } },
    ]),
    valueLeaf('path', [parsePattern('/b')]),
    { ...valueLeaf('path', [parsePattern('/{id}')]), fieldOnly: true, ofShape: true },
    { ...textLeaf('a/b'), asRead: true },
    { ...regexpLeaf('(?i)é'), asRead: true },
  ]),
};

it('comes back from JSON as it was', () => {
  expect(decodeFilter(JSON.parse(JSON.stringify(encodeFilter(FILTER))))).toEqual(FILTER);
});

it('tells the names alone', () => expect(namesOf(FILTER)).toEqual(['namespace', 'path', 'size', 'q', 'since']));

it('reads what was stored before there were trees', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const stored = {
    from: null,
    to: '5',
    values: [
      { name: 'user', any: [[base64('7')], [base64('8'), base64('')]], none: [] },
      { name: 'level', any: [], none: [[base64('info')]] },
    ],
    text: { any: [base64('a'), base64('b')], none: [base64('c')] },
  };
  expect(decodeFilter(stored)).toEqual({
    from: undefined,
    to: 5n,
    where: allOf([
      valueLeaf('user', ['7', '8*'].map(parsePattern)),
      not(valueLeaf('level', [parsePattern('info')])),
      anyOf([textLeaf('a'), textLeaf('b')]),
      not(textLeaf('c')),
    ]),
  });
});
