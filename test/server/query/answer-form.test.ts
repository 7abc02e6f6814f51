import { describe, expect, it } from 'vitest';
import { parseForm } from '../../../server/query/answer-form.ts';
import { NO_CURSOR_KEY } from '../../../server/store/cursor.ts';
import { parseLogsRequest, type QueryString } from '../../../server/query/parameters.ts';
import type { TextSink } from '../../../server/store/sink.ts';

const DAY = 20_780;
const NOW = DAY * 86_400_000 + 23.5 * 3_600_000;

function parse(query: QueryString, namespaces: 'all' | readonly string[] = 'all'): TextSink {
  return parseForm(query, parseLogsRequest({ query, namespaces }, NOW, NO_CURSOR_KEY), NOW);
}

describe('parseForm', () => {
  it('has defaults', () => {
    expect(parse({})).toEqual({ kind: 'text', format: 'ndjson' });
    expect(parse({ format: 'csv' })).toEqual({ kind: 'text', format: 'csv' });
    expect(parse({ format: 'csv', csv: 'exact' })).toEqual({ kind: 'text', format: 'csv-exact' });
  });

  it('reads columns, from one list or several', () => {
    const columns = ['time', 'pod', 'http.status'];
    expect(parse({ columns: 'time, pod,http.status' })).toEqual({ kind: 'text', format: 'ndjson', columns });
    expect(parse({ columns: ['time,pod', 'http.status'], format: 'csv' })).toMatchObject({ columns });
  });

  it('shows the date of days that are not today in the time zone', () => {
    const todayOf = (query: QueryString): number | undefined => parse({ format: 'text', ...query }).readable?.today;
    expect(todayOf({})).toBe(DAY);
    expect(todayOf({ tz: 'Europe/Berlin' })).toBe(DAY + 1);
    expect(parse({ format: 'text', tz: 'Europe/Berlin' }).zone).toBe('Europe/Berlin');
  });

  it('shows the namespace unless there is only one', () => {
    const shows = (query: QueryString, namespaces: 'all' | readonly string[] = 'all'): boolean | undefined =>
      parse({ format: 'text', ...query }, namespaces).readable?.withNamespace;
    expect(shows({})).toBe(true);
    expect(shows({ namespace: 'shop' })).toBe(false);
    expect(shows({ 'label.namespace': 'shop', level: 'error' })).toBe(false);
    expect(shows({ namespace: ['shop', 'bank'] })).toBe(true);
    expect(shows({ namespace: 'sh*' })).toBe(true);
    expect(shows({ namespace: '!shop' })).toBe(true);
    expect(shows({ 'field.namespace': 'shop' })).toBe(true);
    expect(shows({}, ['shop'])).toBe(false);
    expect(shows({}, ['shop', 'bank'])).toBe(true);
  });

  it('has colours on request', () => {
    expect(parse({ format: 'text' }).readable?.isColored).toBe(false);
    expect(parse({ format: 'text', color: 'always' }).readable?.isColored).toBe(true);
    expect(parse({ format: 'text', color: 'never' }).readable?.isColored).toBe(false);
  });

  it.each<[QueryString, RegExp]>([
    [{ format: 'xml' }, /^format: "xml" is unknown; allowed: ndjson, raw, json, csv, text; example: format=ndjson$/],
    [{ follow: 'true', format: 'json' }, /^format: a JSON array cannot follow/],
    [{ csv: 'exact' }, /^csv: given without format=csv/],
    [{ color: 'always' }, /^color: given without format=text/],
    [{ format: 'text', color: 'red' }, /^color: "red" is unknown; allowed: always, never/],
    [{ columns: 'time,,pod' }, /^columns: a name is empty; allowed: names of labels and fields/],
    [{ columns: '' }, /^columns: a name is empty/],
    [{ columns: 'pod,time,pod' }, /^columns: "pod" is named twice/],
    [{ columns: 'pod', format: 'raw' }, /^columns: format=raw has whole lines/],
    [{ columns: Array.from({ length: 101 }, (_, i) => `c${i}`).join() }, /^columns: 101 names; allowed: up to 100/],
    [{ columns: 'x'.repeat(301) }, /^columns: a name is too long/],
  ])('refuses %j', (query, message) => {
    expect(() => parse(query)).toThrow(message);
  });
});
