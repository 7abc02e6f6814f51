/**
 * Failed sign-ins, counted by address, so that a flood of them makes few lines: the first one is reported at once, and how many
 * followed it when the interval is over.
 */
import { AUDIT_ADDRESSES_MAX, AUDIT_FAILED_LOGINS_MS } from '../limits.ts';

export interface FailedLogin {
  readonly times: number;
  /** The reason of the first one. */
  readonly reason: string;
}

export type FailedLoginListener = (address: string, failed: FailedLogin) => void;

/** What addresses beyond AUDIT_ADDRESSES_MAX are counted under. */
export const OTHER_ADDRESSES = 'other addresses';

interface Counted {
  following: number;
  reason: string;
}

/** Owns the counts and their timer. */
export class FailedLogins {
  readonly #onFailed: FailedLoginListener;
  readonly #counts = new Map<string, Counted>();
  #timer: NodeJS.Timeout | undefined;

  constructor(onFailed: FailedLoginListener) {
    this.#onFailed = onFailed;
  }

  count(address: string, reason: string): void {
    const known = this.#counts.has(address) || this.#counts.size < AUDIT_ADDRESSES_MAX ? address : OTHER_ADDRESSES;
    const counted = this.#counts.get(known);
    if (counted !== undefined) {
      if (counted.following++ === 0) counted.reason = reason;
      return;
    }
    this.#counts.set(known, { following: 0, reason });
    this.#timer ??= setTimeout(() => this.#report(), AUDIT_FAILED_LOGINS_MS).unref();
    this.#onFailed(known, { times: 1, reason });
  }

  /** Reports what was counted and not reported. */
  close(): void {
    clearTimeout(this.#timer);
    this.#report();
  }

  #report(): void {
    this.#timer = undefined;
    const counts = [...this.#counts];
    this.#counts.clear();
    for (const [address, { following, reason }] of counts) {
      if (following > 0) this.#onFailed(address, { times: following, reason });
    }
  }
}
