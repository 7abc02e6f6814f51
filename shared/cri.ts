/**
 * The line format in which containerd and CRI-O write a container's output, one fragment a line:
 *
 *     2026-11-23T15:01:12.90450948Z stdout F {"level":"info"}
 *     timestamp                     stream tags message
 *
 * The timestamp is RFC 3339 with 0 to 9 fraction digits and `Z` or an offset. Tags are split on `:`; the first is `F`
 * (full: the line ends here) or `P` (partial: more of the line follows on the same stream). The message may be empty
 * and holds any bytes but a newline.
 * Source: containerd internal/cri/io/logger.go; kubelet pkg/kubelet/kuberuntime/logs.
 */
import { NS_PER_DAY, NS_PER_SECOND } from './time.ts';

export const STDOUT = 0;
export const STDERR = 1;
export const STREAM_NAMES = ['stdout', 'stderr'] as const;
export type StreamIndex = typeof STDOUT | typeof STDERR;

const ZERO = 0x30;
const SPACE = 0x20;
const COLON = 0x3a;
const DASH = 0x2d;
const FRACTION_SCALE = [1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1];

/**
 * Parses one fragment at a time into its own fields, so that a line costs no allocation. The fields hold the last
 * fragment for which `parse` was true.
 */
export class CriParser {
  /** UTC day of the timestamp, in days since 1970-01-01. */
  day = 0;
  /** Nanoseconds since the start of that day. */
  timeNs = 0;
  stream: StreamIndex = STDOUT;
  /** True for `P`: the line goes on in a later fragment of the same stream. */
  partial = false;
  /** Where the message begins; it ends where the fragment ends. */
  messageStart = 0;

  #dateDigits = -1;
  #dateDay = 0;

  /**
   * @param bytes  holds the fragment at [start, end), without its newline
   * @returns false when the bytes are not a CRI fragment; the fields are then undefined
   */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    const at = this.#timestamp(bytes, start, end);
    if (at < 0 || end - at < 10 || bytes[at] !== SPACE) return false;
    // "stdout" and "stderr": compared by their differing letters first.
    if (bytes[at + 1] !== 0x73 || bytes[at + 2] !== 0x74 || bytes[at + 3] !== 0x64 || bytes[at + 7] !== SPACE)
      return false;
    if (bytes[at + 4] === 0x6f && bytes[at + 5] === 0x75 && bytes[at + 6] === 0x74) this.stream = STDOUT;
    else if (bytes[at + 4] === 0x65 && bytes[at + 5] === 0x72 && bytes[at + 6] === 0x72) this.stream = STDERR;
    else return false;
    const tag = bytes[at + 8];
    if (tag === 0x46) this.partial = false;
    else if (tag === 0x50) this.partial = true;
    else return false;
    let tagEnd = at + 9;
    if (bytes[tagEnd] === COLON) while (tagEnd < end && bytes[tagEnd] !== SPACE) tagEnd++;
    if (tagEnd >= end || bytes[tagEnd] !== SPACE) return false;
    this.messageStart = tagEnd + 1;
    return true;
  }

  /** Sets day and timeNs. Returns the offset after the timestamp, or -1. */
  #timestamp(bytes: Uint8Array, start: number, end: number): number {
    if (end - start < 20 || bytes[start + 4] !== DASH || bytes[start + 7] !== DASH || bytes[start + 10] !== 0x54)
      return -1;
    if (bytes[start + 13] !== COLON || bytes[start + 16] !== COLON) return -1;
    const century = twoDigits(bytes, start);
    const year = twoDigits(bytes, start + 2);
    const month = twoDigits(bytes, start + 5);
    const dayOfMonth = twoDigits(bytes, start + 8);
    const hour = twoDigits(bytes, start + 11);
    const minute = twoDigits(bytes, start + 14);
    const second = twoDigits(bytes, start + 17);
    if ((century | year | month | dayOfMonth | hour | minute | second) < 0) return -1;
    if (month < 1 || month > 12 || dayOfMonth < 1 || dayOfMonth > 31 || hour > 23 || minute > 59 || second > 60)
      return -1;
    let at = start + 19;
    let fraction = 0;
    if (bytes[at] === 0x2e) {
      const fractionStart = ++at;
      while (at < end) {
        const digit = bytes[at]! - ZERO;
        if (digit < 0 || digit > 9) break;
        fraction = fraction * 10 + digit;
        at++;
      }
      const digits = at - fractionStart;
      if (digits < 1 || digits > 9) return -1;
      fraction *= FRACTION_SCALE[digits]!;
    }
    let offsetMinutes = 0;
    const zone = bytes[at++];
    if (zone === 0x2b || zone === DASH) {
      if (end - at < 5 || bytes[at + 2] !== COLON) return -1;
      const hours = twoDigits(bytes, at);
      const minutes = twoDigits(bytes, at + 3);
      if ((hours | minutes) < 0 || hours > 23 || minutes > 59) return -1;
      offsetMinutes = (hours * 60 + minutes) * (zone === DASH ? -1 : 1);
      at += 5;
    } else if (zone !== 0x5a) return -1;
    const dateDigits = century * 1e6 + year * 1e4 + month * 100 + dayOfMonth;
    if (dateDigits !== this.#dateDigits) {
      this.#dateDigits = dateDigits;
      this.#dateDay = Date.UTC(century * 100 + year, month - 1, dayOfMonth) / 86_400_000;
    }
    this.day = this.#dateDay;
    this.timeNs = (hour * 3600 + minute * 60 + second - offsetMinutes * 60) * NS_PER_SECOND + fraction;
    if (this.timeNs < 0) {
      this.day--;
      this.timeNs += NS_PER_DAY;
    } else if (this.timeNs >= NS_PER_DAY) {
      this.day++;
      this.timeNs -= NS_PER_DAY;
    }
    return at;
  }
}

/** 0 to 99, or negative when either byte is no digit. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - ZERO;
  const ones = bytes[at + 1]! - ZERO;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}
