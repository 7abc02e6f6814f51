/** Which bytes the values of a column chunk have, as far as its header shows without a page. */
import { byteTable } from '../../../../shared/bytes.ts';
import { ENCODINGS } from '../../../../shared/row-group/encodings/table.ts';
import { ENCODING_CONSTANT } from '../../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';

/** Encoding → bytes that the text of its values may have, where the encoding limits them. */
const BYTES_OF_ENCODING = ENCODINGS.map(({ alphabet }) => (alphabet === undefined ? undefined : byteTable(alphabet)));

/** Answered from the chunk's header alone; true when that does not decide. */
export function valuesMayHave(group: RowGroup, index: number, byte: number): boolean {
  const { encoding, byteSet, parameters } = group.columns[index]!.chunk;
  if (encoding === ENCODING_CONSTANT) return parameters.includes(byte);
  if (byteSet !== undefined) return (byteSet[byte >> 3]! & (1 << (byte & 7))) !== 0;
  const table = BYTES_OF_ENCODING[encoding];
  return table === undefined || table[byte] === 1;
}

/** True when the header does not decide. */
export function valuesMayBeEmpty(group: RowGroup, index: number): boolean {
  const { encoding, parameters } = group.columns[index]!.chunk;
  if (encoding === ENCODING_CONSTANT) return parameters.length === 0;
  return BYTES_OF_ENCODING[encoding] === undefined;
}
