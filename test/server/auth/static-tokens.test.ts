/** A token is compared with every other one, in constant time, wherever it stands and however much of it is right. */
import { timingSafeEqual } from 'node:crypto';
import { beforeEach, expect, test, vi } from 'vitest';
import { digestOf, findCaller, type StaticToken } from '../../../server/auth/static-tokens.ts';

vi.mock(import('node:crypto'), async (original) => {
  const crypto = await original();
  return { ...crypto, timingSafeEqual: vi.fn(crypto.timingSafeEqual) };
});

const COUNT = 20;
const TOKENS = Array.from({ length: COUNT }, (_, i): StaticToken => {
  return {
    digest: digestOf(`token-${i}-0123456789`),
    caller: { name: `n${i}`, scopes: ['read'], visible: 'all', nodes: [] },
  };
});

beforeEach(() => void vi.mocked(timingSafeEqual).mockClear());

test.for([
  ['token-0-0123456789', 'n0'],
  ['token-19-0123456789', 'n19'],
  ['token-0-012345678', undefined],
  ['token-0-01234567890', undefined],
  ['Token-0-0123456789', undefined],
  ['', undefined],
  ['x'.repeat(10_000), undefined],
] as const)('%j is of %s', ([token, name]) => {
  expect(findCaller(TOKENS, token)?.name).toBe(name);
  expect(timingSafeEqual).toHaveBeenCalledTimes(COUNT);
  for (const sides of vi.mocked(timingSafeEqual).mock.calls)
    expect(sides.map((side) => side.byteLength)).toEqual([32, 32]);
});
