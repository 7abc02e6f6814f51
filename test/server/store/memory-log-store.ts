/** A LogStore that is an array: too simple to be wrong, and the other one that the contract is held against. */
import { labelsKey } from '../../../shared/labels.ts';
import { metadataOf } from '../../shared/row-group/metadata.ts';
import { RowGroup } from '../../../shared/row-group/reader.ts';
import { instantOf, instantOfMs } from '../../../shared/time.ts';
import { assertFits, verifyBatch } from '../../../server/engines/embedded/core/row-group-ref.ts';
import { Positions } from '../../../server/ingest/positions.ts';
import {
  type ErasureRequest,
  type ErasureStatus,
  namesOf,
  withoutValues,
} from '../../../server/store/erasure-status.ts';
import type { StoreCapacity } from '../../../server/store/capacity.ts';
import { NO_CURSOR_KEY } from '../../../server/store/cursor.ts';
import type { Following, LogStore, LogView } from '../../../server/store/log-store.ts';
import { decide, EVERYTHING, type Predicate, type Where } from '../../../server/store/predicate.ts';
import type { Query } from '../../../server/store/query.ts';
import { type Plan, planForAll } from '../../../server/store/search-plan.ts';
import type { PieceOf, Sink } from '../../../server/store/sink.ts';
import type { StoreStats } from '../../../server/store/stats.ts';
import { naiveAggregate } from './naive-aggregate.ts';
import { naiveBlock } from './naive-block.ts';
import { naiveFacets, naiveSides } from './naive-facets.ts';
import { naiveText } from './naive-text.ts';
import { isWanted, naiveCursor, type NaiveLine, naiveSearch } from './naive-search.ts';

export interface MemoryOptions {
  readonly now: () => number;
  readonly retentionMs: number;
}

export function memoryLogStore({ now, retentionMs }: MemoryOptions): LogStore {
  let lines: readonly NaiveLine[] = [];
  let arrived = 0;
  const erasures: ErasureStatus[] = [];
  /** By id: what is erased if it comes back. */
  const remembered = new Map<string, Predicate>();
  const positions = new Positions(now);
  const tails = new Set<(added: readonly NaiveLine[]) => void>();

  const erase = (filter: Predicate, isRemembered = false, request?: ErasureRequest): ErasureStatus => {
    const left = lines.filter((line) => !isWanted(line, filter));
    const to = instantOfMs(now());
    const keptMs = retentionMs + 86_400_000;
    const status: ErasureStatus = {
      id: String(erasures.length + 1),
      state: 'done',
      requestedMs: now(),
      doneMs: now(),
      rememberedUntilMs: isRemembered ? now() + keptMs : undefined,
      names: namesOf(filter),
      segments: { done: 0, total: 0 },
      rowCount: lines.length - left.length,
      request: isRemembered ? request : request && withoutValues(request),
      problem: undefined,
    };
    lines = left;
    erasures.push(status);
    if (isRemembered) {
      remembered.set(status.id, { ...filter, to: filter.to === undefined || filter.to > to ? to : filter.to });
    }
    return status;
  };

  const change = (id: string, changes: Partial<ErasureStatus>): ErasureStatus | undefined => {
    const at = erasures.findIndex((each) => each.id === id);
    return at < 0 ? undefined : (erasures[at] = { ...erasures[at]!, ...changes });
  };
  const forget = (id: string): ErasureStatus | undefined => {
    remembered.delete(id);
    const request = erasures.find((each) => each.id === id)?.request;
    return change(id, { rememberedUntilMs: undefined, request: request && withoutValues(request) });
  };
  const eraseAgain = (id: string, filter: Predicate): void => {
    const { rowCount, rememberedUntilMs } = erasures.find((each) => each.id === id)!;
    if (now() > rememberedUntilMs!) {
      forget(id);
      return;
    }
    const left = lines.filter((line) => !isWanted(line, filter));
    change(id, { rowCount: rowCount + lines.length - left.length });
    lines = left;
  };

  return {
    positions,
    append: async (_bytes, batch) => {
      const info = verifyBatch(batch);
      if (info !== undefined) assertFits(info);
      const rowCount = info?.rowCount ?? 0;
      const added = rowCount === 0 ? [] : linesOf(batch.rowGroup, arrived);
      arrived += rowCount;
      lines = [...lines, ...added];
      positions.apply(batch);
      for (const tail of tails) tail(added);
      return { rowCount };
    },
    cursorKey: NO_CURSOR_KEY,
    view: () => viewOf(lines),
    follow: (plan, sink, query) => {
      const waiting: NaiveLine[] = [];
      let wake = (): void => {};
      const tail = (added: readonly NaiveLine[]): void => {
        waiting.push(...naiveSearch(added, planForAll(plan)));
        wake();
      };
      tails.add(tail);
      return following({ view: viewOf(lines), lines }, plan, sink, query, {
        next: async () => {
          for (;;) {
            query.signal.throwIfAborted();
            if (waiting.length > 0) return waiting.splice(0);
            const { promise, resolve } = Promise.withResolvers<void>();
            wake = resolve;
            query.signal.addEventListener('abort', wake, { once: true });
            await promise;
          }
        },
        leave: () => tails.delete(tail),
      });
    },
    erase: async (filter, isRemembered, request) => erase(filter, isRemembered, request),
    erasures: () => erasures,
    erasure: (id) => erasures.find((each) => each.id === id),
    forgetErasure: async (id) => forget(id),
    tick: async () => {
      positions.expire();
      for (const [id, filter] of remembered) eraseAgain(id, filter);
      if (retentionMs === Infinity) return;
      const oldest = instantOfMs(now() - retentionMs);
      lines = lines.filter(({ instant }) => instant >= oldest);
    },
    stats: () => statsOf(lines),
    capacity: () => ({
      space: undefined,
      intake: intakeOf(lines, now()),
      retention: { ageMs: retentionMs, maxSizeBytes: Infinity, rules: [] },
      levelBytes: 0,
    }),
    problem: undefined,
    unreadableCount: 0,
    close: async () => {},
  };
}

const LINES_OF_PIECE = 200;

function viewOf(lines: readonly NaiveLine[]): LogView {
  return {
    async *search<S extends Sink>(plan: Plan, sink: S, query: Query): AsyncGenerator<PieceOf<S>> {
      query.signal.throwIfAborted();
      query.statistics.rowsMatched += lines.filter((line) => isWanted(line, plan)).length;
      const found = naiveSearch(lines, { ...plan, limit: plan.limit + 1 });
      const page = found.slice(0, plan.limit);
      const last = page.at(-1);
      query.page.hasMore = found.length > page.length;
      query.page.last = last && naiveCursor(last, NaN);
      // One by one, unless they are all that there are.
      const size = plan.limit === Infinity ? LINES_OF_PIECE : 1;
      for (let from = 0; from < page.length; from += size) {
        const piece = page.slice(from, from + size);
        if (plan.limit === Infinity) query.page.last = naiveCursor(piece.at(-1)!, NaN);
        yield pieceOf(piece, sink);
      }
    },
    aggregate: async (plan, query) => {
      if (lines.some(({ metadata }) => Object.keys(metadata ?? {}).length > 0)) query.statistics.withMetadata++;
      const cells = naiveAggregate(lines, plan);
      return { cells: cells.slice(0, plan.limit), groupCount: cells.length, groupCountError: 0 };
    },
    facets: async (predicate, names) => naiveFacets(lines, predicate, names),
    facetsOfSides: async (sides, values) => naiveSides(lines, sides, values),
    rowValues: async (predicate, { names, rowsMax, bytesMax }) => {
      const found = lines.filter((line) => isWanted(line, predicate));
      const { rowCount, fields } = naiveBlock(found, { kind: 'rows', fields: names });
      const sizeBytes = fields.reduce((sum, { values }) => sum + values.bytes.length, 0);
      return rowCount > rowsMax || sizeBytes > bytesMax ? undefined : [{ rowCount, fields }];
    },
    nameRows: async (predicate) => {
      const { facets } = naiveFacets(lines, predicate, undefined);
      return new Map(facets.map(({ name, rows }) => [name, rows]));
    },
    streams: async (predicate) => {
      const found = lines.filter((line) => mayMatchByLabels(line, predicate));
      return [...new Map(found.map(({ labels }) => [labelsKey(labels), labels])).values()];
    },
    [Symbol.dispose]: () => {},
  };
}

/** A line without text has no fields: only labels are looked at. */
function mayMatchByLabels(line: NaiveLine, { from, to, where }: Predicate): boolean {
  const labelled = { ...line, text: '' };
  if (!isWanted(labelled, { from, to, where: EVERYTHING })) return false;
  const judge = (leaf: Where): boolean | undefined =>
    leaf.kind === 'value' ? isWanted(labelled, { from, to, where: leaf }) : undefined;
  return decide(where, judge) !== false;
}

interface News {
  readonly next: () => Promise<readonly NaiveLine[]>;
  readonly leave: () => void;
}

function following<S extends Sink>(
  { view, lines }: { readonly view: LogView; readonly lines: readonly NaiveLine[] },
  plan: Plan,
  sink: S,
  query: Query,
  { next, leave }: News,
): Following<PieceOf<S>> {
  const history = async function* (): AsyncGenerator<PieceOf<S>> {
    const { after, ...rest } = plan;
    if (after !== undefined) {
      const all = naiveSearch(lines, { ...rest, direction: 'forward', limit: Infinity });
      const isNew = new Set(naiveSearch(lines, { ...plan, direction: 'forward', limit: Infinity }));
      yield pieceOf(
        all.filter((line) => isNew.has(line) || line.batchFrom! > after.arrival),
        sink,
      );
      return;
    }
    const newest = await Array.fromAsync(view.search({ ...plan, direction: 'backward' }, sink, query));
    yield* newest.toReversed();
  };
  const news = async function* (): AsyncGenerator<PieceOf<S>> {
    for (;;) yield pieceOf(await next(), sink);
  };
  return { history: history(), view, news: news(), leave };
}

function pieceOf<S extends Sink>(lines: readonly NaiveLine[], sink: S): PieceOf<S> {
  return (sink.kind === 'text' ? naiveText(lines, sink) : naiveBlock(lines, sink)) as PieceOf<S>;
}

function statsOf(lines: readonly NaiveLine[]): StoreStats {
  const instants = lines.map(({ instant }) => instant).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return {
    rowCount: lines.length,
    lineBytes: lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
    streamCount: new Set(lines.map(({ labels }) => labelsKey(labels))).size,
    oldestInstant: instants.at(0),
    newestInstant: instants.at(-1),
    // Of files and what they are made of there are none.
    storedBytes: 0,
    walBytes: 0,
    walFileCount: 0,
    segmentCount: 0,
    rowGroupCount: 0,
    streamBytes: 0,
    quarantinedCount: 0,
    unreadableCount: 0,
    clockAheadMs: 0,
  };
}

function intakeOf(lines: readonly NaiveLine[], nowMs: number): StoreCapacity['intake'] {
  const [from, to] = [instantOfMs(nowMs - 86_400_000), instantOfMs(nowMs)];
  const last = lines.filter(({ instant }) => instant >= from && instant <= to);
  const oldest = lines.reduce((min, { instant }) => (instant < min ? instant : min), to);
  return {
    days: Math.min(1, Number(to - oldest) / 86_400e9),
    rowCount: last.length,
    lineBytes: last.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
    // There are no files.
    storedBytes: 0,
  };
}

function linesOf(rowGroup: Uint8Array, arrived: number): NaiveLine[] {
  const group = new RowGroup(rowGroup);
  const rows = Array.from({ length: group.info.rowCount }, (_, row) => row);
  const { bytes, offsets } = group.lines(rows);
  const metadata = metadataOf(group);
  return rows.map((row) => ({
    text: bytes.toString('utf8', offsets[row], offsets[row + 1]),
    labels: group.info.streams[group.streamCodes()[row]!]!,
    run: group.runs[group.runCodes()[row]! - 1],
    metadata: metadata[row],
    instant: instantOf(group.info.baseDay, group.timesNs()[row]!),
    arrival: arrived + row,
    batchFrom: arrived,
  }));
}
