import { parseDurationMs } from '../../shared/duration.ts';
import { expect, test } from 'vitest';
import { addDays, addMonths, daysOfMonth } from '../../web/parts/calendar-days.ts';
import { addressOf, type Question, QUESTION_DEFAULT, questionOf, type View, viewOf } from '../../web/state/address.ts';
import { frozenRange, instantMs, rangeName, stepSeconds } from '../../web/state/time-range.ts';

const EXPLORE: View = { kind: 'explore' };

test.each<[question: Partial<Question>, address: string]>([
  [{}, '/'],
  [{ q: 'level:error /a?b/' }, '/?q=level:error+/a%3Fb/'],
  [{ since: 'yesterday', until: 'today', order: 'oldest' }, '/?since=yesterday&until=today&order=oldest'],
  [{ since: '', until: '' }, '/?since='],
  [{ tab: 'patterns', line: 'abc' }, '/?view=patterns&line=abc'],
  [{ tab: 'differences' }, '/?view=differences'],
  [{ own: { duration: 'took', sort: 'p99' } }, '/?sort=p99&duration=took'],
  [{ tab: 'table', columns: ['path', 'error.kind'] }, '/?view=table&cols=path,error.kind'],
  [{ line: 'abc', context: 'app' }, '/?line=abc&context=app'],
  [{ since: '1h', until: '2026-11-27T14:00:00.000Z' }, '/?since=1h&until=2026-11-27T14:00:00.000Z'],
])('%j is the address %s, and back', (changes, address) => {
  const question = { ...QUESTION_DEFAULT, ...changes };
  expect(addressOf(EXPLORE, question)).toBe(address);
  expect(questionOf(new URL(address, 'http://podlog').search)).toEqual(question);
});

test.each<[path: string, view: View]>([
  ['/', { kind: 'explore' }],
  ['/live', { kind: 'live' }],
  ['/request/a%2Fb%20c', { kind: 'request', id: 'a/b c' }],
  ['/user/12345', { kind: 'user', id: '12345' }],
  ['/user/%E0%A4%A', { kind: 'user', id: '%E0%A4%A' }],
  ['/endpoints', { kind: 'endpoints' }],
  [
    '/endpoints/GET/%2Fapi%2Forders%2F%7Bid%7D',
    { kind: 'endpoints', endpoint: { method: 'GET', shape: '/api/orders/{id}' } },
  ],
  ['/endpoints/-/%2F', { kind: 'endpoints', endpoint: { method: '', shape: '/' } }],
  ['/cluster', { kind: 'cluster' }],
])('%s shows %j', (path, view) => {
  expect(viewOf(path)).toEqual(view);
  if (!path.includes('%E0')) expect(addressOf(view, QUESTION_DEFAULT)).toBe(path);
});

test.each(['?cols=a,,b,a', '?cols=a,b&context=nonsense'])('of the address %s, what is right is taken', (search) => {
  expect(questionOf(search)).toEqual({ ...QUESTION_DEFAULT, columns: ['a', 'b'] });
});

test('a duration counts back from the time of the search, and words are left to the server', () => {
  const now = Date.parse('2026-11-27T15:00:00Z');
  expect(frozenRange('1h30m', '', now)).toEqual({
    since: '2026-11-27T13:30:00.000Z',
    until: '2026-11-27T15:00:00.000Z',
  });
  expect(frozenRange('yesterday', 'today', now)).toEqual({ since: 'yesterday', until: 'today' });
  expect(frozenRange('', '', now)).toEqual({ since: '', until: '2026-11-27T15:00:00.000Z' });
});

test.each([
  ['90s', 90_000],
  ['1h30m', 5_400_000],
  ['1w', 604_800_000],
  ['h', undefined],
  ['yesterday', undefined],
])('%s is %s ms', (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms);
});

test('a range has a name where its times say less', () => {
  expect(rangeName('1h', '')).toBe('Last hour');
  expect(rangeName('2h', '')).toBe('Last 2 hours');
  expect(rangeName('1m', '')).toBe('Last minute');
  expect(rangeName('1h30m', '')).toBe('Last 1h30m');
  expect(rangeName('2026-11-27', '')).toBeUndefined();
});

test.each([
  [3_600_000, 60],
  [60_000, 1],
  [7 * 86_400_000, 7_200],
  [10 * 365 * 86_400_000, 2_592_000],
])('%s ms have bars of %s s', (rangeMs, seconds) => {
  expect(stepSeconds(rangeMs, 90)).toBe(seconds);
});

test.each([
  ['2026-11-27T14:00:00Z', Date.UTC(2026, 10, 27, 14)],
  ['2026-11-27T14:00:00+01:00', Date.UTC(2026, 10, 27, 13)],
  ['2026-11-27', Number.NaN],
  ['2026-11-27 14:00', Number.NaN],
  ['yesterday', Number.NaN],
  [undefined, Number.NaN],
])('only an instant with an offset is one for the page: %s', (text, ms) => {
  expect(instantMs(text)).toBe(ms);
});

test('months have weeks from Monday on, and days are counted over their ends', () => {
  const weeks = daysOfMonth('2026-11');
  expect(weeks).toHaveLength(6);
  expect(weeks[0]).toEqual([undefined, undefined, undefined, undefined, undefined, undefined, '2026-11-01']);
  expect(weeks.at(-1)![0]).toBe('2026-11-30');
  expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
  expect(addMonths('2026-10-31', 1)).toBe('2026-11-30');
  expect(addMonths('2026-01-31', -1)).toBe('2025-12-31');
});
