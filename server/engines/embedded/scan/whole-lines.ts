/**
 * Lines that are kept whole, because their shape was one too many, have fields all the same: they are cut again here.
 */
import { answerTo } from '../../../../shared/row-group/answer.ts';
import { someElement } from '../../../../shared/row-group/array-elements.ts';
import { cutLine } from '../../../../shared/row-group/line-formats/cut-line.ts';
import { KIND_ARRAY, KIND_STRING } from '../../../../shared/row-group/format.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { Tokens } from '../../../../shared/row-group/line-formats/tokens.ts';
import { unescaped } from '../../../../shared/row-group/unescaped.ts';

/** A line with its values. One object serves all lines of a pass, so it is valid until the next line. */
export class WholeLine {
  row = 0;
  /** Names of the values, in their order in the line; a name may occur more than once. */
  readonly fields: string[] = [];
  readonly #tokens = new Tokens({ areNamed: true });
  #bytes: Buffer = Buffer.alloc(0);

  /** Returns a view, with escapes resolved. */
  value(index: number): Buffer {
    const value = this.#bytes.subarray(this.#tokens.starts[index], this.#tokens.ends[index]);
    return this.#tokens.kinds[index] === KIND_STRING ? unescaped(value) : value;
  }

  /**
   * Whether a value of a name passes: the last one of that name, or an element of it.
   * @param test  its buffer is valid during the call
   */
  some(name: string, test: (value: Buffer) => boolean): boolean {
    const answer = answerTo(name, this.#tokens);
    if (answer === undefined) return false;
    if (answer.kind === 'implied') return test(answer.value);
    const value = this.value(answer.slot);
    if (answer.path === '' && test(value)) return true;
    return this.#tokens.kinds[answer.slot] === KIND_ARRAY && someElement(value, answer.path, test);
  }

  /** Returns the value of a name; undefined when the line has none. */
  answer(name: string): Buffer | undefined {
    const answer = answerTo(name, this.#tokens);
    if (answer?.kind === 'implied') return answer.value;
    return answer === undefined || answer.path !== '' ? undefined : this.value(answer.slot);
  }

  /** Returns false when bytes[start, end) cannot be cut. */
  cut(row: number, bytes: Buffer, start: number, end: number): boolean {
    const tokens = this.#tokens;
    this.fields.length = 0;
    if (cutLine('auto', bytes, start, end, tokens) < 0) return false;
    this.row = row;
    this.#bytes = bytes;
    for (let token = 0; token < tokens.count; token++) this.fields.push(tokens.fields[token]!);
    return true;
  }
}

/**
 * Calls back for each line of a text column that can be cut.
 * @param selected  by row: 1 where the line is wanted; undefined for all
 * @param visit  `index` is that of the line among those that are wanted
 */
export function forEachWholeLine(
  group: RowGroup,
  column: number,
  selected: Uint8Array | undefined,
  visit: (line: WholeLine, index: number) => void,
): void {
  const columnRows = group.valueRows(group.columns[column]!);
  const rows = selected === undefined ? columnRows : columnRows.filter((row) => selected[row] === 1);
  const line = new WholeLine();
  for (const { from, lines } of group.linesInTurn(rows)) {
    const { bytes, offsets } = lines;
    for (let i = 0; i + 1 < offsets.length; i++) {
      if (line.cut(rows[from + i]!, bytes, offsets[i]!, offsets[i + 1]!)) visit(line, from + i);
    }
  }
}

/** Calls back for each value of a name in the lines of a text column, with the line's index in it; the value is a view. */
export function forEachWholeLineValue(
  group: RowGroup,
  column: number,
  name: string,
  visit: (index: number, value: Buffer) => void,
): void {
  forEachWholeLine(group, column, undefined, (line, index) => {
    const value = line.answer(name);
    if (value !== undefined) visit(index, value);
  });
}
