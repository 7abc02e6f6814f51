/**
 * A walk over all rows that match a plan, in the order of the answer, in memory that does not depend on how many there are.
 * Row groups are scanned in waves, those with the best rows first, each once; and the rows that they have found are merged
 * as far as no row group that is left can have a better one. Row groups follow each other in time within a segment, so
 * that only a few overlap.
 *
 * A scan finds no more rows of a row group than there is room for: where more overlap than their rows fit, each is
 * scanned again from where its rows end.
 */
import { NS_PER_DAY } from '../../../../shared/time.ts';
import { SCAN_ROWS_AT_FIRST, SCAN_ROWS_AT_ONCE, SCANS_AT_ONCE } from '../../../limits.ts';
import { compareCursors } from '../../../store/cursor.ts';
import { narrowedByCursor, type Plan } from '../../../store/search-plan.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';
import { type BatchLimits, BatchBuilder, cursorOf, type RowBatch, type Run, withoutFirst } from './row-batch.ts';
import { placeOf } from './row-groups.ts';
import { isRowOf, type ScannedRows } from './scan.ts';
import { candidates, inOrder, type ScanContext } from './select.ts';
import { quarantineAll } from './unusable.ts';

export interface WalkLimits extends BatchLimits {
  /** Rows of the first batch; each of the next ones may have twice as many, up to `rows`. */
  readonly rowsAtFirst: number;
  /** Rows that are held, approximately: each row group that overlaps others has room for a few. */
  readonly rowsHeld: number;
}

/** Room for rows that each row group has in a wave, however many there are. */
const RUN_ROWS_MIN = 64;

/**
 * @param rowGroups  must stay readable until the generator ends
 * @throws the signal's reason
 */
export async function* walkRows(
  rowGroups: readonly RowGroupRef[],
  asked: Plan,
  context: ScanContext,
  signal: AbortSignal,
  limits: WalkLimits,
): AsyncGenerator<RowBatch> {
  const plan = narrowedByCursor(asked);
  const left = inOrder(await candidates(rowGroups, plan, context, signal), plan);
  const walk = new RowWalk(left, plan, { context, signal, rowsHeld: limits.rowsHeld });
  for (let rows = limits.rowsAtFirst, isFirst = true; ; rows = Math.min(rows * 2, limits.rows), isFirst = false) {
    const batch = await walk.next({ rows, lineBytes: limits.lineBytes });
    if (batch === undefined) return;
    const from = isFirst && isRowOf(batch.cursorAt(0), plan) ? 1 : 0;
    if (batch.rows.length > from) yield from === 0 ? batch : withoutFirst(batch);
  }
}

interface WalkContext extends Pick<WalkLimits, 'rowsHeld'> {
  readonly context: ScanContext;
  readonly signal: AbortSignal;
}

class RowWalk {
  readonly #left: readonly RowGroupRef[];
  readonly #plan: Plan;
  readonly #context: ScanContext;
  readonly #signal: AbortSignal;
  readonly #rowsHeld: number;
  readonly #sign: number;
  /** Number of row groups that have been scanned. */
  #scannedCount = 0;
  /** A heap: the run with the best row is the first. */
  readonly #runs: Run[] = [];
  /** Rows that have been found and are not in a batch yet. */
  #heldCount = 0;
  #waveRows = SCAN_ROWS_AT_FIRST;

  /** @param left  in the order of their best rows */
  constructor(left: readonly RowGroupRef[], plan: Plan, { context, signal, rowsHeld }: WalkContext) {
    this.#rowsHeld = rowsHeld;
    this.#left = left;
    this.#plan = plan;
    this.#context = context;
    this.#signal = signal;
    this.#sign = plan.direction === 'forward' ? 1 : -1;
  }

  /** Returns undefined when there are no more rows. */
  async next(limits: BatchLimits): Promise<RowBatch | undefined> {
    const batch = new BatchBuilder(limits);
    while (!batch.isFull) {
      const best = this.#runs[0];
      const boundaryNs = best === undefined ? undefined : this.#boundaryNs(best);
      // A row group that is left may have rows as good as the best one.
      if (boundaryNs === undefined || this.#sign * (best!.found.timesNs[best!.at]! - boundaryNs) >= 0) {
        // What there is does not wait for a scan.
        if (batch.hasRows || this.#scannedCount === this.#left.length) break;
        await this.#scanWave();
        continue;
      }
      this.#heldCount -= batch.take(best!, this.#countBefore(best!, boundaryNs, batch.room));
      if (best!.at === best!.found.rows.length) await this.#ended(best!);
      else this.#siftDown(0);
    }
    for (const run of this.#runs) run.place = -1;
    return batch.finish();
  }

  /** Returns how many rows of the best run come before those of all others, and before a time; at most `most`. */
  #countBefore(best: Run, boundaryNs: number, most: number): number {
    const { timesNs, rows } = best.found;
    const rival = this.#rival();
    const rivalNs = rival === undefined ? this.#sign * Infinity : this.#timeIn(best.group, rival);
    const end = Math.min(rows.length, best.at + most);
    let at = best.at + 1;
    for (; at < end; at++) {
      const timeNs = timesNs[at]!;
      if (this.#sign * (timeNs - boundaryNs) >= 0) break;
      const toRival = this.#sign * (timeNs - rivalNs);
      if (toRival > 0 || (toRival === 0 && this.#compare(best, at, rival!, rival!.at) > 0)) break;
    }
    return at - best.at;
  }

  /** The time from which on rows of row groups that are left may come first, from the start of a group's base day. */
  #boundaryNs({ group }: Run): number {
    const next = this.#left[this.#scannedCount];
    if (next === undefined) return this.#sign * Infinity;
    const bestNs = this.#plan.direction === 'forward' ? next.minTimeNs : next.maxTimeNs;
    return (next.baseDay - group.baseDay) * NS_PER_DAY + bestNs;
  }

  #timeIn({ baseDay }: RowGroupRef, { group, found, at }: Run): number {
    return (group.baseDay - baseDay) * NS_PER_DAY + found.timesNs[at]!;
  }

  /** The second best run. */
  #rival(): Run | undefined {
    const [, a, b] = this.#runs;
    if (a === undefined || b === undefined) return a;
    return this.#isBefore(a, b) ? a : b;
  }

  /** Scans the next row groups: all that may have rows as good as the best one, and as many more as there is room for. */
  async #scanWave(): Promise<void> {
    const wave: RowGroupRef[] = [];
    let rows = 0;
    const best = this.#runs[0];
    while (this.#scannedCount < this.#left.length) {
      const group = this.#left[this.#scannedCount]!;
      const isNeeded =
        wave.length === 0 ||
        (best !== undefined && this.#sign * (best.found.timesNs[best.at]! - this.#boundaryNs(best)) >= 0);
      if (!isNeeded && rows + group.rowCount > this.#waveRows) break;
      wave.push(group);
      rows += group.rowCount;
      this.#scannedCount++;
    }
    const room = Math.floor((this.#rowsHeld - this.#heldCount) / wave.length);
    const plan = { ...this.#plan, limit: Math.max(RUN_ROWS_MIN, room) };
    await Promise.all(
      shares(wave, SCANS_AT_ONCE).map(async (share) => {
        for (let from = 0; from < share.length;) {
          const groups = share.slice(from);
          const scanned = await this.#scan(groups, plan);
          for (const [i, found] of scanned.entries()) this.#addRun(groups[i]!, found, plan.limit);
          from += scanned.length;
        }
      }),
    );
    const isRoomy = this.#heldCount < this.#rowsHeld / 4;
    this.#waveRows = isRoomy
      ? Math.min(this.#waveRows * 2, SCANS_AT_ONCE * SCAN_ROWS_AT_ONCE)
      : Math.max(this.#waveRows / 2, SCAN_ROWS_AT_FIRST);
  }

  async #scan(groups: readonly RowGroupRef[], plan: Plan): Promise<readonly ScannedRows[]> {
    this.#signal.throwIfAborted();
    const { scanned, unusable } = await this.#context.scan({ places: groups.map(placeOf), plan }, this.#signal);
    await quarantineAll(unusable, groups, this.#context.quarantine);
    return scanned;
  }

  #addRun(group: RowGroupRef, found: ScannedRows, limit: number): void {
    if (found.rows.length === 0) return;
    this.#heldCount += found.rows.length;
    const isCut = found.rows.length === limit;
    this.#runs.push({ group, found, at: 0, isCut, ranks: undefined, place: -1 });
    for (let at = this.#runs.length - 1; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(this.#runs[at]!, this.#runs[parent]!)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** The rows of the best run are taken: it gets the next ones of its row group, or goes. */
  async #ended(run: Run): Promise<void> {
    if (run.isCut) {
      const last = cursorOf(run, run.found.rows.length - 1);
      const after = this.#sign > 0 ? last : { ...last, arrival: last.arrival - 1 };
      const limit = Math.max(RUN_ROWS_MIN, Math.floor((this.#rowsHeld - this.#heldCount) / this.#runs.length));
      const [found] = await this.#scan([run.group], { ...narrowedByCursor({ ...this.#plan, after }), limit });
      if (found !== undefined && found.rows.length > 0) {
        run.found = found;
        run.at = 0;
        run.isCut = found.rows.length === limit;
        this.#heldCount += found.rows.length;
        return this.#siftDown(0);
      }
    }
    const last = this.#runs.pop()!;
    if (this.#runs.length > 0) {
      this.#runs[0] = last;
      this.#siftDown(0);
    }
  }

  #siftDown(start: number): void {
    const runs = this.#runs;
    for (let at = start; ;) {
      let best = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < runs.length && this.#isBefore(runs[child]!, runs[best]!)) best = child;
      }
      if (best === at) return;
      this.#swap(at, best);
      at = best;
    }
  }

  #swap(a: number, b: number): void {
    [this.#runs[a], this.#runs[b]] = [this.#runs[b]!, this.#runs[a]!];
  }

  #isBefore(a: Run, b: Run): boolean {
    const byTime = this.#sign * (a.found.timesNs[a.at]! - this.#timeIn(a.group, b));
    return byTime === 0 ? this.#compare(a, a.at, b, b.at) < 0 : byTime < 0;
  }

  /** Compares rows of two runs in the direction of the answer; of one stream and time, by the place of their row groups. */
  #compare(a: Run, atA: number, b: Run, atB: number): number {
    const byCursor = compareCursors(cursorOf(a, atA), cursorOf(b, atB)) || a.group.order - b.group.order;
    return this.#sign * byCursor;
  }
}

/** Cuts a list into a few parts of about as many rows. */
function shares(groups: readonly RowGroupRef[], count: number): RowGroupRef[][] {
  const parts = Array.from({ length: count }, (): RowGroupRef[] => []);
  const rows = groups.reduce((sum, { rowCount }) => sum + rowCount, 0);
  let before = 0;
  for (const group of groups) {
    parts[Math.min(count - 1, Math.floor((before * count) / rows))]!.push(group);
    before += group.rowCount;
  }
  return parts.filter((part) => part.length > 0);
}
