import { expect, test } from 'vitest';
import { layOut, partsOf, ticksOf } from '../../web/parts/bars-layout.ts';

const SIZE = { width: 100, height: 70, laneHeight: 24 };
const bucket = (total: number, counts: Readonly<Record<string, number>>) => ({ time: '', total, counts });

test('levels have five colours, and all lines have one of them', () => {
  const parts = partsOf(bucket(21, { fatal: 1, error: 2, warn: 3, info: 4, debug: 5, trace: 1, '': 2, notice: 3 }));
  expect(parts).toEqual({ error: 3, warn: 3, info: 4, debug: 6, none: 5 });
  expect(partsOf({ time: '', total: 0 })).toEqual({ error: 0, warn: 0, info: 0, debug: 0, none: 0 });
});

test('one error among ten thousand lines is seen, below the baseline', () => {
  const { bars, baseline, calmMax, problemMax } = layOut(
    [bucket(10_001, { info: 10_000, error: 1 }), bucket(500, { error: 500 })],
    SIZE,
  );
  expect([calmMax, problemMax]).toEqual([10_000, 500]);
  const errors = bars.filter(({ level }) => level === 'error');
  expect(errors).toHaveLength(2);
  for (const { y, height } of errors) {
    expect(y).toBe(baseline);
    expect(height).toBeGreaterThanOrEqual(2);
  }
  for (const { y, height, level } of bars) if (level === 'info') expect(y + height).toBeCloseTo(baseline);
});

test('problems alone have the whole height, and without any the calm ones have it', () => {
  expect(layOut([bucket(3, { error: 3 })], SIZE).baseline).toBe(0);
  expect(layOut([bucket(3, { info: 3 })], SIZE).baseline).toBe(70);
  expect(layOut([], SIZE).bars).toEqual([]);
});

test('ticks are round in their zone', () => {
  const from = Date.parse('2026-11-27T14:07:00Z');
  const ticks = ticksOf(from, from + 3_600_000, 8, 3_600_000);
  expect(ticks.map((ms) => new Date(ms).toISOString().slice(11, 16))).toEqual([
    '14:10',
    '14:20',
    '14:30',
    '14:40',
    '14:50',
    '15:00',
  ]);
  const days = ticksOf(from, from + 4 * 86_400_000, 8, 3_600_000).map((ms) => new Date(ms).toISOString().slice(11, 16));
  expect(new Set(days)).toEqual(new Set(['23:00', '11:00']));
});
