/** Which lines are chosen and open. Both hold on to the line, not to its place. */
import { computed, effect, signal } from '@preact/signals';
import type { LogRow } from '../../shared/client/answers.ts';
import { isRequestId } from './id-address.ts';
import { rowView } from './row-view.ts';
import { stored } from './stored.ts';
import { note, question, runCount, view } from './navigation.ts';
import { lines } from './search.ts';
import { access } from './session.ts';

export const chosenRow = signal<LogRow | undefined>(undefined);
export const openRows = signal<ReadonlySet<LogRow>>(new Set());
export const isWrapped = stored('wrap', false);
export type Density = 'compact' | 'normal' | 'large';
/** Height of the rows of lines. */
export const density = stored<Density>('density', 'normal');

effect(() => {
  void runCount.value;
  void access.value;
  chosenRow.value = undefined;
  openRows.value = new Set();
});

/** Lines that the reader has marked, by their cursors, as long as the page lives. */
const marks = signal<ReadonlySet<string>>(new Set());

export function isMarked({ cursor }: LogRow): boolean {
  return cursor !== undefined && marks.value.has(cursor);
}

export function toggleMark({ cursor }: LogRow): void {
  if (cursor === undefined) return;
  const next = new Set(marks.peek());
  if (!next.delete(cursor)) next.add(cursor);
  marks.value = next;
}

/** Whoever comes back from the context of a line finds it chosen as before. */
let chosenBefore: LogRow | undefined;
effect(() => {
  const isContext = question.value.context !== '';
  if (isContext) chosenBefore ??= chosenRow.peek();
  else if (chosenBefore !== undefined) {
    chosenRow.value = chosenBefore;
    chosenBefore = undefined;
  }
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
  // The address names the line that was opened last; the one in the middle of its context stays.
  if (view.peek().kind === 'explore' && question.peek().context === '') note({ line: [...open].at(-1)?.cursor ?? '' });
}
