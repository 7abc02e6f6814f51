/** What the header of a column chunk says of the bytes of its values, without a look at them. */
import { byteTable } from '../../../../shared/bytes.ts';
import { ENCODINGS } from '../../../../shared/row-group/encodings/table.ts';
import { ENCODING_CONSTANT } from '../../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';

/** Bytes that the text of values may have, where the encoding tells. */
const BYTES_OF_ENCODING = ENCODINGS.map(({ alphabet }) => (alphabet === undefined ? undefined : byteTable(alphabet)));

/** Answered from the chunk's header alone; true when that does not tell. */
export function valuesMayHave(group: RowGroup, index: number, byte: number): boolean {
  const { encoding, byteSet, parameters } = group.columns[index]!.chunk;
  if (encoding === ENCODING_CONSTANT) return parameters.includes(byte);
  if (byteSet !== undefined) return (byteSet[byte >> 3]! & (1 << (byte & 7))) !== 0;
  const table = BYTES_OF_ENCODING[encoding];
  return table === undefined || table[byte] === 1;
}

/** True when the header does not tell. */
export function valuesMayBeEmpty(group: RowGroup, index: number): boolean {
  const { encoding, parameters } = group.columns[index]!.chunk;
  if (encoding === ENCODING_CONSTANT) return parameters.length === 0;
  return BYTES_OF_ENCODING[encoding] === undefined;
}
