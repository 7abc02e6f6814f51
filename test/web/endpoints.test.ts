import { describe, expect, test } from 'vitest';
import type { Field } from '../../shared/readable-line/segment.ts';
import { operandOf, pathNames, requestFields } from '../../web/endpoints/fields.ts';
import { heatOf, heightOf, STRENGTHS } from '../../web/endpoints/heat-layout.ts';

const fieldsOf = (values: Readonly<Record<string, string>>): Field[] =>
  Object.entries(values).map(([name, value]) => ({ name, value }));

describe('fields of requests', () => {
  test.each([
    [
      'zerolog',
      [{ method: 'GET', path: '/a', status: '200', latency_ms: '1.5' }],
      { method: 'method', status: 'status', duration: 'latency_ms', unit: { ms: 1, isText: false } },
    ],
    [
      'Traefik',
      [{ RequestMethod: 'GET', RequestPath: '/a', DownstreamStatus: '200', Duration: '1500000' }],
      { method: 'RequestMethod', status: 'DownstreamStatus', duration: 'Duration', unit: { ms: 1e-6, isText: false } },
    ],
    [
      'nginx',
      [{ request_method: 'GET', request_uri: '/a', status: '200', request_time: '0.015' }],
      { method: 'request_method', status: 'status', duration: 'request_time', unit: { ms: 1e3, isText: false } },
    ],
    [
      'Go durations',
      [{ method: 'GET', url: '/a', status: '200', took: '1.5ms' }],
      { method: 'method', status: 'status', duration: 'took', unit: { ms: 1e3, isText: true } },
    ],
    [
      'a number whose unit nobody knows',
      [{ path: '/a', latency: '15' }],
      { method: undefined, status: undefined, duration: 'latency', unit: { ms: undefined, isText: false } },
    ],
    [
      'a status of something else',
      [
        { path: '/a', status: 'ok', code: '1' },
        { path: '/a', status: 'ok', statusCode: '200' },
      ],
      { method: undefined, status: 'statusCode', duration: undefined, unit: { ms: undefined, isText: false } },
    ],
  ])('of %s', (_, lines, want) => {
    expect(requestFields('path', lines.map(fieldsOf), {})).toEqual({ path: 'path', ...want });
  });

  test('the address has the last word, also on the unit', () => {
    const lines = [fieldsOf({ path: '/a', latency_ms: '1', db_us: '20' })];
    const { duration, unit } = requestFields('path', lines, { duration: 'db_us' });
    expect([duration, unit]).toEqual(['db_us', { ms: 1e-3, isText: false }]);
  });

  test('the path of most lines is taken, and what is not a path is none', () => {
    const counts = [
      { name: 'url', rows: 5, distinct: 1, values: [{ value: 'https://a.example/b', rows: 5 }] },
      { name: 'path', rows: 9, distinct: 1, values: [{ value: 'main.go', rows: 9 }] },
      { name: 'uri', rows: 7, distinct: 1_001, distinct_is_minimum: true, values: [] },
    ];
    expect(pathNames(counts)).toEqual(['uri', 'url']);
  });

  test.each([
    [500, { ms: 1, isText: false }, '500'],
    [500, { ms: 1e3, isText: false }, '0.5'],
    [500, { ms: 1e-6, isText: false }, '500000000'],
    [0.1, { ms: 1e-3, isText: false }, '100'],
    [500, { ms: 1e3, isText: true }, '500ms'],
    [500, { ms: undefined, isText: false }, '500'],
  ])('%s ms are with %j the operand %s', (ms, unit, want) => {
    expect(operandOf(ms, unit)).toBe(want);
  });
});

describe('heat map', () => {
  const span = { fromMs: 0, toMs: 120_000, stepMs: 60_000 };
  const group = (minute: number, from: number, to: number, rows: number, failed = 0) => ({
    time: new Date(minute * 60_000).toISOString(),
    by: { 'latency_ms.log10': { from, to } },
    rows,
    where: { failed },
  });

  test('has a row for each size, the largest at the top, and a column for each step', () => {
    const groups = [group(0, 8, 10, 1), group(0, 10, 12.5, 100), group(1, 16, 20, 10, 4)];
    const { cells, rows, columns } = heatOf(groups, 'latency_ms.log10', span);
    expect(columns).toBe(2);
    expect(rows).toEqual([
      { from: 16, to: 20 },
      { from: 12.5, to: 16 },
      { from: 10, to: 12.5 },
      { from: 8, to: 10 },
    ]);
    expect(cells).toEqual([
      { column: 0, row: 3, requests: 1, failed: 0, strength: 1 },
      { column: 0, row: 2, requests: 100, failed: 0, strength: STRENGTHS },
      { column: 1, row: 0, requests: 10, failed: 4, strength: 4 },
    ]);
    expect(heightOf(20, rows)).toBe(0);
    expect(heightOf(8, rows)).toBe(4);
    expect(heightOf(7, rows)).toBeUndefined();
  });

  test('of many sizes has rows of several, in which no request is lost', () => {
    const groups = [group(0, 0.001, 0.00125, 3), group(1, 100_000, 125_000, 2, 2)];
    const { cells, rows } = heatOf(groups, 'latency_ms.log10', span);
    expect(rows.length).toBeLessThanOrEqual(30);
    expect(rows[0]!.from).toBeLessThanOrEqual(100_000);
    expect(rows.at(-1)!.from).toBe(0.001);
    expect(rows.slice(1).every(({ to }, i) => to === rows[i]!.from)).toBe(true);
    expect(cells.map(({ requests, failed }) => [requests, failed])).toEqual([
      [3, 0],
      [2, 2],
    ]);
  });

  test('of nothing is empty', () => {
    const none = { time: new Date(0).toISOString(), by: { 'latency_ms.log10': null }, rows: 4 };
    expect(heatOf([none], 'latency_ms.log10', span)).toEqual({ cells: [], rows: [], columns: 2 });
  });
});
