/** Tests the shapes of a column's values: once for each distinct text or pattern, where the encoding has such. */
import {
  ENCODING_CONSTANT,
  ENCODING_DICTIONARY,
  KIND_ARRAY,
  KIND_STRING,
} from '../../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { hasMarked } from './masks.ts';
import { matchByText, maskOfCodes, type MatchedValues, testOfTexts } from './match-column.ts';
import { ID } from './shape.ts';
import { shapeCodesOf } from './shape-codes.ts';

/**
 * Returns the values of a column that pass, or an element of which does.
 * @param passes  whether the shape of a value does
 * @param path  as for testOfTexts
 */
export function matchShapes(
  group: RowGroup,
  index: number,
  passes: (value: Buffer) => boolean,
  path: string,
): MatchedValues {
  const { slot, chunk } = group.columns[index]!;
  const test = testOfTexts(slot.kind, passes, path);
  const isByText =
    slot.kind === KIND_ARRAY || chunk.encoding === ENCODING_CONSTANT || chunk.encoding === ENCODING_DICTIONARY;
  if (isByText) return matchByText(group, index, test);
  const values = group.values(index);
  if (values.kind === 'uuid' || (values.kind === 'integer' && values.min >= 0)) return passes(ID) ? 'all' : 'none';
  const byShape = values.kind === 'pattern' ? shapeCodesOf(values, slot.kind === KIND_STRING) : undefined;
  if (byShape === undefined) return matchByText(group, index, test);
  const byCode = Uint8Array.from(byShape.shapes, (shape) => (passes(shape) ? 1 : 0));
  if (!byCode.includes(0)) return 'all';
  return hasMarked(byCode) ? maskOfCodes(byShape.codes, byCode) : 'none';
}
