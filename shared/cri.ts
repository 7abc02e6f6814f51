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
import { Rfc3339Parser } from './rfc3339.ts';

export const STDOUT = 0;
export const STDERR = 1;
export const STREAM_NAMES = ['stdout', 'stderr'] as const;
export type StreamIndex = typeof STDOUT | typeof STDERR;

const SPACE = 0x20;
const COLON = 0x3a;
const UPPER_T = 0x54;

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

  readonly #time = new Rfc3339Parser();

  /**
   * @param bytes  holds the fragment at [start, end), without its newline
   * @returns false when the bytes are not a CRI fragment; the fields are then undefined
   */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    const at = this.#time.parse(bytes, start, end);
    if (at < 0 || end - at < 10 || bytes[at] !== SPACE || bytes[start + 10] !== UPPER_T) return false;
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
    this.day = this.#time.day;
    this.timeNs = this.#time.timeNs;
    return true;
  }
}
