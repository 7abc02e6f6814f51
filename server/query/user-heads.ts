/**
 * What the totals of a user's requests are made of: of each line about a request as a whole, which request it is, how long it took and
 * how it ended. Without times, a store finds this in a few columns; times are asked for only where they decide.
 */
import { LEVEL } from '../../shared/levels.ts';
import { DURATION_NAMES, durationMsOf, isStatus, REQUEST_ID_NAMES, STATUS_NAMES } from '../../shared/request-names.ts';
import { USER_BYTES_MAX, USER_LINES_MAX } from '../limits.ts';
import type { Predicate } from '../store/predicate.ts';
import { buffersOfValues, type RowValues } from '../store/row-values.ts';
import { isDuration, isHead, partReaders, type RequestRow, saysFailed } from './request-rows.ts';
import { type FoundRows, foundRows, type RowSearch } from './request-search.ts';

export interface UserHead {
  readonly requestId: string | undefined;
  readonly durationMs: number | undefined;
  readonly failed: boolean;
}

/** The head that counts of each request, by its id; those without an id are one each. */
export interface OutermostHeads {
  readonly byId: ReadonlyMap<string, OutermostHead>;
  readonly alone: readonly UserHead[];
  /** Only of the newest lines, up to this instant; undefined where these are all. */
  readonly cutAt: bigint | undefined;
}

interface OutermostHead extends UserHead {
  /** Number of heads of the request that took as long: the last of them counts. */
  readonly count: number;
}

const NAMES: readonly string[] = [...STATUS_NAMES, ...DURATION_NAMES, ...REQUEST_ID_NAMES];
/** Where a line has no status, its level says how it ended. */
const WITH_LEVEL: readonly string[] = [...NAMES, LEVEL];

/**
 * Lines that are read already are not read again.
 * @param searches  that have no line in common
 * @param newest  of their lines, at least one
 */
export async function outermostHeads(
  asked: Omit<RowSearch, 'direction'>,
  searches: readonly Predicate[],
  newest: FoundRows,
): Promise<OutermostHeads> {
  const { instant: last } = newest.rows.at(-1)!;
  const earlier = searches.map((each) => ({ ...each, to: last + 1n }));
  const heads = await headsByValues(asked, earlier);
  if (heads !== undefined) {
    // There may be more lines at the last instant, none after it.
    for (const head of headsOfRows(newest.rows.filter(({ instant }) => instant > last))) heads.push(head);
    const outermost = heads.length > USER_LINES_MAX ? undefined : outermostOfEach(heads);
    if (outermost !== undefined) return { ...outermost, cutAt: undefined };
  }
  return headsInRows(await foundRows({ ...asked, direction: 'backward' }, searches));
}

/** Returns the same of rows that are read already, the newest first. */
export function headsInRows({ rows, isCut }: FoundRows): OutermostHeads {
  return { ...outermostOfEach(headsOfRows(rows), true)!, cutAt: isCut ? rows.at(-1)!.instant : undefined };
}

/** @param rows  the newest first */
function headsOfRows(rows: readonly RequestRow[]): UserHead[] {
  return rows
    .filter(isHead)
    .toReversed()
    .map((row) => ({ ...row, failed: saysFailed(row) }));
}

/** Returns undefined where there are too many in one search, or where columns do not tell which lines are heads. */
async function headsByValues(
  { view, query, memory }: Pick<RowSearch, 'view' | 'query' | 'memory'>,
  searches: readonly Predicate[],
  names = NAMES,
): Promise<UserHead[] | undefined> {
  const asked = { names, rowsMax: USER_LINES_MAX, bytesMax: USER_BYTES_MAX };
  const found = await Promise.all(searches.map((predicate) => view.rowValues(predicate, asked, query)));
  const heads: UserHead[] = [];
  for (const values of found) {
    if (values === undefined) return undefined;
    for (const some of values) {
      memory.add(buffersOfValues(some).reduce((sum, { byteLength }) => sum + byteLength, 0));
      const own = headsOf(some, names === WITH_LEVEL);
      if (own === undefined) return undefined;
      if (own === 'needs-levels') return headsByValues({ view, query, memory }, searches, WITH_LEVEL);
      for (const head of own) heads.push(head);
    }
  }
  return heads;
}

function headsOf({ rowCount, fields }: RowValues, haveLevels: boolean): UserHead[] | 'needs-levels' | undefined {
  const reader = partReaders(fields);
  const status = reader(STATUS_NAMES, isStatus);
  const anyStatus = reader(STATUS_NAMES, () => true);
  const duration = reader(DURATION_NAMES, isDuration);
  const requestId = reader(REQUEST_ID_NAMES);
  const level = haveLevels ? reader([LEVEL]) : () => undefined;
  const heads: UserHead[] = [];
  for (let row = 0; row < rowCount; row++) {
    const found = status(row)?.value;
    // A value that is not a status may have made it seem to be a head.
    if (found === undefined && anyStatus(row) !== undefined) return undefined;
    if (found === undefined && !haveLevels) return 'needs-levels';
    const took = duration(row);
    heads.push({
      requestId: requestId(row)?.value,
      durationMs: took && durationMsOf(took.name, took.value),
      failed: saysFailed({ status: found, level: level(row)?.value }),
    });
  }
  return heads;
}

/** Returns undefined where heads that took equally long ended differently, and it is not known which was the last. */
function outermostOfEach(
  heads: readonly UserHead[],
  areInOrder = false,
): Pick<OutermostHeads, 'byId' | 'alone'> | undefined {
  const byId = new Map<string, OutermostHead>();
  const alone: UserHead[] = [];
  for (const { requestId, durationMs, failed } of heads) {
    if (requestId === undefined) {
      alone.push({ requestId, durationMs, failed });
      continue;
    }
    const known = byId.get(requestId);
    const longer = (durationMs ?? -1) - (known?.durationMs ?? -1);
    if (known === undefined || longer > 0) byId.set(requestId, { requestId, durationMs, failed, count: 1 });
    else if (longer === 0) {
      if (known.failed !== failed && !areInOrder) return undefined;
      byId.set(requestId, { ...known, failed, count: known.count + 1 });
    }
  }
  return { byId, alone };
}
