import { expect, test } from 'vitest';
import { Metrics } from '../../shared/metrics.ts';

test('a counter without labels starts at zero and adds up', () => {
  const metrics = new Metrics();
  const lines = metrics.counter('lines_total', 'Lines.');
  expect(metrics.render()).toBe('# HELP lines_total Lines.\n# TYPE lines_total counter\nlines_total 0\n');
  lines.add();
  lines.add(2);
  expect(lines.value()).toBe(3);
  expect(metrics.render()).toContain('\nlines_total 3\n');
});

test('label values are escaped', () => {
  const metrics = new Metrics();
  metrics.counter('lost_total', 'Lost.').add(1, { reason: 'a"b\\c\nd' });
  expect(metrics.render()).toContain('lost_total{reason="a\\"b\\\\c\\nd"} 1\n');
});

test('a gauge is set, or read when rendered', () => {
  const metrics = new Metrics();
  metrics.gauge('a', 'A.').set(5, { kind: 'x' });
  let value = 1;
  metrics.gauge('b', 'B.').readFrom(() => value);
  value = 7;
  expect(metrics.render()).toContain('a{kind="x"} 5\n');
  expect(metrics.render()).toContain('\nb 7\n');
});

test('histogram buckets are cumulative', () => {
  const metrics = new Metrics();
  const seconds = metrics.histogram('took_seconds', 'Took.', [0.1, 1]);
  for (const value of [0.1, 0.5, 3]) seconds.observe(value, { route: 'logs' });
  const text = metrics.render();
  expect(text).toContain('took_seconds_bucket{route="logs",le="0.1"} 1\n');
  expect(text).toContain('took_seconds_bucket{route="logs",le="1"} 2\n');
  expect(text).toContain('took_seconds_bucket{route="logs",le="+Inf"} 3\n');
  expect(text).toContain('took_seconds_sum{route="logs"} 3.6\n');
  expect(text).toContain('took_seconds_count{route="logs"} 3\n');
});

test('a gauge of what comes and goes has the values of the moment', () => {
  const metrics = new Metrics();
  let values: [{ node: string }, number][] = [[{ node: 'a' }, 1]];
  metrics.gauge('lag', 'Lag.').readAllFrom(() => values);
  expect(metrics.render()).toContain('lag{node="a"} 1\n');
  values = [[{ node: 'b' }, 2]];
  expect(metrics.render()).toBe('# HELP lag Lag.\n# TYPE lag gauge\nlag{node="b"} 2\n');
  values = [];
  expect(metrics.render()).toBe('# HELP lag Lag.\n# TYPE lag gauge\n');
});
