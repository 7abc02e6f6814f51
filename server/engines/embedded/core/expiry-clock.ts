/**
 * The time by which stored data expires: the wall clock, as long as it can be trusted. A clock that jumps must not drop
 * in seconds what should have been kept for weeks.
 *
 * The clock is compared with the expected time: the last trusted time plus the monotonic clock since then; after a
 * start, the last time that the store recorded. While it differs by more than CLOCK_JUMP_MS, expiry uses the earlier of
 * the two. The wall clock is trusted once the difference has lasted for CLOCK_HOLD_MS, unless arriving lines contradict
 * it: a server whose clock differs from all senders' is wrong. Lines from the future, and from long ago, have no other
 * effect: a quiet store expires its lines, too.
 *
 * When the manifest was rebuilt, its record of the clock is lost, and the newest line proves nothing: it may be from
 * after a jump. So nothing expires until the server has run for CLOCK_HOLD_MS. Only expiry waits; `now` and the ages
 * that are counted by it go on.
 *
 * Times that are recorded in one run and compared in another, like the ages of positions, use `steadyNow`: the same
 * time without the jumps. It advances only with elapsed time, whatever the clock was set to, and also from one process
 * to the next.
 */
import type { Logger } from 'pino';
import { CLOCK_HOLD_MS, CLOCK_JUMP_MS, CLOCK_LINES_MS } from '../../../limits.ts';

export interface ExpiryClockOptions {
  /** Epoch milliseconds; may jump. */
  readonly now: () => number;
  /** Milliseconds since any fixed instant; advances evenly, and starts afresh with each process. */
  readonly monotonicMs: () => number;
  readonly log: Pick<Logger, 'error' | 'info'>;
}

/** The clock's state that a store keeps for its next start. */
export interface SavedClock {
  /** The last time; absent when the manifest was rebuilt, until a time is recorded. */
  readonly seenMs?: number;
  /** `steadyNow` at that time; absent when it is the same. */
  readonly steadyMs?: number;
  /** How long the clock has been distrusted, and how far it is ahead; 0 while it is trusted. */
  readonly heldMs: number;
  readonly aheadMs: number;
  /** How long the server must still run before anything expires; absent when it need not. */
  readonly keepAllMs?: number;
}

/** State after the manifest was rebuilt. */
export const LOST_CLOCK: SavedClock = { heldMs: 0, aheadMs: 0, keepAllMs: CLOCK_HOLD_MS };

interface Hold {
  readonly sinceMs: number;
  /** How far the wall clock is ahead of the expected time. */
  readonly aheadMs: number;
}

export class ExpiryClock {
  readonly #options: ExpiryClockOptions;
  /** A trusted time, and the monotonic clock then; undefined while there is none. */
  #believed: { readonly wallMs: number; readonly atMs: number } | undefined;
  #hold: Hold | undefined;
  /** Sum of all jumps of the wall clock that were accepted. */
  #jumpedMs = 0;
  /** On the monotonic clock; undefined when data expires. */
  #keepAllUntilMs: number | undefined;
  /** The newest time of recently arrived lines, and the time of its arrival. */
  #newestLine = { timeMs: -Infinity, atMs: -Infinity };

  constructor(options: ExpiryClockOptions) {
    this.#options = options;
  }

  /**
   * Must be called once the last recorded time is known.
   * @param saved  without `seenMs`, the newest line that is not in the future gives the time
   */
  begin(saved: SavedClock | undefined, lineTimesMs: Iterable<number>): void {
    const wallMs = this.#options.now();
    const atMs = this.#options.monotonicMs();
    this.#keepAllUntilMs = saved?.keepAllMs === undefined ? undefined : atMs + saved.keepAllMs;
    let seenMs = saved?.seenMs ?? -Infinity;
    if (seenMs === -Infinity) for (const timeMs of lineTimesMs) if (timeMs <= wallMs) seenMs = Math.max(seenMs, timeMs);
    if (seenMs === -Infinity) return;
    // After a rebuild, lines give a time only when they were replayed, and steady time has started already.
    const resumedMs = this.#jumpedMs === 0 ? seenMs : this.steadyNow();
    this.#jumpedMs = seenMs - (saved?.steadyMs ?? resumedMs);
    this.#believed = { wallMs: seenMs, atMs };
    const aheadMs = wallMs - seenMs;
    const isHeldOn = saved !== undefined && saved.heldMs > 0 && !isJump(aheadMs - saved.aheadMs);
    if (isHeldOn && isJump(aheadMs)) this.#holdFor(aheadMs, atMs - saved.heldMs);
  }

  /** Steady time continues from here if nothing else is known: no age exceeds the time that passes from now on. */
  resumeSteady(steadyMs: number): void {
    this.#jumpedMs = this.now() - steadyMs;
  }

  /** Called when a line with this time has arrived. */
  sawLine(timeMs: number): void {
    const atMs = this.#options.monotonicMs();
    const isStale = atMs - this.#newestLine.atMs > CLOCK_LINES_MS;
    if (isStale || timeMs >= this.#newestLine.timeMs) this.#newestLine = { timeMs, atMs };
  }

  /** Returns epoch milliseconds: the wall clock, or the earlier time while that is not trusted. */
  now(): number {
    const wallMs = this.#options.now();
    const atMs = this.#options.monotonicMs();
    const expectedMs = this.#expectedMs(wallMs, atMs);
    const aheadMs = wallMs - expectedMs;
    if (!isJump(aheadMs)) return this.#believe(wallMs, atMs);
    if (this.#hold === undefined || isJump(aheadMs - this.#hold.aheadMs)) this.#holdFor(aheadMs, atMs);
    if (atMs - this.#hold!.sinceMs >= CLOCK_HOLD_MS && !this.#isContradicted(wallMs, atMs)) {
      this.#jumpedMs += aheadMs;
      return this.#believe(wallMs, atMs);
    }
    return Math.floor(Math.min(wallMs, expectedMs));
  }

  /** Returns the time as if the clock had never jumped, for ages that are stored: epoch milliseconds. */
  steadyNow(): number {
    return this.#steadyMs(this.now(), this.#options.monotonicMs());
  }

  /** Returns epoch milliseconds by which data expires; undefined while nothing may expire. */
  expiryNow(): number | undefined {
    return this.keepsAll() ? undefined : this.now();
  }

  /** Whether nothing may expire or be forgotten. */
  keepsAll(): boolean {
    if (this.#keepAllUntilMs === undefined) return false;
    const atMs = this.#options.monotonicMs();
    if (atMs < this.#keepAllUntilMs || this.#isContradicted(this.now(), atMs)) return true;
    this.#keepAllUntilMs = undefined;
    this.#options.log.info({ clock: isoOf(this.now()) }, 'the rebuilt manifest is old enough; retention goes on');
    return false;
  }

  /** Returns a time for measuring intervals: it does not jump. */
  monotonicMs(): number {
    return this.#options.monotonicMs();
  }

  /** How far the wall clock is ahead of the expected time, in ms; 0 while it is trusted. */
  get aheadMs(): number {
    return this.#hold?.aheadMs ?? 0;
  }

  save(): SavedClock {
    const seenMs = this.now();
    const atMs = this.#options.monotonicMs();
    const keepAllMs = this.keepsAll() ? { keepAllMs: this.#leftMs(this.#keepAllUntilMs!, atMs) } : {};
    const steadyMs = this.#steadyMs(seenMs, atMs);
    const seen = steadyMs === seenMs ? { seenMs } : { seenMs, steadyMs };
    if (this.#hold === undefined) return { ...seen, heldMs: 0, aheadMs: 0, ...keepAllMs };
    const heldMs = CLOCK_HOLD_MS - this.#leftMs(this.#hold.sinceMs + CLOCK_HOLD_MS, atMs);
    return { ...seen, heldMs, aheadMs: Math.floor(this.#hold.aheadMs), ...keepAllMs };
  }

  /** Returns the expected time of the wall clock. */
  #expectedMs(wallMs: number, atMs: number): number {
    return this.#believed === undefined ? wallMs : this.#believed.wallMs + (atMs - this.#believed.atMs);
  }

  #steadyMs(nowMs: number, atMs: number): number {
    return Math.floor((this.#hold === undefined ? nowMs : this.#expectedMs(nowMs, atMs)) - this.#jumpedMs);
  }

  /**
   * Returns the rest of a hold after a restart: one that lines prolong lasts until they had the time to arrive again.
   */
  #leftMs(untilMs: number, atMs: number): number {
    const leftMs = Math.ceil(untilMs - atMs);
    return this.#isContradicted(this.#options.now(), atMs) ? Math.max(leftMs, CLOCK_LINES_MS) : leftMs;
  }

  #believe(wallMs: number, atMs: number): number {
    this.#believed = { wallMs, atMs };
    if (this.#hold !== undefined) {
      this.#options.log.info({ clock: isoOf(wallMs) }, 'the clock is trusted again; retention follows it');
      this.#hold = undefined;
    }
    return wallMs;
  }

  #holdFor(aheadMs: number, sinceMs: number): void {
    this.#hold = { aheadMs, sinceMs };
    const hours = { aheadHours: Math.round(aheadMs / 3_600_000), holdHours: CLOCK_HOLD_MS / 3_600_000 };
    this.#options.log.error(
      { clock: isoOf(this.#options.now()), ...hours },
      'the clock has jumped; retention uses the earlier time until the hold ends; check the clock of this machine',
    );
  }

  /** Whether lines have arrived within the hour, and all of them are from before the jump. */
  #isContradicted(wallMs: number, atMs: number): boolean {
    const { timeMs, atMs: cameMs } = this.#newestLine;
    return atMs - cameMs <= CLOCK_LINES_MS && timeMs < wallMs - CLOCK_JUMP_MS;
  }
}

function isJump(differenceMs: number): boolean {
  return Math.abs(differenceMs) > CLOCK_JUMP_MS;
}

/** A clock may be set to a time that Date cannot represent. */
function isoOf(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}
