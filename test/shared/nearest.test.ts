/** Which name is offered for one that there is not. */
import { expect, test } from 'vitest';
import { didYouMean, nearest } from '../../shared/nearest.ts';

const NAMES = ['namespace', 'pod', 'status', 'level', 'latency_ms', 'user_id', 'request_id', 'path', 'format', 'limit'];

test.each([
  ['namspace', 'namespace'],
  ['Namespace', 'namespace'],
  ['nmaespace', 'namespace'],
  ['statsu', 'status'],
  ['lvl', undefined],
  ['levle', 'level'],
  ['latencyMs', 'latency_ms'],
  ['userId', 'user_id'],
  ['user-id', 'user_id'],
  ['requestid', 'request_id'],
  ['pth', 'path'],
  ['pods', 'pod'],
  ['fromat', 'format'],
  ['limt', 'limit'],
  ['x', undefined],
  ['', undefined],
  ['something_else', undefined],
])('%s: %s', (written, want) => {
  expect(nearest(written, NAMES)).toBe(want);
});

test('a name is not offered for itself', () => {
  expect(nearest('pod', ['pod'])).toBeUndefined();
});

test('the advice is a question, or empty', () => {
  expect(didYouMean('--lisen', ['--listen', '--retention'])).toBe('; did you mean --listen?');
  expect(didYouMean('--frobnicate', ['--listen'])).toBe('');
});
