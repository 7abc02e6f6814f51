/** Searches whose answer is read as a whole: rows of requests, bounded in number and bytes. */
import type { LogView } from '../store/log-store.ts';
import type { Predicate } from '../store/predicate.ts';
import type { MemoryShare } from '../store/query-budget.ts';
import type { Query } from '../store/query.ts';
import type { Direction } from '../store/search-plan.ts';
import { sizeOfBlock } from '../store/row-block.ts';
import type { RowsSink } from '../store/sink.ts';
import { FIELDS_OF_USER, REQUEST_FIELDS, type RequestRow, requestRowsOf } from './request-rows.ts';

const WITH_LINES: RowsSink = { kind: 'rows', fields: REQUEST_FIELDS };
const OF_USER: RowsSink = { kind: 'rows', fields: FIELDS_OF_USER, withoutLines: true };

export interface RowSearch {
  readonly view: LogView;
  readonly query: Query;
  /** Where the rows that are read are counted; whoever made it holds it as long as the rows. */
  readonly memory: MemoryShare;
  readonly direction: Direction;
  readonly rowsMax: number;
  readonly bytesMax: number;
  /** All rows are of one user. Their lines and users are empty: what they say of requests is enough. */
  readonly ofUser?: true;
}

export interface FoundRows {
  /** In the direction of the search. */
  readonly rows: readonly RequestRow[];
  /** Whether there are more. */
  readonly isCut: boolean;
}

/**
 * Returns the rows of several searches that have none in common, as one search would.
 * @throws UnavailableError  answers in progress hold too much
 */
export async function foundRows(asked: RowSearch, predicates: readonly Predicate[]): Promise<FoundRows> {
  const found = await Promise.all(predicates.map((predicate) => search(asked, predicate)));
  const sign = asked.direction === 'forward' ? 1 : -1;
  const all = found.flatMap(({ rows }) => rows);
  // Rows of one search are already in order.
  if (found.filter(({ rows }) => rows.length > 0).length > 1) all.sort((a, b) => sign * compared(a.instant, b.instant));
  const rows = withinBytes(all.slice(0, asked.rowsMax), asked.bytesMax);
  return { rows, isCut: rows.length < all.length || found.some(({ isCut }) => isCut) };
}

async function search(asked: RowSearch, predicate: Predicate): Promise<FoundRows> {
  const { view, query, memory, direction, rowsMax, bytesMax, ofUser } = asked;
  const sink = ofUser === true ? OF_USER : WITH_LINES;
  const rows: RequestRow[] = [];
  let sizeBytes = 0;
  for await (const block of view.search({ ...predicate, direction, limit: rowsMax + 1 }, sink, query)) {
    memory.add(sizeOfBlock(block));
    rows.push(...requestRowsOf(block));
    sizeBytes += block.lines.bytes.length;
    if (sizeBytes > bytesMax || rows.length > rowsMax) return { rows, isCut: true };
  }
  return { rows, isCut: false };
}

/** At least one row. */
function withinBytes(rows: readonly RequestRow[], bytesMax: number): readonly RequestRow[] {
  let sizeBytes = 0;
  const end = rows.findIndex(({ line }, at) => (sizeBytes += Buffer.byteLength(line)) > bytesMax && at > 0);
  return end < 0 ? rows : rows.slice(0, end);
}

function compared(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
