import fc from '../../fast-check.ts';
import { expect, test } from 'vitest';
import {
  compareCursors,
  CURSOR_CHARS,
  type Cursor,
  CURSOR_KEY_BYTES,
  cursorWriter,
  parseCursor,
  sealedCursors,
  streamRank,
} from '../../../server/store/cursor.ts';
import { NS_PER_DAY } from '../../../shared/time.ts';

const cursors: fc.Arbitrary<Cursor> = fc.record({
  day: fc.integer({ min: -719_528, max: 2_932_896 }),
  timeNs: fc.integer({ min: 0, max: NS_PER_DAY - 1 }),
  stream: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  arrival: fc.maxSafeNat(),
});

const KEY = Buffer.alloc(CURSOR_KEY_BYTES, 'a key');
const OTHER = Buffer.alloc(CURSOR_KEY_BYTES, 'another');
const cursorText = cursorWriter(KEY);

test('a cursor is read back, is short, and stands in a URL as it is', () => {
  fc.assert(
    fc.property(cursors, (cursor) => {
      const text = cursorText(cursor);
      expect(parseCursor(text, KEY)).toEqual(cursor);
      expect(text).toMatch(/^[\w-]{34}$/);
      expect(encodeURIComponent(text)).toBe(text);
    }),
  );
});

test('cursors that are sealed together are those that are sealed one by one', () => {
  fc.assert(
    fc.property(fc.array(cursors), (some) => {
      const texts = sealedCursors(KEY, some.length, (i) => some[i]!).toString('latin1');
      expect(texts).toBe(some.map(cursorText).join(''));
      expect(texts.length).toBe(some.length * CURSOR_CHARS);
    }),
  );
});

test('a cursor is the same in each version', () => {
  expect(cursorText({ day: 20_780, timeNs: 1e9, stream: 77, arrival: 123_456 })).toBe(
    'gFEsAAA7msoAUMFKJK8uvu6eURgtMgoX5A',
  );
});

test('what was cut, mistyped or made up is no cursor', () => {
  const text = cursorText({ day: 20_780, timeNs: 1e9, stream: 77, arrival: 123_456 });
  const wrong = [
    '',
    'x',
    'null',
    '1732392000000000000',
    text.slice(1),
    text.slice(0, -1),
    `${text}A`,
    `${text}=`,
    ` ${text}`,
    text.toUpperCase(),
    ...Array.from(text, (letter, i) => `${text.slice(0, i)}${letter === 'B' ? 'C' : 'B'}${text.slice(i + 1)}`),
  ];
  for (const each of wrong) expect(parseCursor(each, KEY), each).toBeUndefined();
});

test('a cursor of another store is none, and what is sealed is not seen', () => {
  const cursor = { day: 20_780, timeNs: 1e9, stream: 77, arrival: 123_456 };
  const other = cursorWriter(OTHER)(cursor);
  expect(parseCursor(other, KEY)).toBeUndefined();
  expect(parseCursor(other, OTHER)).toEqual(cursor);
  // The time is in clear, as the line has it.
  const CLEAR = 12;
  expect(other.slice(0, CLEAR)).toBe(cursorText(cursor).slice(0, CLEAR));
  for (const changed of [{ arrival: 123_457 }, { stream: 78 }]) {
    const sealed = [cursor, { ...cursor, ...changed }].map((each) => Buffer.from(cursorText(each), 'base64url'));
    const same = [...sealed[0]!.subarray(9)].filter((byte, i) => byte === sealed[1]!.subarray(9)[i]).length;
    expect(same).toBeLessThan(5);
  }
});

test('cursors compare by time, then stream, then arrival', () => {
  const cursor = { day: 5, timeNs: 6, stream: 7, arrival: 8 };
  expect(compareCursors(cursor, { ...cursor })).toBe(0);
  const earlier = [
    { day: 4, timeNs: 9, stream: 9, arrival: 9 },
    { day: 5, timeNs: 5, stream: 9, arrival: 9 },
    { day: 5, timeNs: 6, stream: 6, arrival: 9 },
    { day: 5, timeNs: 6, stream: 7, arrival: 7 },
  ];
  for (const each of earlier) {
    expect(compareCursors(each, cursor)).toBeLessThan(0);
    expect(compareCursors(cursor, each)).toBeGreaterThan(0);
  }
});

test('the rank of a stream depends on its labels alone, in whatever order they come', () => {
  expect(streamRank({ a: '1', b: '2' })).toBe(streamRank({ b: '2', a: '1' }));
  expect(streamRank({ a: '1' })).not.toBe(streamRank({ a: '2' }));
  // Cursors of yesterday hold it.
  expect(streamRank({ namespace: 'shop', pod: 'api-1' })).toBe(RANK);
});

const RANK = 68045572437798;
