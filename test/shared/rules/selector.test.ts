import { expect, test } from 'vitest';
import type { Selector } from '../../../shared/rules/rule-set.ts';
import { selectorMatcher } from '../../../shared/rules/selector.ts';

const POD = { namespace: 'shop', pod: 'api-1', container: 'app', labels: { app: 'api', empty: '' } };

test.each<[Selector | undefined, boolean]>([
  [undefined, true],
  [{ namespace: 'shop' }, true],
  [{ namespace: 'shop', pod: 'web-*' }, false],
  [{ namespace: 's*', pod: 'api-*', container: '*' }, true],
  [{ labels: { app: 'a*' } }, true],
  [{ labels: { app: 'a*', team: '*' } }, false],
  [{ labels: { empty: '*' } }, true],
  [{ namespace: 'other', labels: { app: 'api' } }, false],
  [{ labels: { constructor: '*' } }, false],
])('%o: %s', (selector, want) => {
  expect(selectorMatcher(selector, false)(POD)).toBe(want);
});

test.each([true, false])('a pod of which nothing is known counts as %s', (ifUnknown) => {
  const unknown = { ...POD, labels: undefined };
  expect(selectorMatcher({ labels: { app: 'api' } }, ifUnknown)(unknown)).toBe(ifUnknown);
  expect(selectorMatcher({ namespace: 'other', labels: { app: 'api' } }, ifUnknown)(unknown)).toBe(false);
});

test.each([true, false])('a name that is not known counts as %s', (ifUnknown) => {
  const unknown = { ...POD, namespace: undefined };
  expect(selectorMatcher({ namespace: 'shop' }, ifUnknown)(unknown)).toBe(ifUnknown);
  expect(selectorMatcher({ namespace: 'shop', pod: 'web-1' }, ifUnknown)(unknown)).toBe(false);
  expect(selectorMatcher({ pod: 'api-1' }, ifUnknown)(unknown)).toBe(true);
});
