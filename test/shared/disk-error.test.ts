/** Which errors are a failing disk's, and so worth another try. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { isDiskError } from '../../shared/disk-error.ts';
import { CorruptionError, UnavailableError } from '../../shared/errors.ts';

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

const FAILURES: readonly [string, unknown, boolean][] = [
  ['a missing file', thrownBy(() => readFileSync('/nowhere/at/all')), true],
  ['a folder read as a file', thrownBy(() => readFileSync('/')), true],
  ...['EIO', 'ENOSPC', 'EDQUOT', 'EMFILE', 'ESTALE', 'EROFS'].map((code): [string, unknown, boolean] => [
    code,
    Object.assign(new Error(code), { code }),
    true,
  ]),
  [
    'a code that Node has no name for',
    Object.assign(new Error('?'), { code: 'UNKNOWN', errno: -117, syscall: 'read' }),
    true,
  ],
  ['corruption', new CorruptionError('broken'), false],
  ['a busy server', new UnavailableError('wait', 1), false],
  ['zlib', thrownBy(() => gunzipSync(Buffer.from('not gzip'))), false],
  ['an index that is out of range', thrownBy(() => Buffer.alloc(1).readUInt32LE(5)), false],
  ['an assertion', new RangeError('BUG: 1 row became 2'), false],
  ['no error at all', { code: 'EIO' }, false],
];

test.each(FAILURES)('%s', (_, error, want) => expect(isDiskError(error)).toBe(want));
