import { describe, expect, it } from 'vitest';
import {
  allOf,
  anyOf,
  decide,
  EVERYTHING,
  leavesOf,
  normalised,
  not,
  NOTHING,
  textLeaf,
  valueLeaf,
  type ValueTest,
  type Where,
} from '../../../server/store/predicate.ts';
import { parsePattern } from '../../../server/store/value-test.ts';

const [a, b, c] = ['a', 'b', 'c'].map((text) => textLeaf(text)) as [Where, Where, Where];
const [one, two] = ['1', '2'].map(parsePattern) as [ValueTest, ValueTest];
const exists: ValueTest = { kind: 'exists' };

describe('normalised', () => {
  it.each<[string, Where, Where]>([
    ['nested alls', allOf([a, allOf([b, allOf([c])])]), allOf([a, b, c])],
    ['nested anys', anyOf([anyOf([a, b]), c]), anyOf([a, b, c])],
    ['a single condition', allOf([anyOf([a])]), a],
    ['a double negation', not(not(a)), a],
    ['a triple negation', not(not(not(allOf([a])))), not(a)],
    ['what is always true in an all', allOf([EVERYTHING, a, not(NOTHING)]), a],
    ['what is never true in an all', allOf([a, not(EVERYTHING)]), NOTHING],
    ['what is always true in an any', anyOf([a, not(NOTHING)]), EVERYTHING],
    ['what is never true in an any', anyOf([NOTHING, a, allOf([NOTHING])]), a],
    ['a text that every line contains', not(textLeaf('')), NOTHING],
    ['no tests', valueLeaf('n', []), NOTHING],
    ['a wildcard that every value passes', valueLeaf('n', [one, parsePattern('**')]), valueLeaf('n', [exists])],
    [
      'alternatives of one name',
      anyOf([valueLeaf('n', [one]), a, valueLeaf('m', [one]), anyOf([valueLeaf('n', [two])])]),
      anyOf([valueLeaf('n', [one, two]), valueLeaf('m', [one]), a]),
    ],
    [
      'alternatives of one name, of which all pass one',
      anyOf([valueLeaf('n', [one]), valueLeaf('n', [exists])]),
      valueLeaf('n', [exists]),
    ],
    [
      'a label and a field of one name',
      anyOf([valueLeaf('n', [one]), { ...valueLeaf('n', [two]), labelOnly: true }]),
      anyOf([valueLeaf('n', [one]), { ...valueLeaf('n', [two]), labelOnly: true }]),
    ],
    [
      'two conditions on one name',
      allOf([valueLeaf('n', [one]), valueLeaf('n', [two])]),
      allOf([valueLeaf('n', [one]), valueLeaf('n', [two])]),
    ],
  ])('%s', (_, where, want) => expect(normalised(where)).toEqual(want));
});

it.each<[boolean | undefined, boolean | undefined, Readonly<Record<string, boolean | undefined>>]>([
  [true, true, { all: true, any: true, not: false }],
  [true, false, { all: false, any: true, not: false }],
  [false, true, { all: false, any: true, not: true }],
  [true, undefined, { all: undefined, any: true, not: false }],
  [false, undefined, { all: false, any: undefined, not: true }],
  [undefined, true, { all: undefined, any: true, not: undefined }],
  [undefined, undefined, { all: undefined, any: undefined, not: undefined }],
])('decides of %s and %s what it can', (first, second, want) => {
  const judge = (leaf: Where): boolean | undefined => (leaf === a ? first : second);
  expect(decide(allOf([a, b]), judge)).toBe(want['all']);
  expect(decide(anyOf([a, b]), judge)).toBe(want['any']);
  expect(decide(not(a), judge)).toBe(want['not']);
});

it('lists leaves in their order', () => {
  expect(leavesOf(allOf([a, not(anyOf([b, valueLeaf('n', [one])])), c]))).toEqual([a, b, valueLeaf('n', [one]), c]);
});
