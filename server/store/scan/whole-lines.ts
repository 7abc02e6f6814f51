/** Lines whose shape was one too many are kept whole, but have fields all the same: they are cut anew here. */
import { fieldsOf } from '../../../shared/levels.ts';
import { KIND_STRING } from '../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../shared/row-group/reader.ts';
import { cutLine } from '../../../shared/row-group/cut-line.ts';
import { Tokens } from '../../../shared/row-group/tokens.ts';
import { unescaped } from './unescaped.ts';

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
  const tokens = new Tokens({ areNamed: true });
  for (let i = 0; i < valueRows.length; i++) {
    const start = offsets[i]!;
    const end = offsets[i + 1]!;
    if (cutLine('auto', bytes, start, end, tokens) < 0) continue;
    const names = tokens.fields.slice(0, tokens.count);
    const field = fields.find((each) => names.includes(each));
    for (let token = 0; token < tokens.count; token++) {
      if (names[token] !== field) continue;
      const value = bytes.subarray(tokens.starts[token], tokens.ends[token]);
      visit(valueRows[i]!, tokens.kinds[token] === KIND_STRING ? unescaped(value) : value);
    }
  }
}
