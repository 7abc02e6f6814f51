/**
 * Notices lines that are older than a remembered erasure and arrive after it: an agent reads its node's files once
 * more, or a client pushes an old file. A batch costs one comparison of times, unless it reaches back before such an
 * erasure; then its streams are looked at, too. Whether a row really matches is for `judge` to find out, a moment later.
 */
import { instantOfMs, MS_PER_DAY } from '../../../../../shared/time.ts';
import { ERASE_AGAIN_DELAY_MS } from '../../../../limits.ts';
import type { Predicate } from '../../../../store/predicate.ts';
import type { RowGroupRef, WalRowGroupRef } from '../../segment/row-group-ref.ts';
import type { Store } from '../../core/store.ts';
import { mayMatch } from '../../scan/match-rows.ts';

export type LateLinesStore = Pick<Store, 'addMergeBarrier' | 'manifest' | 'onAppend' | 'snapshot'>;

/** Row groups that may have late lines of an erasure, from the first of them on. */
interface Due {
  readonly atMs: number;
  /**
   * Row groups of a lower `order` have none. It is where a WAL file begins, so that each segment lies on one side; and no
   * merge mixes the two.
   */
  readonly orderFrom: number;
  readonly removeBarrier: () => void;
}

interface Watched {
  readonly predicate: Predicate;
  readonly toMs: number;
  due: Due | undefined;
  /** Row groups of the WAL with a lower `order` were judged. */
  judgedTo: number;
  isJudging: boolean;
}

/** Returns the part of a predicate that is about times before an instant. */
export function upTo({ from, to, where }: Predicate, ms: number): Predicate {
  const instant = instantOfMs(ms);
  return { from, to: to === undefined || to > instant ? instant : to, where };
}

export class LateLines {
  readonly #store: LateLinesStore;
  readonly #now: () => number;
  readonly #watched = new Map<string, Watched>();
  readonly #endSubscription: () => void;
  /** The newest of all `toMs`. */
  #newestMs = -Infinity;

  constructor(store: LateLinesStore, now: () => number) {
    this.#store = store;
    this.#now = now;
    this.#endSubscription = store.onAppend((rowGroups) => {
      for (const rowGroup of rowGroups) {
        if (oldestTimeMs(rowGroup) < this.#newestMs) this.#notice(rowGroup);
      }
    });
  }

  /**
   * Begins, or begins again, to watch for an erasure.
   * @param predicate  has an end
   * @param orderFrom  row groups of a lower `order` have no row of it, or the job that runs erases them; begins a WAL file
   */
  watch(id: string, predicate: Predicate, orderFrom: number): void {
    this.forget(id);
    const watched: Watched = {
      predicate,
      toMs: Number((predicate.to! + 999_999n) / 1_000_000n),
      due: undefined,
      judgedTo: 0,
      isJudging: false,
    };
    this.#watched.set(id, watched);
    this.#newestMs = Math.max(this.#newestMs, watched.toMs);
    using snapshot = this.#store.snapshot();
    if (snapshot.rowGroups.some((each) => each.order >= orderFrom && isLate(each, watched))) {
      this.#setDue(watched, orderFrom);
    }
  }

  forget(id: string): void {
    this.#watched.get(id)?.due?.removeBarrier();
    this.#watched.delete(id);
    this.#newestMs = Math.max(-Infinity, ...[...this.#watched.values()].map(({ toMs }) => toMs));
  }

  /** Whether lines have waited long enough to be looked at together. */
  isDue(id: string): boolean {
    const { due, isJudging } = this.#watched.get(id) ?? {};
    if (due === undefined || isJudging === true) return false;
    // A clock that went back must not delay it.
    const waitsMs = due.atMs - this.#now();
    return waitsMs <= 0 || waitsMs > ERASE_AGAIN_DELAY_MS;
  }

  /**
   * Judges what has arrived so far.
   * @param find  looks for rows that match
   * @returns the `order` from which on rows are to be erased; undefined where none matches
   * @throws errors of `find`: what has arrived remains due
   */
  async judge(
    id: string,
    find: (rowGroups: readonly RowGroupRef[], predicate: Predicate) => Promise<boolean>,
  ): Promise<number | undefined> {
    const watched = this.#watched.get(id);
    if (watched?.due === undefined || watched.isJudging) return undefined;
    const { predicate, due, judgedTo } = watched;
    using snapshot = this.#store.snapshot();
    const rowGroups = snapshot.rowGroups.filter((each) => {
      return (
        each.order >= (isInWal(each) ? Math.max(due.orderFrom, judgedTo) : due.orderFrom) && mayMatch(each, predicate)
      );
    });
    // What arrives from now on is due by itself.
    watched.due = undefined;
    watched.isJudging = true;
    try {
      if (await find(rowGroups, predicate)) {
        this.#remainDue(id, watched, due.orderFrom);
        return due.orderFrom;
      }
      watched.judgedTo = Math.max(judgedTo, ...rowGroups.map(({ order, rowCount }) => order + rowCount));
      return undefined;
    } catch (error) {
      this.#remainDue(id, watched, due.orderFrom);
      throw error;
    } finally {
      watched.isJudging = false;
      due.removeBarrier();
    }
  }

  close(): void {
    this.#endSubscription();
    for (const id of this.#watched.keys()) this.forget(id);
  }

  #notice(rowGroup: RowGroupRef): void {
    for (const watched of this.#watched.values()) {
      if (watched.due !== undefined || !isLate(rowGroup, watched)) continue;
      // Whatever is flushed has been looked at, or this erasure would be due.
      this.#setDue(watched, this.#store.manifest.orderFrom);
    }
  }

  /** An erasure that was forgotten while its lines were judged must not hold merges back. */
  #remainDue(id: string, watched: Watched, orderFrom: number): void {
    if (this.#watched.get(id) === watched) this.#setDue(watched, orderFrom);
  }

  #setDue(watched: Watched, orderFrom: number): void {
    // More lines may have arrived while others were judged.
    const before = watched.due;
    const lowest = Math.min(orderFrom, before?.orderFrom ?? Infinity);
    const removeBarrier = this.#store.addMergeBarrier(lowest);
    watched.due = { atMs: before?.atMs ?? this.#now() + ERASE_AGAIN_DELAY_MS, orderFrom: lowest, removeBarrier };
    before?.removeBarrier();
  }
}

/** Compares numbers first: nearly all row groups are of later times. */
function isLate(rowGroup: RowGroupRef, { predicate, toMs }: Watched): boolean {
  return oldestTimeMs(rowGroup) < toMs && mayMatch(rowGroup, predicate);
}

function oldestTimeMs({ baseDay, minTimeNs }: RowGroupRef): number {
  return baseDay * MS_PER_DAY + minTimeNs / 1e6;
}

function isInWal(rowGroup: RowGroupRef): rowGroup is WalRowGroupRef {
  return 'decodedBytes' in rowGroup;
}
