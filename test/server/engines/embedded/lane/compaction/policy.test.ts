/** Which segments are merged, over sizes alone; and what a life under this policy costs. */
import fc from '../../../../../fast-check.ts';
import { describe, expect, it, test } from 'vitest';
import {
  COMPACTION_CHEAP_BYTES_MAX,
  COMPACTION_FAN_IN_MAX,
  SEGMENT_BYTES_MAX,
  SEGMENT_FULL_BYTES,
} from '../../../../../../server/limits.ts';
import { type Candidate, chooseWindow } from '../../../../../../server/engines/embedded/lane/compaction/policy.ts';

const MIB = 1024 * 1024;

function sized(...megabytes: number[]): Candidate[] {
  return megabytes.map((size) => ({ sizeBytes: size * MIB, openLineBytes: 4 * MIB }));
}

const many = (count: number, size: number): number[] => Array<number>(count).fill(size);

const TABLE: { what: string; sizes: number[]; quiet?: boolean; want: [number, number] | undefined }[] = [
  { what: 'nothing', sizes: [], want: undefined },
  { what: 'one segment', sizes: [8], quiet: true, want: undefined },
  { what: 'too few to pay', sizes: many(6, 8), want: undefined },
  { what: 'enough to pay', sizes: many(7, 8), want: [0, 7] },
  { what: 'as many as fit', sizes: many(30, 8), want: [0, 8] },
  { what: 'the first of about equal ones', sizes: [...many(12, 8.2), ...many(12, 8)], want: [0, 7] },
  { what: 'as many as are merged at once', sizes: many(50, 0.01), want: [0, 32] },
  { what: 'a full segment is not rewritten for small ones', sizes: [60, ...many(12, 1)], want: [1, 13] },
  { what: 'middling ones that make a full one', sizes: [15, 15, 15, 15], want: [0, 4] },
  { what: 'middling ones that do not', sizes: [15, 15, 15], want: undefined },
  { what: 'a quiet day is merged for less', sizes: [15, 15, 15], quiet: true, want: [0, 3] },
  { what: 'but not a large one for a small one', sizes: [40, 8], quiet: true, want: undefined },
  { what: 'unless both are small', sizes: [14, 0.1], quiet: true, want: [0, 2] },
  { what: 'neighbours only', sizes: [...many(6, 8), 60, ...many(6, 8)], want: undefined },
  { what: 'two small ones on a quiet day', sizes: [60, 0.2, 0.3], quiet: true, want: [1, 3] },
];

test.for(TABLE)('$what', ({ sizes, quiet = false, want }) => {
  const window = chooseWindow(sized(...sizes), quiet);
  expect(window && [window.from, window.to]).toEqual(want);
});

test('groups of long lines lower the fan-in', () => {
  const segments = Array.from({ length: 20 }, () => ({ sizeBytes: 1 * MIB, openLineBytes: 12 * MIB }));
  expect(chooseWindow(segments, false)).toMatchObject({ from: 0, to: 12 });
});

/** Flushes of some sizes, and all merges that are worth it after each. @returns bytes written for each byte flushed */
function live(flushes: readonly number[], afterEach: (segments: readonly Candidate[]) => void): number {
  let segments: Candidate[] = [];
  let written = 0;
  const merge = (quiet: boolean): void => {
    for (let window = chooseWindow(segments, quiet); window; window = chooseWindow(segments, quiet)) {
      const { from, to, totalBytes } = window;
      written += totalBytes;
      const openLineBytes = Math.max(...segments.slice(from, to).map((each) => each.openLineBytes));
      segments = segments.toSpliced(from, to - from, { sizeBytes: totalBytes, openLineBytes });
    }
  };
  for (const sizeBytes of flushes) {
    segments.push({ sizeBytes, openLineBytes: 4 * MIB });
    merge(false);
    afterEach(segments);
  }
  merge(true);
  afterEach(segments);
  return written / flushes.reduce((sum, size) => sum + size, 0);
}

describe('a life under the policy', () => {
  it('writes each byte a few times, and leaves few segments', () => {
    const size = fc.oneof(
      fc.integer({ min: 1000, max: 100_000 }),
      fc.integer({ min: 1 * MIB, max: 8 * MIB }),
      fc.constant(8 * MIB),
    );
    fc.assert(
      fc.property(fc.array(size, { minLength: 1, maxLength: 400 }), (flushes) => {
        const total = flushes.reduce((sum, each) => sum + each, 0);
        let last: readonly Candidate[] = [];
        const amplification = live(flushes, (segments) => {
          last = segments;
          expect(Math.max(...segments.map((each) => each.sizeBytes))).toBeLessThanOrEqual(SEGMENT_BYTES_MAX);
          const notFull = segments.filter((each) => each.sizeBytes < SEGMENT_FULL_BYTES).length;
          expect(notFull).toBeLessThan(4 * COMPACTION_FAN_IN_MAX);
        });
        expect(last.reduce((sum, each) => sum + each.sizeBytes, 0)).toBe(total);
        expect(amplification).toBeLessThan(3);
        expect(last.length).toBeLessThanOrEqual(1 + Math.ceil((2 * total) / COMPACTION_CHEAP_BYTES_MAX));
      }),
      { numRuns: 300 },
    );
  });

  it.for([
    { what: 'a busy store', flushes: many(400, 8 * MIB), writes: 1, segments: 58 },
    { what: '24 flushes of 200 KB', flushes: many(24, 200_000), writes: 2, segments: 1 },
    { what: 'a flush of 1 MB a minute', flushes: many(1440, 1e6), writes: 2, segments: 26 },
  ])('$what', ({ flushes, writes, segments }) => {
    let count = 0;
    expect(live(flushes, (each) => (count = each.length))).toBeLessThanOrEqual(writes);
    expect(count).toBeLessThanOrEqual(segments);
  });
});
