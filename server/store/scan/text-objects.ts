/** Lines whose shape was one too many are kept as text, but are JSON objects all the same: their fields are found here. */
import { KIND_STRING } from '../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { Tokens, tokenize } from '../../../shared/row-group/template.ts';
import { unescaped } from './unescaped.ts';

const OPEN_BRACE = 0x7b;

/** False when no value of a text column can be a JSON object. */
export function mayHoldObjects(group: RowGroup, column: number): boolean {
  const { byteSet, parameters } = group.columns[column]!.chunk;
  if (byteSet === undefined) return parameters.includes(OPEN_BRACE);
  return (byteSet[OPEN_BRACE >> 3]! & (1 << (OPEN_BRACE & 7))) !== 0;
}

/** Calls back for each value of a field in the lines of a text column that are objects; the value is a view. */
export function forEachTextObject(
  group: RowGroup,
  column: number,
  field: string,
  visit: (row: number, value: Buffer) => void,
): void {
  if (!mayHoldObjects(group, column)) return;
  const valueRows = group.valueRows(group.columns[column]!);
  const { bytes, offsets } = group.lines(valueRows);
  const tokens = new Tokens();
  for (let i = 0; i < valueRows.length; i++) {
    const start = offsets[i]!;
    const end = offsets[i + 1]!;
    if (start === end || bytes[start] !== OPEN_BRACE || !tokenize(bytes, start, end, tokens)) continue;
    for (let token = 0; token < tokens.count; token++) {
      if (tokens.fields[token] !== field) continue;
      const value = bytes.subarray(tokens.starts[token], tokens.ends[token]);
      visit(valueRows[i]!, tokens.kinds[token] === KIND_STRING ? unescaped(value) : value);
    }
  }
}
