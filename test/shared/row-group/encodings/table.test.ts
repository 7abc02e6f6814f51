/** The table of encodings is whole: each has its place, and its decoded values lead back to it. */
import { expect, test } from 'vitest';
import { ENCODING_OF_KIND, ENCODINGS } from '../../../../shared/row-group/encodings/table.ts';
import { ENCODING_LAST } from '../../../../shared/row-group/format.ts';

test('each encoding stands at its number', () => {
  expect(ENCODINGS.map(({ id }) => id)).toEqual(Array.from({ length: ENCODING_LAST + 1 }, (_, id) => id));
  expect(new Set(Object.values(ENCODING_OF_KIND))).toEqual(new Set(ENCODINGS));
});
