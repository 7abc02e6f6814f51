/** A line in its context: what was written just before and after it, whatever the search text says. */
import { effect, signal } from '@preact/signals';
import type { LogRow } from '../../shared/client/answers.ts';
import { askLines, type Parameters } from '../../shared/client/client.ts';
import { literal } from '../search/literal.ts';
import { runCount } from './navigation.ts';
import type { Loading } from './search.ts';
import { access, connection, noticeRevoked } from './session.ts';

export type Extent = 'container' | 'app' | 'namespace' | 'everything';
export const EXTENTS: readonly { readonly extent: Extent; readonly label: string }[] = [
  { extent: 'container', label: 'This container' },
  { extent: 'app', label: 'App' },
  { extent: 'namespace', label: 'Namespace' },
  { extent: 'everything', label: 'Everything' },
];

export interface Context {
  readonly middle: LogRow;
  readonly rows: readonly LogRow[];
  readonly older: URLSearchParams | undefined;
  readonly newer: URLSearchParams | undefined;
}

const SIDE_LINES = 25;
const MORE_LINES = 100;
/** Lines that are further away in time are of another day. */
const REACH_MS = 6 * 3_600e3;

/** The line whose context is shown. */
export const contextOf = signal<LogRow | undefined>(undefined);
export const extent = signal<Extent>('container');
export const context = signal<Loading<Context>>({ value: undefined, isLoading: false, error: undefined });

let running = new AbortController();

// Another question leaves the context, and so does another token, which may not see its lines.
effect(() => {
  void runCount.value;
  void access.value;
  contextOf.value = undefined;
});

export function showContext(row: LogRow): void {
  contextOf.value = row;
  context.value = { value: undefined, isLoading: true, error: undefined };
  void load(row, extent.peek());
}

export function setExtent(next: Extent): void {
  extent.value = next;
  const row = contextOf.peek();
  if (row !== undefined) void load(row, next);
}

export function closeContext(): void {
  running.abort();
  contextOf.value = undefined;
}

async function load(middle: LogRow, of: Extent): Promise<void> {
  running.abort();
  running = new AbortController();
  const { signal: ended } = running;
  context.value = { ...context.peek(), isLoading: true };
  const ms = Date.parse(middle.time);
  const filters = { ...filtersOf(middle, of), cursor: middle.cursor, limit: SIDE_LINES };
  const [since, until] = [ms - REACH_MS, ms + REACH_MS].map((each) => new Date(each).toISOString());
  try {
    const [older, newer] = await Promise.all([
      askLines(connection(), { ...filters, since, until, order: 'newest' }, ended),
      askLines(connection(), { ...filters, since, until, order: 'oldest' }, ended),
    ]);
    if (ended.aborted) return;
    // As in a file: the oldest first.
    const rows = [...older.rows.toReversed(), middle, ...newer.rows];
    const value = { middle, rows, older: more(older.next), newer: more(newer.next) };
    context.value = { value, isLoading: false, error: undefined };
  } catch (error) {
    if (ended.aborted) return;
    noticeRevoked(error);
    context.value = { value: undefined, isLoading: false, error };
  }
}

function more(next: URLSearchParams | undefined): URLSearchParams | undefined {
  next?.set('limit', String(MORE_LINES));
  return next;
}

export async function loadMoreContext(side: 'older' | 'newer'): Promise<void> {
  const { value } = context.peek();
  const next = value?.[side];
  if (value === undefined || next === undefined) return;
  const { signal: ended } = running;
  try {
    const page = await askLines(connection(), next, ended);
    if (ended.aborted) return;
    const rows = side === 'older' ? [...page.rows.toReversed(), ...value.rows] : [...value.rows, ...page.rows];
    context.value = { ...context.peek(), value: { ...value, rows, [side]: more(page.next) } };
  } catch (error) {
    if (ended.aborted) return;
    noticeRevoked(error);
    context.value = { ...context.peek(), error };
  }
}

/** The filters that a context has instead of the search text. */
function filtersOf({ labels }: LogRow, of: Extent): Parameters {
  const own = (...names: readonly string[]): Parameters =>
    Object.fromEntries(
      names.filter((name) => labels[name] !== undefined).map((name) => [`label.${name}`, literal(labels[name]!)]),
    );
  switch (of) {
    case 'container': {
      const pod = own('namespace', 'pod', 'container');
      return Object.keys(pod).length > 0 ? pod : own(...Object.keys(labels));
    }
    case 'app':
      return own('namespace', 'container');
    case 'namespace':
      return own('namespace');
    case 'everything':
      return {};
  }
}
