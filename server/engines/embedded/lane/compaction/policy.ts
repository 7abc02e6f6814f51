/**
 * Chooses the segments to merge next, as a pure function over their sizes.
 *
 * Size-tiered with a large fan-in: the cost of rows is how often they are rewritten, so segments are merged only when
 * the result is many times as large as the largest of them. With a gain of 12 and segments of at most 64 MiB, a row of
 * a busy store, whose flushes give segments of 8 MiB, is merged once; one of a store that flushes 100 KB an hour,
 * twice. When merging falls behind, more segments wait, the next merges are wider, and each row is rewritten less
 * often.
 *
 * Only neighbours in the order of arrival are merged: the result then has a place of its own between the others, so
 * rows with equal times keep their order.
 */
import {
  COMPACTION_CHEAP_BYTES_MAX,
  COMPACTION_FAN_IN_MAX,
  COMPACTION_GAIN_FULL_MIN,
  COMPACTION_GAIN_MIN,
  COMPACTION_GAIN_QUIET_MIN,
  COMPACTION_OPEN_LINE_BYTES_MAX,
  SEGMENT_BYTES_MAX,
  SEGMENT_FULL_BYTES,
} from '../../../../limits.ts';

/** How much larger the gain of a merge must be than that of one of older segments. */
const LATER_START_GAIN_FACTOR = 1.25;

/** A segment, as the policy sees it. */
export interface Candidate {
  readonly sizeBytes: number;
  /** Bytes of the lines of its largest row group: a merge has one row group of each input in memory. */
  readonly openLineBytes: number;
}

/** Segments [from, to) of the given ones. */
export interface MergeWindow {
  readonly from: number;
  readonly to: number;
  readonly totalBytes: number;
  /** How many times larger the result is than the largest input. */
  readonly gain: number;
}

/**
 * Returns the window with the largest gain, among about equal ones the first: merges that begin anywhere would leave
 * segments between their results that are too few for a merge of their own. Undefined when none is worth its cost.
 * @param segments  of one day, neighbours in the order of arrival
 * @param isQuiet  whether the day has had no writes for a while, so that waiting for more is useless
 */
export function chooseWindow(segments: readonly Candidate[], isQuiet: boolean): MergeWindow | undefined {
  let best: MergeWindow | undefined;
  for (let from = 0; from < segments.length; from++) {
    // From one start on, every segment more counts; a later start has to be clearly better.
    let gainMin = (best?.gain ?? 1) * (best === undefined ? 1 : LATER_START_GAIN_FACTOR);
    let totalBytes = 0;
    let openLineBytes = 0;
    let largest = 0;
    for (let to = from + 1; to <= segments.length && to - from <= COMPACTION_FAN_IN_MAX; to++) {
      const segment = segments[to - 1]!;
      totalBytes += segment.sizeBytes;
      openLineBytes += segment.openLineBytes;
      largest = Math.max(largest, segment.sizeBytes);
      if (totalBytes > SEGMENT_BYTES_MAX || openLineBytes > COMPACTION_OPEN_LINE_BYTES_MAX) break;
      const window = { from, to, totalBytes, gain: totalBytes / largest };
      if (window.to === from + 1 || window.gain <= gainMin || !isWorthwhile(window, isQuiet)) continue;
      best = window;
      gainMin = window.gain;
    }
  }
  return best;
}

function isWorthwhile({ totalBytes, gain }: MergeWindow, isQuiet: boolean): boolean {
  if (isQuiet) return gain >= COMPACTION_GAIN_QUIET_MIN || totalBytes <= COMPACTION_CHEAP_BYTES_MAX;
  return gain >= COMPACTION_GAIN_MIN || (totalBytes >= SEGMENT_FULL_BYTES && gain >= COMPACTION_GAIN_FULL_MIN);
}
