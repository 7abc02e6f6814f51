import { expect, test } from 'vitest';
import { fieldType } from '../../../../server/query/logql/detected-fields.ts';

test.each([
  ['5', 'int'],
  ['-5', 'int'],
  ['+007', 'int'],
  ['9223372036854775807', 'int'],
  ['9223372036854775808', 'float'],
  ['1.5', 'float'],
  ['1e3', 'float'],
  ['NaN', 'float'],
  ['-Inf', 'float'],
  ['true', 'boolean'],
  ['F', 'boolean'],
  ['yes', 'string'],
  ['1.5s', 'duration'],
  ['1h30m', 'duration'],
  ['5d', 'string'],
  ['12MiB', 'bytes'],
  ['1,024', 'bytes'],
  ['3 kb', 'bytes'],
  ['', 'string'],
  ['api', 'string'],
] as const)('%j is of type %s', (value, want) => {
  expect(fieldType(value)).toBe(want);
});
