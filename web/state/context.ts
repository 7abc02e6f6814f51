/** A line in its context: what was written just before and after it, whatever the search text says. */
import { batch, computed, effect, signal } from '@preact/signals';
import type { LogRow } from '../../shared/client/answers.ts';
import { askLines } from '../../shared/client/client.ts';
import type { Extent } from './address.ts';
import { go, note, question, show, undo, view } from './navigation.ts';
import { access, connection, noticeRevoked } from './session.ts';

export const EXTENTS: readonly { readonly extent: Extent; readonly label: string }[] = [
  { extent: 'stream', label: 'This container' },
  { extent: 'app', label: 'App' },
  { extent: 'namespace', label: 'Namespace' },
  { extent: 'all', label: 'Everything' },
];

export interface Context {
  readonly extent: Extent;
  readonly middle: LogRow;
  /** Oldest first, as in a file. */
  readonly rows: readonly LogRow[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

const SIDE_LINES = 25;
const MORE_LINES = 100;

/** The line whose context is shown: its cursor, or a time, around which all lines are shown. */
export const contextLine = computed(() =>
  question.value.context === '' || question.value.line === '' || view.value.kind !== 'explore'
    ? ''
    : question.value.line,
);
export const extent = computed(() => (question.value.context === '' ? 'stream' : question.value.context));
export const context = signal<Context | undefined>(undefined);
export const contextProblem = signal<unknown>(undefined);

let running = new AbortController();

effect(() => {
  const line = contextLine.value;
  const of = extent.value;
  running.abort();
  const isOther = context.peek()?.middle.cursor !== line;
  batch(() => {
    contextProblem.value = undefined;
    // Another extent of the same line leaves it in sight until its lines are there; another token may not see it.
    if (isOther || access.value !== 'open') context.value = undefined;
  });
  if (line !== '' && access.value === 'open') void load(line, of);
});

function showContext(cursor: string): void {
  const changes = { line: cursor, context: extent.peek() };
  if (view.peek().kind === 'explore') show(changes);
  else go({ kind: 'explore' }, changes);
}

/** A line of LogQL's is looked up first. */
export async function showContextOf(row: LogRow): Promise<void> {
  const cursor = row.cursor ?? (await (await import('./logql-cursor.ts')).cursorOf(row));
  if (cursor !== undefined) showContext(cursor);
}

export function setExtent(next: Extent): void {
  // A time, as a request has it, has no container of its own; the line that was found at it has.
  note({ line: context.peek()?.middle.cursor ?? contextLine.peek(), context: next });
}

/** The line stays open, as it is what one came from. */
export function closeContext(): void {
  undo({ context: '' });
}

export function loadContextAgain(): void {
  void load(contextLine.peek(), extent.peek());
}

async function load(line: string, of: Extent): Promise<void> {
  running = new AbortController();
  const { signal: ended } = running;
  contextProblem.value = undefined;
  try {
    const rows = await around(line, of, SIDE_LINES, SIDE_LINES, ended);
    const at = rows.findIndex((row) => row.around === true);
    if (ended.aborted || at < 0) return;
    context.value = {
      extent: of,
      middle: rows[at]!,
      rows,
      hasOlder: at === SIDE_LINES,
      hasNewer: rows.length - at - 1 === SIDE_LINES,
    };
  } catch (error) {
    fail(error, ended);
  }
}

let isLoadingMore = false;

export async function loadMoreContext(side: 'older' | 'newer'): Promise<void> {
  const value = context.peek();
  // Lines of another extent stay in sight until those of the chosen one are there.
  if (value === undefined || value.extent !== extent.peek() || isLoadingMore) return;
  if (!(side === 'older' ? value.hasOlder : value.hasNewer)) return;
  const { signal: ended } = running;
  const edge = value.rows.at(side === 'older' ? 0 : -1)!;
  const [before, after] = side === 'older' ? [MORE_LINES, 0] : [0, MORE_LINES];
  isLoadingMore = true;
  try {
    const found = await around(edge.cursor!, extent.peek(), before, after, ended);
    if (ended.aborted) return;
    const rows = found.filter((row) => row.around !== true);
    const hasMore = rows.length === MORE_LINES;
    context.value =
      side === 'older'
        ? { ...value, rows: [...rows, ...value.rows], hasOlder: hasMore }
        : { ...value, rows: [...value.rows, ...rows], hasNewer: hasMore };
  } catch (error) {
    fail(error, ended);
  } finally {
    isLoadingMore = false;
  }
}

async function around(line: string, of: Extent, before: number, after: number, ended: AbortSignal) {
  const { rows } = await askLines(connection(), { around: line, context: of, before, after }, ended);
  return rows;
}

function fail(error: unknown, ended: AbortSignal): void {
  if (ended.aborted) return;
  noticeRevoked(error);
  contextProblem.value = error;
}
