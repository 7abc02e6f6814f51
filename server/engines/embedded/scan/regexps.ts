/**
 * The regular expressions of plans, compiled once in a thread, and limits of the time that they take there: an
 * expression is linear in a line, but some are slow, and there are many lines.
 */
import { isAscii } from 'node:buffer';
import { LRUCache } from 'lru-cache';
import { QueryTooLargeError } from '../../../../shared/errors.ts';
import type { RequiredText } from '../../../../shared/regexp/literals.ts';
import { Regexp } from '../../../../shared/regexp/regexp.ts';
import { REGEXP_CLOCK_BYTES, REGEXP_MS_MAX, REGEXPS_KEPT_MAX } from '../../../limits.ts';
import { textLeaf, type TextLeaf } from '../../../store/predicate.ts';

/** By the leaf or test of a plan, which is another object in each task; and by pattern. */
const ofTest = new WeakMap<object, Regexp>();
const ofPattern = new LRUCache<string, Regexp>({ max: REGEXPS_KEPT_MAX });

let isScanning = false;
/** Deadline of the running scan; undefined until the clock was read. */
let endMs: number | undefined;
let bytesUntilClock = REGEXP_CLOCK_BYTES;
/** Whether the result of the running task is no longer wanted. */
let isCancelled = (): boolean => false;
/** Counted for each call, whatever its text. */
const CALL_BYTES = 64;

export function regexpOf(test: { readonly pattern: string }): Regexp {
  let regexp = ofTest.get(test);
  if (regexp !== undefined) return regexp;
  regexp = ofPattern.get(test.pattern);
  if (regexp === undefined) ofPattern.set(test.pattern, (regexp = new Regexp(test.pattern)));
  ofTest.set(test, regexp);
  return regexp;
}

/** Returns the leaf that finds a text which an expression requires. */
export function requiredLeaf({ text, ignoreCase }: RequiredText): TextLeaf {
  const leaf = textLeaf(text);
  return ignoreCase ? { ...leaf, ignoreCase } : leaf;
}

/** @throws QueryTooLargeError */
export function matchesRegexp(test: { readonly pattern: string }, value: Buffer): boolean {
  countBytes(value.length);
  return regexpOf(test).test(value);
}

/**
 * Marks the lines that match, of lines[from] on as rows[0], rows[1], …
 * @throws QueryTooLargeError
 */
export function markMatchingLines(
  regexp: Regexp,
  lines: { readonly bytes: Buffer; readonly offsets: Uint32Array },
  rows: Uint32Array | Int32Array,
  mask: Uint8Array,
): void {
  const { bytes, offsets } = lines;
  const first = offsets[0]!;
  const text = bytes.subarray(first, offsets[offsets.length - 1]);
  // One string for all lines, which are slices of it.
  const latin1 = isAscii(text) ? text.toString('latin1') : undefined;
  for (let i = 0; i + 1 < offsets.length; i++) {
    const start = offsets[i]!;
    const end = offsets[i + 1]!;
    countBytes(end - start);
    const matches =
      latin1 === undefined
        ? regexp.test(bytes.subarray(start, end))
        : regexp.testLatin1(latin1.slice(start - first, end - first));
    if (matches) mask[rows[i]!] = 1;
  }
}

/**
 * Runs a scan of one row group under a limit of time.
 * @throws QueryTooLargeError
 */
export function withinRegexpTime<T>(scan: () => T): T {
  endMs = undefined;
  bytesUntilClock = REGEXP_CLOCK_BYTES;
  isScanning = true;
  try {
    return scan();
  } finally {
    isScanning = false;
  }
}

/** Runs a task, whose expressions end when its result is no longer wanted: a slow one may hold a thread for seconds. */
export function whileWanted<T>(isTaskCancelled: () => boolean, work: () => T): T {
  isCancelled = isTaskCancelled;
  try {
    return work();
  } finally {
    isCancelled = () => false;
  }
}

function countBytes(bytes: number): void {
  bytesUntilClock -= bytes + CALL_BYTES;
  if (bytesUntilClock > 0 || !isScanning) return;
  bytesUntilClock = REGEXP_CLOCK_BYTES;
  if (isCancelled()) throw new Error('the query was cancelled');
  if (endMs === undefined) endMs = performance.now() + REGEXP_MS_MAX;
  else if (performance.now() > endMs) {
    throw new QueryTooLargeError(
      'a regular expression takes too long: name more of the text that it is to match, or narrow the query by time or labels',
    );
  }
}
