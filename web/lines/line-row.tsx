/** A row of the list: a line as it is read, or its cells in a table; and below it its fields, where it is open. */
import type { LogRow } from '../../shared/client/answers.ts';
import { LevelIcon } from '../parts/icon.tsx';
import { fullText, timeText } from '../state/clock.ts';
import { cellOf, type Column } from '../state/table-cells.ts';
import { podClassOf } from '../state/known-hues.ts';
import { rowView } from '../state/row-view.ts';
import { chosenRow, isMarked, openRequestId, openRows } from '../state/selected.ts';
import { LineDetails } from './line-details.tsx';
import { LineText, marked } from './line-text.tsx';

export interface LineRowProps {
  readonly row: LogRow;
  /** The one before it in time, where it is in the list. */
  readonly previous: LogRow | undefined;
  readonly index: number;
  readonly words: readonly string[];
  readonly isMiddle: boolean;
  /** Undefined: the line is one text. */
  readonly columns: readonly Column[] | undefined;
}

export function LineRow({ row, previous, index, words, isMiddle, columns }: LineRowProps) {
  const { segments, pod } = rowView(row);
  const isOpen = openRows.value.has(row);
  const [workload, replica] = pod.split('·');
  const kind = ` is-${row.level ?? 'none'}${row.labels['stream'] === 'podlog' ? ' is-podlog' : ''}`;
  const state = `${isOpen ? ' is-open' : ''}${chosenRow.value === row ? ' is-chosen' : ''}${isMiddle ? ' is-middle' : ''}${isMarked(row) ? ' is-marked' : ''}`;
  return (
    <>
      <div class={`line${kind}${state}`} data-index={index} role="row" aria-rowindex={index + 1} aria-expanded={isOpen}>
        <span class="time" role="gridcell" title={fullText(row.time)}>
          {timeText(row.time, previous?.time)}
        </span>
        <span class="level" role="gridcell">
          <LevelIcon level={row.level} />
        </span>
        <span class={`pod ${podClassOf(row.labels, pod)}`} role="gridcell" title={podTitle(row)}>
          {workload}
          {replica !== undefined && <i>·{replica}</i>}
        </span>
        {columns === undefined ? (
          <span class="text" role="gridcell">
            <LineText segments={segments} words={words} openId={openRequestId.value} />
          </span>
        ) : (
          columns.map((column) => <Cell key={column.name} row={row} column={column} words={words} />)
        )}
      </div>
      {isOpen && (
        <div class={`details-row${kind}`} role="row">
          <div role="gridcell">
            <LineDetails row={row} />
          </div>
        </div>
      )}
    </>
  );
}

function Cell({ row, column: { name, isNumber }, words }: { row: LogRow; column: Column; words: readonly string[] }) {
  const cell = cellOf(row, name);
  return (
    <span class={`cell${isNumber ? ' is-number' : ''}${name === 'message' ? ' piece-message' : ''}`} role="gridcell">
      {cell === undefined ? <span class="dim">–</span> : <bdi title={cell}>{marked(cell, words)}</bdi>}
    </span>
  );
}

function podTitle({ labels }: LogRow): string {
  const { namespace, pod, container } = labels;
  return [namespace, pod, container].filter((each) => each !== undefined).join(' / ');
}
