/** Whether the soak notices what it is for: lines without a marker, and markers without a loss. */
import { expect, test } from 'vitest';
import { countLines } from './soak-count.ts';

const LINES = 10;
const UNCERTAIN = 'podlog: lines of 0.log may have been lost: it was deleted while no agent was running';
const MEASURED = 'podlog: 30 bytes of 0.log were lost: it was truncated in place';

/** Numbers stand for lines of 10 bytes. */
function count(stored: readonly (number | string)[], lossesMax = 1, unknowable = Infinity) {
  const lineBytes = Array.from({ length: LINES }, () => 10);
  const lines = stored.map((each) => (typeof each === 'number' ? `{"n":${each},"message":"x"}` : each));
  const { isExact, missing, silent, falseMarkers, doubled } = countLines(
    { container: 'app', lineBytes, lossesMax: () => lossesMax, isUnknowable: (line) => line === unknowable },
    lines,
  );
  return { isExact, missing, silent, falseMarkers: falseMarkers.length, doubled };
}

const NONE = { isExact: true, missing: 0, silent: 0, falseMarkers: 0, doubled: 0 };

test.each([
  ['all of it', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], NONE],
  ['a marker in a gap', [0, 1, UNCERTAIN, 5, 6, 7, 8, 9], { ...NONE, missing: 3 }],
  ['a marker that measures its gap', [0, 1, MEASURED, 5, 6, 7, 8, 9], { ...NONE, missing: 3 }],
  ['one that measures another', [0, 1, MEASURED, 4, 5, 6, 7, 8, 9], { ...NONE, isExact: false, missing: 2 }],
  ['markers at both ends', [UNCERTAIN, 1, 2, 3, 4, 5, 6, 7, 8, UNCERTAIN], { ...NONE, missing: 2 }],
  ['a gap without one', [0, 1, 5, 6, 7, 8, 9], { ...NONE, isExact: false, missing: 3, silent: 1 }],
  [
    'the marker of another gap',
    [0, 2, UNCERTAIN, 4, 5, 6, 7, 8, 9],
    { ...NONE, isExact: false, missing: 2, silent: 1 },
  ],
  [
    'a marker where nothing is missing',
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, UNCERTAIN],
    { ...NONE, isExact: false, falseMarkers: 1 },
  ],
  [
    'two markers for one loss',
    [0, 1, UNCERTAIN, UNCERTAIN, 5, 6, 7, 8, 9],
    { ...NONE, isExact: false, missing: 3, falseMarkers: 1 },
  ],
  ['a line twice', [0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9], { ...NONE, isExact: false, doubled: 1 }],
])('%s', (_what, stored, want) => {
  expect(count(stored)).toEqual(want);
});

test('a marker after the last line of a file that went unseen, and only there', () => {
  const stored = [0, 1, 2, 3, 4, UNCERTAIN, 5, 6, 7, 8, 9];
  expect(count(stored, 1, 4)).toEqual(NONE);
  expect(count(stored, 1, 3)).toEqual({ ...NONE, isExact: false, falseMarkers: 1 });
});

test('two losses one after the other', () => {
  expect(count([0, 1, UNCERTAIN, UNCERTAIN, 5, 6, 7, 8, 9], 2)).toEqual({ ...NONE, missing: 3 });
});
