/** The Authorization header as clients write it. */
import { expect, test } from 'vitest';
import { tokenOf } from '../../../server/auth/credentials.ts';

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

test.for([
  ['Bearer abc.DEF-1_2~3+4/5==', 'abc.DEF-1_2~3+4/5=='],
  ['bearer   abc ', 'abc'],
  ['BEARER abc', 'abc'],
  [basic('any:secret'), 'secret'],
  [basic(':secret'), 'secret'],
  [basic('any:with:colons'), 'with:colons'],
  [basic('any:secret').replace('Basic', 'bASIC'), 'secret'],
] as const)('%j', ([header, token]) => {
  expect(tokenOf(header)).toBe(token);
});

test.for([
  undefined,
  '',
  'Bearer',
  'Bearer ',
  'abc',
  'Digest abc',
  basic('secret'),
  basic('any:'),
  'Bearer a b',
  'Basic %%%',
])('%j holds none', (header) => {
  expect(() => tokenOf(header)).toThrow(/Authorization: Bearer <token>.*curl -u any:<token>/);
});
