/** Signed texts: none passes that was changed, of another key or for another purpose. */
import fc from '../../fast-check.ts';
import { expect, test } from 'vitest';
import { readSignedText, signText } from '../../../server/auth/signed-text.ts';

const KEY = Buffer.alloc(32, 7);

test('a text is read as it was signed', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'binary' }), (text) => {
      expect(readSignedText(KEY, 'session', signText(KEY, 'session', text.toWellFormed()))).toBe(text.toWellFormed());
    }),
  );
});

test('any other is refused', () => {
  const signed = signText(KEY, 'session', '{"caller":"shop"}');
  expect(readSignedText(Buffer.alloc(32, 8), 'session', signed)).toBeUndefined();
  expect(readSignedText(KEY, 'login', signed)).toBeUndefined();
  const [payload, mac] = signed.split('.') as [string, string];
  const admin = Buffer.from('{"caller":"admin"}').toString('base64url');
  for (const text of [
    `${admin}.${mac}`,
    payload,
    `${payload}.`,
    `.${mac}`,
    `${signed}x`,
    `${signed}.x`,
    '',
    '.',
    'a.b',
  ]) {
    expect(readSignedText(KEY, 'session', text), text).toBeUndefined();
  }
  for (let at = 0; at < signed.length - 1; at++) {
    const changed = signed.slice(0, at) + (signed[at] === 'A' ? 'B' : 'A') + signed.slice(at + 1);
    expect(readSignedText(KEY, 'session', changed), changed).toBeUndefined();
  }
});
