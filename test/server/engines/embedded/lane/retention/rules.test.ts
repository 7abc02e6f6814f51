/** The file of retention rules: what it says, and what is said of a mistake in it. */
import { expect, test } from 'vitest';
import { UsageError } from '../../../../../../shared/errors.ts';
import { ageByRules, rulesOfTenant } from '../../../../../../server/engines/embedded/lane/retention/rules.ts';
import {
  loadRetentionRules,
  parseRetentionRules,
} from '../../../../../../server/engines/embedded/lane/retention/rules-file.ts';

const DAY_MS = 86_400_000;

const RULES = `
- selector: { namespace: payments, app: 'api-*' }
  age: 90d
- selector: { namespace: payments }
  age: forever
- selector: { namespace: 'kube-*' }
  age: 3d
- selector: { app: '*.v1*' }
  age: 12h
`;

test.for([
  [{ namespace: 'payments', app: 'api-1' }, 90 * DAY_MS],
  [{ namespace: 'payments', app: 'web' }, Infinity],
  [{ namespace: 'payments' }, Infinity],
  [{ namespace: 'kube-system' }, 3 * DAY_MS],
  [{ namespace: 'my-kube-system' }, 30 * DAY_MS],
  [{ namespace: 'shop', app: 'cart.v1-7' }, DAY_MS / 2],
  [{ namespace: 'shop', app: 'cartxv1' }, 30 * DAY_MS],
  [{}, 30 * DAY_MS],
] as const)('%j is kept for %i ms', async ([labels, want]) => {
  const ageOf = ageByRules(await parseRetentionRules(RULES, 'rules.yaml'), 30 * DAY_MS);
  expect(ageOf(labels)).toBe(want);
  expect(ageOf(labels)).toBe(want);
});

test.for([
  ['a*c', 'a\nc', true],
  ['a.c', 'abc', false],
  ['(a|b)+', '(a|b)+', true],
  [String.raw`a\b`, String.raw`a\b`, true],
  [String.raw`a\*c`, String.raw`a\b-c`, true],
  [String.raw`a\*c`, 'a*c', false],
  [String.raw`a\\c`, String.raw`a\c`, false],
  ['é*', 'école', true],
] as const)('only a star has a meaning: %j against %j: %j', ([pattern, value, want]) => {
  const ageOf = ageByRules([{ selector: new Map([['app', pattern]]), ageMs: 1 }], 2);
  expect(ageOf({ app: value })).toBe(want ? 1 : 2);
});

test('a rule may name tenants', async () => {
  const text = `
- selector: { __tenant_id__: 'shop*', app: web }
  age: 3d
- selector: { __tenant_id__: shop }
  age: 2d
`;
  const rules = await parseRetentionRules(text, 'rules.yaml');
  const agesOf = (tenant: string | undefined): number[] => {
    const ageOf = ageByRules(rulesOfTenant(rules, tenant), 30 * DAY_MS);
    return [{ app: 'web' }, { app: 'api' }].map((labels) => ageOf(labels) / DAY_MS);
  };
  expect(agesOf('shop')).toEqual([3, 2]);
  expect(agesOf('shop-2')).toEqual([3, 30]);
  expect(agesOf('bank')).toEqual([30, 30]);
  expect(agesOf(undefined)).toEqual([30, 30]);
});

test('a label that is called level means what it does in queries', () => {
  const ageOf = ageByRules([{ selector: new Map([['level', 'debug']]), ageMs: 1 }], 2);
  expect([{ level: 'DEBUG' }, { level: 'dbg' }, { level: 'info' }, { severity: 'debug' }].map(ageOf)).toEqual([
    1, 1, 2, 2,
  ]);
});

test.for([
  ['', []],
  ['# none yet\n', []],
  ['[]', []],
])('%j has no rules', async ([text, want]) => {
  expect(await parseRetentionRules(text as string, 'r')).toEqual(want);
});

test.for([
  ['a: [', /^r: /],
  ['selector: {}', /list of rules/],
  ['- 7', /^r: line 1: rule 1: must have a selector and an age/],
  [
    '- { selector: { app: a }, age: 1d }\n- { selector: { app: a }, ages: 1d }',
    /^r: line 2: rule 2: ages is not known here; there are selector, age/,
  ],
  ['- { selector: {}, age: 1d }', /^r: line 1: rule 1: selector must have a label/],
  [
    '- { selector: { pod: a }, age: 1d }\n\n- { selector: {}, age: 1d }',
    /^r: line 3: rule 2: selector must have a label/,
  ],
  ['- [', /^r: line 1: /],
  ['- { selector: { app: 7 }, age: 1d }', /value of app must be text/],
  ['- { selector: { app: a } }', /age must be from 1h to 3660d/],
  ['- selector:\n    app: a\n  age: 7', /^r: line 3: rule 1: age must be/],
  ['- selector:\n    app: a\n    pod: []\n  age: 7d', /^r: line 3: rule 1: the value of pod must be text/],
  ['- { selector: [a], age: 1d }', /selector must have a label/],
  ['- [a]', /must have a selector and an age/],
  ['- { selector: { app: a }, age: 7 }', /age must be/],
  ['- { selector: { app: a }, age: 59m }', /age must be/],
  ['- { selector: { app: a }, age: 3661d }', /age must be/],
  [`- ${JSON.stringify({ selector: { app: 'a' }, age: '1d' })}\n`.repeat(1001), /1001 rules; at most 1000/],
] as const)('refused: $1', async ([text, message]) => {
  await expect(parseRetentionRules(text, 'r')).rejects.toThrow(UsageError);
  await expect(parseRetentionRules(text, 'r')).rejects.toThrow(message);
});

test('a file that cannot be read', async () => {
  await expect(loadRetentionRules('/does/not/exist.yaml')).rejects.toThrow(
    /rules \/does\/not\/exist\.yaml cannot be read: it does not exist; /,
  );
});
