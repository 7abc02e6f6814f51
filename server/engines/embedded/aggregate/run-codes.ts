/** What is known of the runs of rows (scan/line-runs.ts), as codes and as numbers, in template order. */
import { measuredOf } from '../../../../shared/quantity.ts';
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import type { OfRun } from '../../../store/asked-name.ts';
import { textOfRun } from '../scan/line-runs.ts';
import type { Texts } from './texts.ts';

const NO_VALUE = 0;

export interface RunCodes {
  /** The code of all rows, if they have the same. */
  readonly constant: number | undefined;
  /** Sets the code of each row. */
  readonly write: (codes: Uint32Array) => void;
}

/** @param texts  gets the values */
export function runCodes(group: RowGroup, name: OfRun, texts: Texts): RunCodes {
  const known = group.runs.map((run) => texts.addText(Buffer.from(textOfRun(run, name))));
  const codeOf = Uint32Array.from([NO_VALUE, ...known]);
  const ofRows = group.runCodes();
  const [first] = ofRows;
  return {
    constant: ofRows.every((code) => code === first) ? codeOf[first!]! : undefined,
    write: (codes) => writeRows(group, codeOf, codes),
  };
}

/** @param numbers  gets the number of each row, NaN where it has none */
export function writeRunNumbers(group: RowGroup, name: OfRun, numbers: Float64Array): void {
  const known = group.runs.map((run) => measuredOf(textOfRun(run, name)));
  writeRows(group, Float64Array.from([NaN, ...known]), numbers);
}

/** @param valueOf  by code of a run */
function writeRows<Values extends Uint32Array | Float64Array>(group: RowGroup, valueOf: Values, to: Values): void {
  const ofRows = group.runCodes();
  const { templateRows } = group.order();
  for (let i = 0; i < to.length; i++) to[i] = valueOf[ofRows[templateRows[i]!]!]!;
}
