import { expect, test } from 'vitest';
import { aheadMs, frozenRange } from '../../web/state/time-range.ts';

test.each([
  { what: 'the same clock, a quick answer', serverMs: 1_000, sentMs: 999, receivedMs: 1_001, ahead: 0 },
  { what: 'the same clock, an answer that took a second', serverMs: 1_000, sentMs: 999, receivedMs: 2_000, ahead: 0 },
  { what: 'a server ahead', serverMs: 61_000, sentMs: 1_000, receivedMs: 1_400, ahead: 60_000 },
  { what: 'a server behind', serverMs: 1_000, sentMs: 61_000, receivedMs: 61_400, ahead: -60_000 },
])('$what', ({ serverMs, sentMs, receivedMs, ahead }) => {
  expect(aheadMs(serverMs, sentMs, receivedMs)).toBe(ahead);
});

test('a range up to now has what was stored since the page was loaded, however slow its first answer was', () => {
  const offsetMs = 5_000;
  for (const tookMs of [1, 300, 4_000]) {
    for (const share of [0, 0.5, 1]) {
      const sentMs = 1_000_000;
      const serverMs = sentMs + tookMs * share + offsetMs;
      const receivedMs = sentMs + tookMs;
      // By the server's clock, a line is stored as soon as the page has its answer.
      const { until } = frozenRange('1h', '', receivedMs + aheadMs(serverMs, sentMs, receivedMs));
      expect(Date.parse(until)).toBeGreaterThanOrEqual(receivedMs + offsetMs);
    }
  }
});
