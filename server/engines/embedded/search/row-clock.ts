/** Times of rows as text, in a time zone: most rows share their second with the one before. */
import { MS_PER_DAY, NS_PER_SECOND } from '../../../../shared/time.ts';
import { type TimeZone, UTC } from '../../../store/time-zone.ts';

const SECONDS_PER_DAY = 86_400;
/** Clocks change at the start of one of these, in s. */
const SLOT_SECONDS = 900;
const MS_PER_MINUTE = 60_000;

export class RowClock {
  readonly #zone: TimeZone;
  #slot = NaN;
  #offsetMs = 0;
  #suffix = 'Z';
  #second = NaN;
  /** The second that was asked for last, as `2026-11-23T15:01:12`. */
  #text = '';
  /** Days since 1970 of that second, in the zone. */
  #day = 0;

  constructor(zone: TimeZone) {
    this.#zone = zone;
  }

  /** RFC 3339 with nanoseconds and the offset of the zone. @param timeNs  from the start of the base day in UTC */
  rfc3339(baseDay: number, timeNs: number): string {
    const fractionNs = this.#moveTo(baseDay, timeNs);
    return `${this.#text}.${String(fractionNs).padStart(9, '0')}${this.#suffix}`;
  }

  /** `15:12:06.897` for a time of today, `2026-11-22 15:12:06.897` for others. */
  clock(baseDay: number, timeNs: number, today: number): string {
    const ms = String(Math.floor(this.#moveTo(baseDay, timeNs) / 1e6)).padStart(3, '0');
    const clock = this.#text.slice(11);
    return this.#day === today ? `${clock}.${ms}` : `${this.#text.slice(0, 10)} ${clock}.${ms}`;
  }

  /** Returns the ns after the full second. */
  #moveTo(baseDay: number, timeNs: number): number {
    const seconds = Math.floor(timeNs / NS_PER_SECOND);
    const second = baseDay * SECONDS_PER_DAY + seconds;
    if (second !== this.#second) {
      this.#second = second;
      this.#moveToSlot(Math.floor(second / SLOT_SECONDS));
      const localMs = second * 1000 + this.#offsetMs;
      this.#text = new Date(localMs).toISOString().slice(0, 19);
      this.#day = Math.floor(localMs / MS_PER_DAY);
    }
    return timeNs - seconds * NS_PER_SECOND;
  }

  #moveToSlot(slot: number): void {
    if (this.#zone === UTC || slot === this.#slot) return;
    this.#slot = slot;
    // RFC 3339 has no seconds in an offset, as local times of the nineteenth century have.
    const minutes = Math.floor(this.#zone.offsetMsAt(slot * SLOT_SECONDS * 1000) / MS_PER_MINUTE);
    this.#offsetMs = minutes * MS_PER_MINUTE;
    this.#suffix = offsetText(minutes);
  }
}

function offsetText(minutes: number): string {
  const size = Math.abs(minutes);
  const [hours, rest] = [Math.floor(size / 60), size % 60].map((part) => String(part).padStart(2, '0'));
  return `${minutes < 0 ? '-' : '+'}${hours}:${rest}`;
}
