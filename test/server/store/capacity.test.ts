/** When a store is full, or what keeps it from ever being so. */
import { expect, test } from 'vitest';
import { intakeOf } from '../../../server/engines/embedded/core/intake.ts';
import { type Forecast, forecastOf, type StoreCapacity } from '../../../server/store/capacity.ts';

const DAY_MS = 86_400_000;
const GB = 1e9;

function capacity(
  changes: Partial<StoreCapacity> & { readonly bytesPerDay?: number; readonly maxSizeBytes?: number },
): StoreCapacity {
  const { bytesPerDay = GB, maxSizeBytes = Infinity, ...others } = changes;
  return {
    space: { freeBytes: 50 * GB, totalBytes: 100 * GB, keptFreeBytes: 0 },
    intake: { days: 1, rowCount: 1, lineBytes: 1, storedBytes: bytesPerDay },
    retention: { ageMs: Infinity, maxSizeBytes, rules: [] },
    levelBytes: Infinity,
    ...others,
  };
}

test.each<[string, StoreCapacity, Forecast]>([
  ['nothing limits it but the disk', capacity({}), { kind: 'disk full', days: 50 }],
  [
    'some of the disk is kept free',
    capacity({ space: { freeBytes: 50 * GB, totalBytes: 100 * GB, keptFreeBytes: 10 * GB } }),
    { kind: 'disk full', days: 40 },
  ],
  [
    'it is full',
    capacity({ space: { freeBytes: GB, totalBytes: 100 * GB, keptFreeBytes: 2 * GB } }),
    { kind: 'disk full', days: 0 },
  ],
  ['its size is limited', capacity({ maxSizeBytes: 20 * GB }), { kind: 'oldest dropped', days: 10 }],
  ['by more than the disk has', capacity({ maxSizeBytes: 200 * GB }), { kind: 'disk full', days: 50 }],
  ['it is at its limit', capacity({ maxSizeBytes: 9 * GB }), { kind: 'oldest dropped', days: 0 }],
  ['lines expire before', capacity({ levelBytes: 30 * GB }), { kind: 'level', bytes: 30 * GB }],
  ['lines expire, but too late', capacity({ levelBytes: 90 * GB }), { kind: 'disk full', days: 50 }],
  [
    'half a day says as much',
    capacity({ intake: { days: 0.5, rowCount: 1, lineBytes: 1, storedBytes: GB / 2 } }),
    { kind: 'disk full', days: 50 },
  ],
  [
    'a minute says nothing',
    capacity({ intake: { days: 1 / 1440, rowCount: 1, lineBytes: 1, storedBytes: GB } }),
    { kind: 'unknown' },
  ],
  ['nothing comes', capacity({ bytesPerDay: 0 }), { kind: 'unknown' }],
  ['there is neither a disk nor a limit', capacity({ space: undefined }), { kind: 'unknown' }],
])('%s', (_, given, want) => {
  expect(forecastOf(10 * GB, given)).toEqual(want);
});

const group = (fromMs: number, toMs: number, sizeBytes: number, ...streams: readonly Record<string, string>[]) => ({
  baseDay: 0,
  minTimeNs: Math.round(fromMs) * 1e6,
  maxTimeNs: Math.round(toMs) * 1e6,
  rowCount: sizeBytes / 10,
  lineBytes: sizeBytes * 10,
  sizeBytes,
  streams,
});

test('intake is what is of the last day, half of what is half in it; streams have the age of their rule', () => {
  const ageOf = ({ app }: Readonly<Record<string, string>>): number => (app === 'audit' ? 90 : 10) * DAY_MS;
  const now = 3 * DAY_MS;
  const { intake, levelBytes } = intakeOf(
    [
      group(0, DAY_MS, 5000, { app: 'old' }),
      group(1.5 * DAY_MS, 2.5 * DAY_MS, 2000, { app: 'api' }),
      group(2.1 * DAY_MS, 2.9 * DAY_MS, 1000, { app: 'audit' }),
      group(2.5 * DAY_MS, 2.8 * DAY_MS, 600, { app: 'audit' }, { app: 'api' }),
    ],
    now,
    ageOf,
  );
  expect(intake).toEqual({ days: 1, rowCount: 260, lineBytes: 26_000, storedBytes: 2600 });
  expect(levelBytes).toBeCloseTo(1000 * 10 + 1000 * 90 + 600 * 50, -1);
  expect(intakeOf([group(2.5 * DAY_MS, now, 100, { app: 'api' })], now, () => Infinity)).toMatchObject({
    intake: { days: 0.5, storedBytes: 100 },
    levelBytes: Infinity,
  });
  expect(intakeOf([], now, ageOf)).toEqual({
    intake: { days: 0, rowCount: 0, lineBytes: 0, storedBytes: 0 },
    levelBytes: 0,
  });
});
