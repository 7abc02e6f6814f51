/** Which runs Kubernetes shows, by events and by statuses of pods. */
import { expect, test } from 'vitest';
import { begunRunsOf, type ContainerRuns, KnownRuns } from '../../../server/kubernetes/known-runs.ts';
import type { EventObject, PodObject } from '../../../server/kubernetes/objects.ts';
import { UNSEEN_AGE_MS_MAX, UNSEEN_CONTAINERS_MAX } from '../../../server/limits.ts';
import { eventObject, podObject } from '../../kubernetes/objects.ts';

const NOW = Date.parse('2026-11-23T15:00:00Z');
const at = (secondsAgo: number): string => new Date(NOW - secondsAgo * 1000).toISOString();
const OLD = at(UNSEEN_AGE_MS_MAX / 1000 + 1);

function knownRuns(): KnownRuns {
  return new KnownRuns({ pathUidOf: (uid) => `path-of-${uid}`, now: () => NOW });
}

/** `<path uid>/<container> <runs begun> <ended, by the status> <first start>-<last start>-<last sign>`, in seconds ago. */
function summary(runs: ContainerRuns): string {
  const { pathUid, container, node, endedRuns, firstStartMs, lastStartMs, lastMs } = runs;
  const ago = [firstStartMs, lastStartMs, lastMs].map((timeMs) => (NOW - timeMs) / 1000).join('-');
  return `${pathUid}/${container} on ${node}: ${begunRunsOf(runs)} begun, ${endedRuns} ended, ${ago}`;
}

type Changes = Partial<EventObject> & { readonly uid?: string };
const POD = { kind: 'Pod', namespace: 'shop', name: 'api-1', uid: 'u', fieldPath: 'spec.containers{api}' };

function started(changes: Changes = {}): EventObject {
  const times = { firstTimestamp: at(60), lastTimestamp: at(60) };
  return eventObject('e', { reason: 'Started', involvedObject: POD, ...times, ...changes });
}

const killing = (changes: Changes = {}): EventObject => started({ uid: 'k', reason: 'Killing', ...changes });
const of = (changes: Partial<typeof POD>): Changes => ({ involvedObject: { ...POD, ...changes } });

test.each<[what: string, events: EventObject[], want: string[]]>([
  ['a start', [started()], ['u/api on worker-1: 1 begun, 0 ended, 60-60-60']],
  [
    'starts that are one event, which is shown again',
    [started({ count: 2 }), started({ count: 3, lastTimestamp: at(9) })],
    ['u/api on worker-1: 3 begun, 0 ended, 60-9-9'],
  ],
  [
    'starts that are two events, as after a restart of the kubelet',
    [started({ count: 2 }), started({ uid: 'e2', firstTimestamp: at(9), lastTimestamp: at(9) })],
    ['u/api on worker-1: 3 begun, 0 ended, 60-9-9'],
  ],
  [
    'a start and its end',
    [started(), killing({ lastTimestamp: at(5) })],
    ['u/api on worker-1: 1 begun, 0 ended, 60-60-5'],
  ],
  [
    'an init container and an ephemeral one',
    [started(of({ fieldPath: 'spec.initContainers{a}' })), started(of({ fieldPath: 'spec.ephemeralContainers{b}' }))],
    ['u/a on worker-1: 1 begun, 0 ended, 60-60-60', 'u/b on worker-1: 1 begun, 0 ended, 60-60-60'],
  ],
  [
    'an event by the newer recorder',
    [
      started({
        source: {},
        reportingInstance: 'worker-2',
        firstTimestamp: null,
        lastTimestamp: null,
        eventTime: at(60),
        series: { count: 4, lastObservedTime: at(7) },
      }),
    ],
    ['u/api on worker-2: 4 begun, 0 ended, 60-7-7'],
  ],
  ['an end alone: when the run began is not known', [killing()], []],
  ['a start so long ago that its traces may be forgotten', [started({ lastTimestamp: OLD })], []],
  ['a container that was created and could not be started', [started({ reason: 'Created' })], []],
  ['the start of something else', [started(of({ kind: 'Node' })), started(of({ fieldPath: 'spec' }))], []],
  ['a start on no node', [started({ source: {} })], []],
  ['a start at no time', [started({ lastTimestamp: null, firstTimestamp: null })], []],
])('events: %s', (_what, events, want) => {
  const known = knownRuns();
  for (const event of events) known.noteEvent(event);
  expect([...known.all()].map(summary)).toEqual(want);
});

const ended = (startedAt: string | null, finishedAt: string): PodObject['status'] => ({
  containerStatuses: [{ name: 'api', restartCount: 2, state: { terminated: { exitCode: 1, startedAt, finishedAt } } }],
});

test.each<[what: string, status: PodObject['status'], want: string[]]>([
  ['a run that ended', ended(at(60), at(5)), ['path-of-u/api on worker-1: 3 begun, 3 ended, 90-60-5']],
  ['a run that ended long ago', ended(OLD, OLD), []],
  ['a run that never was', ended('1970-01-01T00:00:00Z', at(5)), []],
  ['a run that goes on', { containerStatuses: [{ name: 'api', restartCount: 0, state: { running: {} } }] }, []],
  ['no status', undefined, []],
])('pods: %s', (_what, status, want) => {
  const known = knownRuns();
  known.notePod(podObject('api-1', { uid: 'u', created: at(90), ...(status && { status }) }));
  expect([...known.all()].map(summary)).toEqual(want);
});

test('what is known has a limit: the oldest is left out', () => {
  const known = knownRuns();
  for (let i = 0; i <= UNSEEN_CONTAINERS_MAX; i++) known.noteEvent(started(of({ uid: `u${i}` })));
  const uids = [...known.all()].map(({ pathUid }) => pathUid);
  expect(uids).toHaveLength(UNSEEN_CONTAINERS_MAX);
  expect(uids[0]).toBe('u1');
});
