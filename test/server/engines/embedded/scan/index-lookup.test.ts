/** What a query will ask the indexes is known from its tree. */
import { expect, it } from 'vitest';
import {
  allOf,
  anyOf,
  not,
  regexpLeaf,
  textLeaf,
  valueLeaf,
  type Where,
} from '../../../../../server/store/predicate.ts';
import { type IndexClauses, indexClauses } from '../../../../../server/engines/embedded/scan/index-lookup.ts';
import { parsePattern } from '../../../../../server/store/value-test.ts';

const leaf = (name: string, ...values: string[]): Where => valueLeaf(name, values.map(parsePattern));

it.each<[string, Where, Readonly<Record<string, string>>[]]>([
  ['a value', leaf('a', '1'), [{ a: '1' }]],
  ['some values', leaf('a', '1', '2'), [{ a: '1,2' }]],
  ['any value', valueLeaf('a', [{ kind: 'exists' }]), [{ a: '*' }]],
  ['a wildcard', leaf('a', '1*'), []],
  ['a value or a wildcard', leaf('a', '1', '2*'), []],
  ['a level, which other fields answer, too', leaf('level', 'info'), []],
  ['a label', { ...leaf('a', '1'), labelOnly: true } as Where, []],
  ['text', textLeaf('timeout'), [{ grams: '4' }]],
  ['text of less than a gram', textLeaf('abcdefgh'), []],
  ['text as it is read: what no writer escapes', { ...textLeaf('/timeout="x"'), asRead: true }, [{ grams: '4' }]],
  ['text as it is written', textLeaf('/timeout="x"'), [{ grams: '9' }]],
  ['texts of which one may be anywhere', anyOf([textLeaf('timeout'), textLeaf('x')]), []],
  ['an expression that requires texts', regexpLeaf('timing\\d+ with'), [{ grams: '3' }, { grams: '2' }]],
  ['alternatives of an expression', regexpLeaf('timeout|horizon'), [{ grams: '4', 'more grams': '4' }]],
  ['an expression that may match without the text', regexpLeaf('timeout|x'), []],
  ['cases beyond ASCII', regexpLeaf('(?i)réel'), [{ grams: '2', 'more grams': '2' }]],
  ['what is refused', not(leaf('a', '1')), []],
  ['two names', allOf([leaf('a', '1'), textLeaf('x'), leaf('b', '2')]), [{ a: '1' }, { b: '2' }]],
  ['alternatives', anyOf([leaf('a', '1'), leaf('b', '2')]), [{ a: '1', b: '2' }]],
  ['alternatives, one of which is anything', anyOf([leaf('a', '1'), textLeaf('x')]), []],
  ['no alternative', anyOf([]), []],
  [
    'alternatives with more conditions',
    anyOf([allOf([leaf('a', '1'), textLeaf('x')]), allOf([anyOf([leaf('b', '2'), leaf('c', '3')]), leaf('d', '4')])]),
    [{ a: '1', d: '4' }],
  ],
  [
    'alternatives among conditions',
    allOf([leaf('e', '5'), anyOf([leaf('a', '1'), leaf('b', '2')])]),
    [{ e: '5' }, { a: '1', b: '2' }],
  ],
])('%s', (_, where, want) => {
  const shown = (clauses: IndexClauses): Record<string, string>[] =>
    clauses.map((clause) =>
      Object.fromEntries(
        clause.map((each, i) => {
          if ('grams' in each) return [i === 0 ? 'grams' : 'more grams', String(each.grams.length)];
          return [each.name, each.values?.map((value) => value.toString()).join(',') ?? '*'];
        }),
      ),
    );
  expect(shown(indexClauses(where))).toEqual(want);
});
