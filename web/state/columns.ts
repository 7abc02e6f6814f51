/** Columns of the table: those of the address, or what its lines suggest. */
import { computed } from '@preact/signals';
import { note, question } from './navigation.ts';
import { lines } from './search.ts';
import { suggestedColumns } from './table-cells.ts';

/** Cells of a table that is downloaded, too, and the head of each of its rows. */
export const HEAD_COLUMNS: readonly string[] = ['time', 'pod', 'level'];

export const tableColumns = computed<readonly string[]>(() => {
  const { columns } = question.value;
  return columns.length > 0 ? columns : suggestedColumns(lines.value.value?.rows ?? []);
});

/** Changes the columns; the address has them, but no step of the history. */
export function setColumns(columns: readonly string[]): void {
  note({ columns });
}

export function toggleColumn(name: string): void {
  const now = tableColumns.peek();
  setColumns(now.includes(name) ? now.filter((each) => each !== name) : [...now, name]);
}

/** @param step  -1: to the left */
export function moveColumn(name: string, step: 1 | -1): void {
  const columns = [...tableColumns.peek()];
  const at = columns.indexOf(name);
  const to = at + step;
  if (at < 0 || to < 0 || to >= columns.length) return;
  [columns[at], columns[to]] = [columns[to]!, columns[at]!];
  setColumns(columns);
}
