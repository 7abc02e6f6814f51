/** Which bytes the values of a column chunk have, as far as its header shows without a page. */
import { byteTable } from '../../../../shared/bytes.ts';
import { ENCODINGS } from '../../../../shared/row-group/encodings/table.ts';
import { ENCODING_CONSTANT } from '../../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { PART_TEMPLATE_BYTES } from './derived-parts.ts';

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

/** Bits, one for each byte. */
const SET_BYTES = 32;

/**
 * Whether lines of a template may have a byte, in literals or in values. Each search asks it for all templates, so the
 * answers to all bytes are put together once.
 */
export function linesMayHave(group: RowGroup, template: number, byte: number): boolean {
  const sets = group.kept(PART_TEMPLATE_BYTES, () => bytesOfTemplates(group));
  return (sets[template * SET_BYTES + (byte >> 3)]! & (1 << (byte & 7))) !== 0;
}

function bytesOfTemplates(group: RowGroup): Uint8Array {
  const ofColumns = new Uint8Array(group.columns.length * SET_BYTES);
  for (let column = 0; column < group.columns.length; column++) {
    for (let byte = 0; byte < 256; byte++) {
      if (valuesMayHave(group, column, byte)) ofColumns[column * SET_BYTES + (byte >> 3)]! |= 1 << (byte & 7);
    }
  }
  const sets = new Uint8Array(group.templates.length * SET_BYTES);
  for (const [template, { literals }] of group.templates.entries()) {
    const first = template * SET_BYTES;
    for (const literal of literals) for (const byte of literal) sets[first + (byte >> 3)]! |= 1 << (byte & 7);
    for (const column of group.columnsOfTemplate[template]!) {
      for (let i = 0; i < SET_BYTES; i++) sets[first + i]! |= ofColumns[column * SET_BYTES + i]!;
    }
  }
  return sets;
}
