import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CorruptionError } from '../../shared/errors.ts';
import { errorCode } from '../../shared/system-error.ts';

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

test.each<[string, unknown, string | undefined]>([
  ['of the operating system', thrownBy(() => readFileSync('/nowhere/at/all')), 'ENOENT'],
  ['of Node', thrownBy(() => Buffer.alloc(-1)), 'ERR_OUT_OF_RANGE'],
  ['of podlog', new CorruptionError('broken'), 'PODLOG_CORRUPTION'],
  ['a number', new DOMException('gone', 'AbortError'), undefined],
  ['none', new Error('?'), undefined],
  ['not an error', { code: 'EIO' }, undefined],
  ['nothing', undefined, undefined],
])('the code of an error: %s', (_, error, want) => {
  expect(errorCode(error)).toBe(want);
});
