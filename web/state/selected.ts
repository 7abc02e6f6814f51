/** Which lines are chosen and open. Both hold on to the line, not to its place. */
import { computed, effect, signal } from '@preact/signals';
import type { LogRow } from '../../shared/client/answers.ts';
import { isRequestId } from './id-address.ts';
import { rowView } from './row-view.ts';
import { stored } from './stored.ts';
import { question, runCount } from './navigation.ts';
import { lines } from './search.ts';
import { access } from './session.ts';

export const chosenRow = signal<LogRow | undefined>(undefined);
export const openRows = signal<ReadonlySet<LogRow>>(new Set());
export const isWrapped = stored('wrap', false);

effect(() => {
  void runCount.value;
  void access.value;
  chosenRow.value = undefined;
  openRows.value = new Set();
});

/** Opens the line that an address names, once it is there. */
effect(() => {
  const { line } = question.value;
  const rows = lines.value.value?.rows;
  if (line === '' || rows === undefined || chosenRow.peek() !== undefined) return;
  const named = rows.find(({ cursor }) => cursor === line);
  if (named !== undefined) toggleOpen(named);
});

/** The id of the request of the line that was opened last. */
export const openRequestId = computed(() => {
  const last = [...openRows.value].at(-1);
  return last === undefined ? undefined : requestIdOf(last);
});

export function requestIdOf(row: LogRow): string | undefined {
  return rowView(row).segments.find(({ kind, name }) => kind === 'id' && isRequestId(name ?? ''))?.value;
}

export function toggleOpen(row: LogRow): void {
  const open = new Set(openRows.peek());
  if (!open.delete(row)) open.add(row);
  openRows.value = open;
  chosenRow.value = row;
}
