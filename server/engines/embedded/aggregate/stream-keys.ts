/** The keys of a row group's streams, by which whole streams are counted. */
import { labelsKey } from '../../../../shared/labels.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { PART_STREAM_KEYS } from '../scan/derived-parts.ts';

/** Memory of a key besides its text. */
const KEY_BYTES = 32;

/** By stream. Making the keys takes longer than counting by them. */
export function streamKeys(group: RowGroup): readonly string[] {
  return group.kept(
    PART_STREAM_KEYS,
    () => group.info.streams.map(labelsKey),
    (keys) => keys.reduce((sum, { length }) => sum + KEY_BYTES + 2 * length, 0),
  );
}
