/**
 * The time by which stored things expire: the wall clock, for as long as it can be believed. A clock that jumps must not
 * drop in seconds what should have been kept for weeks.
 *
 * The clock is held against the time that it should be: the last time that was believed and the monotonic clock since
 * then; after a start, what the store has seen last. While it differs by more than CLOCK_JUMP_MS, expiry goes on by the
 * earlier of the two. The wall clock is believed once the difference has lasted for CLOCK_HOLD_MS, and the lines that
 * arrive do not speak against it: a server that is alone with its time has it wrong. Lines of the future, and of long
 * ago, change nothing else: a quiet store expires its lines, too.
 *
 * When the manifest was rebuilt, what it noted of the clock is lost, and the newest line says nothing: it may be from
 * after a jump. So nothing expires until the server has run for CLOCK_HOLD_MS. Only expiry waits; `now` and the ages that
 * are counted by it go on.
 *
 * What is noted in one run and looked at in another, as the ages of positions are, goes by `steadyNow`: the same time without
 * the jumps. Whatever the clock was set to, it goes on by what has gone by, also from one process to the next.
 */
import type { Logger } from 'pino';
import { CLOCK_HOLD_MS, CLOCK_JUMP_MS, CLOCK_LINES_MS } from '../../../../limits.ts';

export interface ExpiryClockOptions {
  /** Epoch milliseconds; may be set. */
  readonly now: () => number;
  /** Milliseconds since any instant; goes on evenly, and is new with each process. */
  readonly monotonicMs: () => number;
  readonly log: Pick<Logger, 'error' | 'info'>;
}

/** What a store keeps of the clock, for its next start. */
export interface SavedClock {
  /** Absent when the manifest was rebuilt, until something is noted. */
  readonly seenMs?: number;
  /** `steadyNow` at that time; absent when it is the same. */
  readonly steadyMs?: number;
  /** How long the clock is not believed already, and how far it is ahead; 0 when it is believed. */
  readonly heldMs: number;
  readonly aheadMs: number;
  /** How long the server must still run before anything expires; absent when it need not. */
  readonly keepAllMs?: number;
}

/** Of a manifest that was rebuilt. */
export const LOST_CLOCK: SavedClock = { heldMs: 0, aheadMs: 0, keepAllMs: CLOCK_HOLD_MS };

interface Hold {
  readonly sinceMs: number;
  /** How far the wall clock is ahead of the time that it should be. */
  readonly aheadMs: number;
}

export class ExpiryClock {
  readonly #options: ExpiryClockOptions;
  /** A time that was believed, and the monotonic clock then; undefined while there is nothing to believe. */
  #believed: { readonly wallMs: number; readonly atMs: number } | undefined;
  #hold: Hold | undefined;
  /** How far all jumps that were believed have moved the wall clock. */
  #jumpedMs = 0;
  /** On the monotonic clock; undefined when things expire. */
  #keepAllUntilMs: number | undefined;
  /** The newest time of the lines that came of late, and when it came. */
  #newestLine = { timeMs: -Infinity, atMs: -Infinity };

  constructor(options: ExpiryClockOptions) {
    this.#options = options;
  }

  /**
   * Called once what the store has seen last is known.
   * @param saved  without `seenMs` the newest line that is not of the future says how late it was
   */
  begin(saved: SavedClock | undefined, lineTimesMs: Iterable<number>): void {
    const wallMs = this.#options.now();
    const atMs = this.#options.monotonicMs();
    this.#keepAllUntilMs = saved?.keepAllMs === undefined ? undefined : atMs + saved.keepAllMs;
    let seenMs = saved?.seenMs ?? -Infinity;
    if (seenMs === -Infinity) for (const timeMs of lineTimesMs) if (timeMs <= wallMs) seenMs = Math.max(seenMs, timeMs);
    if (seenMs === -Infinity) return;
    // After a rebuild the lines say how late it was only when they were replayed, and steady time goes on already.
    const resumedMs = this.#jumpedMs === 0 ? seenMs : this.steadyNow();
    this.#jumpedMs = seenMs - (saved?.steadyMs ?? resumedMs);
    this.#believed = { wallMs: seenMs, atMs };
    const aheadMs = wallMs - seenMs;
    const isHeldOn = saved !== undefined && saved.heldMs > 0 && !isJump(aheadMs - saved.aheadMs);
    if (isHeldOn && isJump(aheadMs)) this.#holdFor(aheadMs, atMs - saved.heldMs);
  }

  /** Steady time goes on from here, where nothing else is known of it: no age is more than what goes by from now on. */
  resumeSteady(steadyMs: number): void {
    this.#jumpedMs = this.now() - steadyMs;
  }

  /** A line with this time has arrived. */
  sawLine(timeMs: number): void {
    const atMs = this.#options.monotonicMs();
    const isStale = atMs - this.#newestLine.atMs > CLOCK_LINES_MS;
    if (isStale || timeMs >= this.#newestLine.timeMs) this.#newestLine = { timeMs, atMs };
  }

  /** Epoch milliseconds, as far as the wall clock can be believed. */
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

  /** The time that it would be if the clock had never jumped, for ages that are kept: epoch milliseconds. */
  steadyNow(): number {
    return this.#steadyMs(this.now(), this.#options.monotonicMs());
  }

  /** Epoch milliseconds by which things expire; undefined while nothing may. */
  expiryNow(): number | undefined {
    return this.keepsAll() ? undefined : this.now();
  }

  /** True while nothing may expire, nor be forgotten. */
  keepsAll(): boolean {
    if (this.#keepAllUntilMs === undefined) return false;
    const atMs = this.#options.monotonicMs();
    if (atMs < this.#keepAllUntilMs || this.#isContradicted(this.now(), atMs)) return true;
    this.#keepAllUntilMs = undefined;
    this.#options.log.info({ clock: isoOf(this.now()) }, 'the rebuilt manifest is old enough; retention goes on');
    return false;
  }

  /** For what waits: it does not jump. */
  monotonicMs(): number {
    return this.#options.monotonicMs();
  }

  /** How far the wall clock is ahead of the time that it should be, in ms; 0 while it is believed. */
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

  /** What the wall clock should be. */
  #expectedMs(wallMs: number, atMs: number): number {
    return this.#believed === undefined ? wallMs : this.#believed.wallMs + (atMs - this.#believed.atMs);
  }

  #steadyMs(nowMs: number, atMs: number): number {
    return Math.floor((this.#hold === undefined ? nowMs : this.#expectedMs(nowMs, atMs)) - this.#jumpedMs);
  }

  /** What is left of a hold after a restart: one that lines prolong lasts until they had the time to arrive again. */
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

  /** Lines have come within the hour, and all of them are from before the jump. */
  #isContradicted(wallMs: number, atMs: number): boolean {
    const { timeMs, atMs: cameMs } = this.#newestLine;
    return atMs - cameMs <= CLOCK_LINES_MS && timeMs < wallMs - CLOCK_JUMP_MS;
  }
}

function isJump(differenceMs: number): boolean {
  return Math.abs(differenceMs) > CLOCK_JUMP_MS;
}

/** A clock may be set to what no date is. */
function isoOf(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}
