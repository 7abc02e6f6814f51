import { describe, expect, it } from 'vitest';
import { formatInstant } from '../../../shared/time.ts';
import { parseInstant } from '../../../server/query/time-parameter.ts';
import { parseTimeZone } from '../../../server/store/time-zone.ts';

const NOW = Date.UTC(2026, 10, 23, 15, 30, 10, 500);

const NO_TIMES = [
  '2026-02-29',
  '2026-02-30',
  '2026-04-31T10:00',
  '2026-11-20T24:00',
  '2026-11-20T10:60',
  '2026-11-20T10:11:61Z',
  '2026-11-20T10:11:60Z',
  '2026-11-20T10:11:12+24:00',
  '2026-00-01',
  '2026-01-00',
  '2026-13-01',
  '2026-11-20T25:00:00Z',
];

describe('parseInstant', () => {
  it.each([
    ['now', '2026-11-23T15:30:10.500000000Z'],
    ['15m', '2026-11-23T15:15:10.500000000Z'],
    ['1h30m', '2026-11-23T14:00:10.500000000Z'],
    ['-3h', '2026-11-23T12:30:10.500000000Z'],
    ['now-24h', '2026-11-22T15:30:10.500000000Z'],
    ['1.5d', '2026-11-22T03:30:10.500000000Z'],
    ['2w', '2026-11-09T15:30:10.500000000Z'],
    ['today', '2026-11-23T00:00:00.000000000Z'],
    ['yesterday', '2026-11-22T00:00:00.000000000Z'],
    ['2026-11-20', '2026-11-20T00:00:00.000000000Z'],
    ['2026-11-20T10:11', '2026-11-20T10:11:00.000000000Z'],
    ['2026-11-20 10:11:12', '2026-11-20T10:11:12.000000000Z'],
    ['2026-11-20T10:11:12.123456789Z', '2026-11-20T10:11:12.123456789Z'],
    ['2026-11-20T10:11:12.5+02:00', '2026-11-20T08:11:12.500000000Z'],
    ['2026-11-20T10:11:12 02:00', '2026-11-20T08:11:12.000000000Z'],
    ['2026-11-20 10:11:12 0200', '2026-11-20T08:11:12.000000000Z'],
    ['2026-11-20T10:11:12+0200', '2026-11-20T08:11:12.000000000Z'],
    ['2026-11-20T10:11:12+02', '2026-11-20T08:11:12.000000000Z'],
    ['2026-11-20T10:11 02:00', '2026-11-20T08:11:00.000000000Z'],
    ['2026-11-20T10:11:12.123456789123Z', '2026-11-20T10:11:12.123456789Z'],
    ['1795447812', '2026-11-23T15:30:12.000000000Z'],
    ['1795447812.25', '2026-11-23T15:30:12.250000000Z'],
    ['1795447812123', '2026-11-23T15:30:12.123000000Z'],
    ['1795447812123456', '2026-11-23T15:30:12.123456000Z'],
    ['1795447812123456789', '2026-11-23T15:30:12.123456789Z'],
    ['4000000000', '2096-10-02T07:06:40.000000000Z'],
    ['1795447812.123456789', '2026-11-23T15:30:12.123456789Z'],
    ['1795447812123.456', '2026-11-23T15:30:12.123456000Z'],
    ['1.795447812e9', '2026-11-23T15:30:12.000000000Z'],
    ['1.795447812123E+12', '2026-11-23T15:30:12.123000000Z'],
    ['0050-01-01', '0050-01-01T00:00:00.000000000Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000000000Z'],
    ['2028-02-29', '2028-02-29T00:00:00.000000000Z'],
    ['99999999w', '0000-01-01T00:00:00.000000000Z'],
    ['9999999999999999999', '2286-11-20T17:46:39.999999999Z'],
  ])('%s', (text, want) => {
    expect(formatInstant(parseInstant('since', text, NOW))).toBe(want);
  });

  it.each([
    '',
    'soon',
    'h',
    '1x',
    '2026-11-20T25:00:00Z00',
    '--1h',
    '1h ago',
    '12345678901234567890',
    '1e',
    '1.e9',
    '1.7e99',
  ])('refuses %j', (text) => {
    expect(() => parseInstant('since', text, NOW)).toThrow(
      /^since: .* is not a valid time; allowed: .*; example: since=1h$/,
    );
  });

  it.each(NO_TIMES)('refuses %j, which does not exist', (text) => {
    expect(() => parseInstant('until', text, NOW)).toThrow(
      `until: "${text}" is a date or time that does not exist; allowed: `,
    );
  });

  it.each([
    ['5', 'since=5m or since=5h'],
    ['0', 'since=0m or since=0h'],
    ['2026', 'since=2026-01-01'],
    ['12345678', 'since=1234m or since=1234h'],
    ['1e3', 'since=1000-01-01'],
  ])('refuses %j, which lacks a unit', (text, example) => {
    const problem = `since: "${text}" has no unit, and is too small to be seconds since 1970; allowed: `;
    expect(() => parseInstant('since', text, NOW)).toThrow(problem);
    expect(() => parseInstant('since', text, NOW)).toThrow(new RegExp(`; example: ${example}$`));
  });
});

describe('parseInstant in a time zone', () => {
  // 2026-11-23T15:30 UTC; Berlin's clocks change on 2026-03-29 and 2026-10-25 at 01:00 UTC.
  it.each([
    ['Europe/Berlin', 'today', '2026-11-22T23:00:00.000000000Z'],
    ['Europe/Berlin', 'yesterday', '2026-11-21T23:00:00.000000000Z'],
    ['Pacific/Auckland', 'today', '2026-11-23T11:00:00.000000000Z'],
    ['America/Los_Angeles', 'yesterday', '2026-11-22T08:00:00.000000000Z'],
    ['Europe/Berlin', '1h', '2026-11-23T14:30:10.500000000Z'],
    ['Europe/Berlin', '2026-07-01', '2026-06-30T22:00:00.000000000Z'],
    ['Europe/Berlin', '2026-07-01T12:00:00.000000001', '2026-07-01T10:00:00.000000001Z'],
    ['Europe/Berlin', '2026-07-01T12:00:00.5Z', '2026-07-01T12:00:00.500000000Z'],
    ['Europe/Berlin', '2026-07-01T12:00-07', '2026-07-01T19:00:00.000000000Z'],
    ['Europe/Berlin', '2026-03-29T01:59', '2026-03-29T00:59:00.000000000Z'],
    ['Europe/Berlin', '2026-03-29T02:30', '2026-03-29T01:00:00.000000000Z'],
    ['Europe/Berlin', '2026-03-29T03:00', '2026-03-29T01:00:00.000000000Z'],
    ['Europe/Berlin', '2026-10-25T01:59', '2026-10-24T23:59:00.000000000Z'],
    ['Europe/Berlin', '2026-10-25T02:30', '2026-10-25T00:30:00.000000000Z'],
    ['Europe/Berlin', '2026-10-25T03:00', '2026-10-25T02:00:00.000000000Z'],
    // The clocks of Beirut skip midnight.
    ['Asia/Beirut', '2026-03-29', '2026-03-28T22:00:00.000000000Z'],
    ['Asia/Kolkata', '2026-07-01', '2026-06-30T18:30:00.000000000Z'],
    ['+01:00', 'today', '2026-11-22T23:00:00.000000000Z'],
    [' 01:00', 'today', '2026-11-22T23:00:00.000000000Z'],
    ['-0330', '2026-07-01', '2026-07-01T03:30:00.000000000Z'],
    ['+9', '2026-07-01', '2026-06-30T15:00:00.000000000Z'],
    ['utc', 'today', '2026-11-23T00:00:00.000000000Z'],
    ['Z', '2026-07-01', '2026-07-01T00:00:00.000000000Z'],
  ])('%s: %s', (zone, text, want) => {
    expect(formatInstant(parseInstant('since', text, NOW, parseTimeZone(zone)))).toBe(want);
  });

  it('finds the day of an instant shortly before and after midnight', () => {
    const berlin = parseTimeZone('Europe/Berlin');
    const today = (nowMs: number): string => formatInstant(parseInstant('since', 'today', nowMs, berlin));
    expect(today(Date.UTC(2026, 9, 24, 21, 59))).toBe('2026-10-23T22:00:00.000000000Z');
    expect(today(Date.UTC(2026, 9, 24, 22, 0))).toBe('2026-10-24T22:00:00.000000000Z');
    expect(today(Date.UTC(2026, 9, 25, 22, 59))).toBe('2026-10-24T22:00:00.000000000Z');
    expect(today(Date.UTC(2026, 9, 25, 23, 0))).toBe('2026-10-25T23:00:00.000000000Z');
  });

  it.each(['', 'Berlin', 'Europe/Berlln', '+25:00', '+01:60', 'CEST!'])('refuses the zone %j', (zone) => {
    expect(() => parseTimeZone(zone)).toThrow(
      `tz: "${zone}" is not a time zone; allowed: a name such as Europe/Berlin, or an offset such as +01:00; example: tz=Europe/Berlin`,
    );
  });
});
