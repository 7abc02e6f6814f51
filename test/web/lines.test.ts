import { expect, test } from 'vitest';
import { markedParts } from '../../web/lines/marked.ts';
import { podClass } from '../../web/state/pod-color.ts';
import { conditionAt } from '../../web/search/condition-at.ts';
import { seenCursors } from '../../web/state/seen-cursors.ts';
import { lanesOf } from '../../web/views/request-lanes.ts';

test.each<[text: string, words: readonly string[], want: string]>([
  ['charge Timeout now', ['timeout'], 'charge [Timeout] now'],
  ['aaa', ['a'], '[a][a][a]'],
  ['timeouts', ['time', 'timeout'], '[timeout]s'],
  ['nothing', ['x'], 'nothing'],
  ['', ['x'], ''],
  ['İstanbul x', ['x'], 'İstanbul x'],
])('in %j, %j are marked', (text, words, want) => {
  expect(
    markedParts(text, words)
      .map((part) => (part.isMatch ? `[${part.text}]` : part.text))
      .join(''),
  ).toBe(want);
});

test('each workload has a hue of its own, until there are no more; replicas have shades of it', () => {
  const taken = new Map<string, number>();
  const hues = Array.from({ length: 8 }, (_, i) => podClass({ namespace: 'shop' }, `app${i}`, taken).split('-')[1]);
  expect(new Set(hues).size).toBe(8);
  expect(podClass({ namespace: 'shop' }, 'app3·2mjqt', taken).split('-')[1]).toBe(hues[3]);
  expect(podClass({ namespace: 'shop' }, 'ninth', taken)).toMatch(/^pod-[0-7]-[0-2]$/);
  expect(podClass({ namespace: 'other' }, 'app3', new Map())).toMatch(/^pod-[0-7]-0$/);
});

test.each<[text: string, start: number, name: string | undefined, part: string]>([
  ['lev', 0, undefined, 'lev'],
  ['a -lev', 3, undefined, 'lev'],
  ['level:er', 6, 'level', 'er'],
  ['-level:error,wa', 13, 'level', 'wa'],
  ['(pod:ap', 5, 'pod', 'ap'],
  ['status>=50', 0, undefined, 'status>=50'],
])('at the end of %j, what begins at %i is completed', (text, start, name, part) => {
  expect(conditionAt(text, text.length)).toEqual({ start, name, part });
});

test('a line that comes twice is new once; lines without a cursor always are', () => {
  const seen = seenCursors(2);
  const news = ['a', 'b', 'a', 'c', 'b', 'a'].map((cursor) => seen.isNew({ cursor }));
  expect(news).toEqual([true, true, false, true, false, true]);
  expect([seen.isNew({}), seen.isNew({})]).toEqual([true, true]);
});

test('a request has a lane for each pod, bars for durations, and its long gaps', () => {
  const line = (pod: string, offset_ms: number, gap_ms: number, duration_ms?: number) => ({
    time: '',
    line: '',
    labels: { pod, container: 'c' },
    offset_ms,
    gap_ms,
    ...(duration_ms !== undefined && { duration_ms }),
  });
  const { lanes, ticks, endMs } = lanesOf({
    pods: ['a', 'b'].map((pod) => ({ labels: { pod, container: 'c' }, lines: 1, first_ms: 0, last_ms: 0 })),
    lines: [line('a', 0, 0), line('b', 10, 10), line('b', 990, 980), line('a', 1000, 10, 1000)],
  });
  expect(lanes.map(({ pod, marks, bars }) => [pod, marks.map((mark) => mark.line), bars.length])).toEqual([
    ['a', [0, 3], 1],
    ['b', [1, 2], 0],
  ]);
  expect(lanes[0]!.bars[0]).toEqual({ from: 0, to: 1000 / endMs, line: 3 });
  expect(lanes.map(({ gaps }) => gaps.map(({ ms }) => ms))).toEqual([[], [980]]);
  expect(ticks[0]).toEqual({ ms: 0, at: 0 });
  expect(ticks.length).toBeLessThanOrEqual(10);
});

test('a request of one instant has an axis, too', () => {
  expect(lanesOf({ pods: [], lines: [] }).ticks.length).toBeGreaterThan(1);
});
