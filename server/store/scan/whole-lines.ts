/** Lines whose shape was one too many are kept whole, but have fields all the same: they are cut anew here. */
import { fieldsOf } from '../../../shared/levels.ts';
import { KIND_STRING } from '../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { cutText } from '../../../shared/row-group/text-lines/cut-text.ts';
import { fieldOf, tokenize } from '../../../shared/row-group/template.ts';
import { Tokens } from '../../../shared/row-group/tokens.ts';
import { unescaped } from './unescaped.ts';

const OPEN_BRACE = 0x7b;

/** Calls back for each value of a name in the lines of a text column; the value is a view. */
export function forEachWholeLineValue(
  group: RowGroup,
  column: number,
  name: string,
  visit: (row: number, value: Buffer) => void,
): void {
  const valueRows = group.valueRows(group.columns[column]!);
  const { bytes, offsets } = group.lines(valueRows);
  const fields = fieldsOf(name);
  const tokens = new Tokens();
  for (let i = 0; i < valueRows.length; i++) {
    const start = offsets[i]!;
    const end = offsets[i + 1]!;
    const isJson = start < end && bytes[start] === OPEN_BRACE;
    const isCut = isJson ? tokenize(bytes, start, end, tokens) : cutText('auto', bytes, start, end, tokens) >= 0;
    if (!isCut) continue;
    const names = Array.from({ length: tokens.count }, (_, token) => fieldOf(tokens, token, bytes, start));
    const field = fields.find((each) => names.includes(each));
    for (let token = 0; token < tokens.count; token++) {
      if (names[token] !== field) continue;
      const value = bytes.subarray(tokens.starts[token], tokens.ends[token]);
      visit(valueRows[i]!, tokens.kinds[token] === KIND_STRING ? unescaped(value) : value);
    }
  }
}
