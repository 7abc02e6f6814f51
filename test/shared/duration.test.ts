import { expect, test } from 'vitest';
import { formatDurationMs, parseDurationMs } from '../../shared/duration.ts';

test.each([
  ['250ms', 250],
  ['1m30s', 90_000],
  ['1.5d', 129_600_000],
  ['30d', 2_592_000_000],
  ['8w', 4_838_400_000],
  ['0m', 0],
  ['10', undefined],
  ['1h ', undefined],
  ['-1h', undefined],
  ['h', undefined],
  ['', undefined],
])('%j is %s ms', (text, want) => {
  expect(parseDurationMs(text)).toBe(want);
});

test.each([
  [2_592_000_000, '30d'],
  [4_838_400_000, '56d'],
  [129_600_000, '36h'],
  [5_400_000, '90m'],
  [1500, '1500ms'],
  [1, '1ms'],
])('%s ms are %j', (ms, text) => {
  expect(formatDurationMs(ms)).toBe(text);
  expect(parseDurationMs(text)).toBe(ms);
});
