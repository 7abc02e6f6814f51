/** Times as log files and lines have them: every date that exists, and none that does not. */
import fc from '../fast-check.ts';
import { expect, test } from 'vitest';
import { CriParser } from '../../shared/cri.ts';
import { Rfc3339Parser } from '../../shared/rfc3339.ts';
import { formatTime } from '../../shared/time.ts';

const parser = new Rfc3339Parser();

function parsed(text: string): string | undefined {
  const bytes = Buffer.from(text);
  return parser.parse(bytes, 0, bytes.length) === bytes.length ? formatTime(parser.day, parser.timeNs) : undefined;
}

test.for([
  ['2026-11-23T15:01:12Z', '2026-11-23T15:01:12.000000000Z'],
  ['2028-02-29T00:00:00Z', '2028-02-29T00:00:00.000000000Z'],
  ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000000000Z'],
  ['0000-02-29T00:00:00Z', '0000-02-29T00:00:00.000000000Z'],
  ['0050-06-07T08:09:10Z', '0050-06-07T08:09:10.000000000Z'],
  ['0099-12-31T23:59:59.999999999Z', '0099-12-31T23:59:59.999999999Z'],
  ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.000000000Z'],
  ['2026-01-31T00:00:00-23:59', '2026-01-31T23:59:00.000000000Z'],
  ['2026-03-01T00:30:00+01:00', '2026-02-28T23:30:00.000000000Z'],
  // Leap seconds.
  ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000000000Z'],
  ['2016-12-31T23:59:60.5Z', '2017-01-01T00:00:00.500000000Z'],
  ['2015-06-30T23:59:60Z', '2015-07-01T00:00:00.000000000Z'],
  ['2017-01-01T08:59:60+09:00', '2017-01-01T00:00:00.000000000Z'],
  ['2016-12-31T15:59:60-08:00', '2017-01-01T00:00:00.000000000Z'],
] as const)('%s', ([text, want]) => {
  expect(parsed(text)).toBe(want);
});

test.for([
  '2026-02-29T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '2026-02-31T12:00:00Z',
  '2028-02-30T00:00:00Z',
  '1900-02-29T00:00:00Z',
  '2100-02-29T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-06-31T00:00:00Z',
  '2026-09-31T00:00:00Z',
  '2026-11-31T00:00:00Z',
  '2026-01-32T00:00:00Z',
  '2026-01-00T00:00:00Z',
  '2026-00-10T00:00:00Z',
  '2026-13-10T00:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T25:00:00Z',
  '2026-01-01T00:60:00Z',
  '2026-01-01T00:00:61Z',
  '2026-01-01T00:00:60Z',
  '2026-12-31T22:59:60Z',
  '2026-03-31T23:59:60Z',
  '2016-12-31T23:59:60+01:00',
  '2026-01-01T00:00:00+24:00',
  '2026-01-01T00:00:00+01:60',
])('does not exist: %s', (text) => {
  expect(parsed(text)).toBeUndefined();
});

test('a date that does not exist spoils neither the one before nor the one after', () => {
  for (const text of ['2026-02-28T01:00:00Z', '2026-02-30T01:00:00Z', '2026-02-28T02:00:00Z', '2026-02-30T02:00:00Z']) {
    expect(parsed(text) !== undefined).toBe(!text.startsWith('2026-02-30'));
  }
});

test('every day of a calendar, and every digit of a date', () => {
  const digits = fc.integer({ min: 0, max: 9999 });
  const two = fc.integer({ min: 0, max: 39 });
  fc.assert(
    fc.property(digits, two, two, (year, month, day) => {
      const date = [String(year).padStart(4, '0'), ...[month, day].map((n) => String(n).padStart(2, '0'))].join('-');
      const known = new Date(`${date}T00:00:00Z`);
      const exists = !Number.isNaN(known.getTime()) && known.toISOString().startsWith(date);
      expect(parsed(`${date}T00:00:00Z`)).toBe(exists ? `${date}T00:00:00.000000000Z` : undefined);
    }),
    { numRuns: 5000 },
  );
});

test('a fragment whose date does not exist is no fragment', () => {
  const cri = new CriParser();
  const parse = (text: string): boolean => cri.parse(Buffer.from(text), 0, Buffer.byteLength(text));
  expect(parse('2026-02-28T15:01:12.5Z stdout F x')).toBe(true);
  expect(parse('2026-02-30T15:01:12.5Z stdout F x')).toBe(false);
  expect(parse('2026-02-28T25:01:12.5Z stdout F x')).toBe(false);
  expect(parse('2026-02-28T15:01:61.5Z stdout F x')).toBe(false);
});
