import { expect, test } from 'vitest';
import { eventLabels, eventLine } from '../../../server/kubernetes/events.ts';
import type { EventObject } from '../../../server/kubernetes/objects.ts';
import { eventObject } from '../../kubernetes/objects.ts';

const FIRST = '2026-11-23T15:00:00Z';
const LAST = '2026-11-23T15:10:00Z';
const POD = { kind: 'Pod', namespace: 'shop', name: 'api-1', uid: 'u1' };
const CLASSIC = eventObject('api-1.17a', {
  involvedObject: { ...POD, fieldPath: 'spec.containers{api}' },
  reason: 'BackOff',
  message: 'Back-off restarting failed container',
  count: 7,
  firstTimestamp: FIRST,
  lastTimestamp: LAST,
});

test('an event says what, of whom, how often and since when', () => {
  expect(eventLine(CLASSIC)).toBe(
    '{"level":"warn","type":"Warning","reason":"BackOff","kind":"Pod","namespace":"shop","name":"api-1",' +
      '"container":"api","message":"Back-off restarting failed container","count":7,' +
      `"first":"${FIRST}","last":"${LAST}","reporter":"kubelet","host":"worker-1","uid":"u1"}`,
  );
});

test.each<[what: string, event: Partial<EventObject>, want: Record<string, unknown>]>([
  ['a normal one', { type: 'Normal' }, { level: 'info', type: 'Normal' }],
  [
    'of an init container',
    { involvedObject: { ...POD, fieldPath: 'spec.initContainers{wait}' } },
    { container: 'wait' },
  ],
  ['of a volume', { involvedObject: { ...POD, fieldPath: 'spec.volumes{data}' } }, { container: undefined }],
  [
    'of the new kind: a time and a series',
    {
      count: 0,
      firstTimestamp: null,
      lastTimestamp: null,
      eventTime: '2026-11-23T15:00:00.123456Z',
      series: { count: 9, lastObservedTime: LAST },
      source: {},
      reportingComponent: 'default-scheduler',
    },
    { count: 9, first: '2026-11-23T15:00:00.123456Z', last: LAST, reporter: 'default-scheduler', host: undefined },
  ],
])('%s', (_what, event, want) => {
  const fields = JSON.parse(eventLine({ ...CLASSIC, ...event })) as Record<string, unknown>;
  for (const [name, value] of Object.entries(want)) expect(fields[name]).toBe(value);
});

test('there are as many streams of events as namespaces', () => {
  expect(eventLabels(CLASSIC)).toEqual({ source: 'events', namespace: 'shop' });
  expect(eventLabels({ ...CLASSIC, involvedObject: { kind: 'Node', name: 'worker-1' } })).toEqual({ source: 'events' });
});
