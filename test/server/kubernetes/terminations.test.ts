import { expect, test } from 'vitest';
import { terminationsOf, podUidOf } from '../../../server/kubernetes/terminations.ts';
import type { ContainerStatus, PodObject } from '../../../server/kubernetes/objects.ts';
import { podObject, restarted } from '../../kubernetes/objects.ts';

const NOW = Date.parse('2026-11-23T15:00:10Z');
const AT = '2026-11-23T15:00:05Z';
const OOM = { exitCode: 137, reason: 'OOMKilled', finishedAt: AT };
const DONE = { exitCode: 0, reason: 'Completed', finishedAt: AT };

function tell(status: PodObject['status']): { line: string; offset: number }[] {
  const pod = podObject('api-1', status === undefined ? {} : { status });
  return terminationsOf(pod, {}, NOW, pod.metadata.uid).map(({ line, offset }) => ({ line, offset }));
}

test.each<[what: string, ContainerStatus, want: [line: string, offset: number][]]>([
  ['runs for the first time', { name: 'api', restartCount: 0, state: { running: {} } }, []],
  ['is being made', { name: 'api', restartCount: 0, state: { waiting: {} } }, []],
  [
    'has ended',
    { name: 'api', restartCount: 0, state: { terminated: DONE } },
    [['container api ended: exit code 0, Completed, restart 0', 1]],
  ],
  ['runs again', restarted('api', 5, OOM), [['container api ended: exit code 137, OOMKilled, restart 4', 5]]],
  [
    'waits to be started again: the restart is not counted yet',
    { name: 'api', restartCount: 4, state: { waiting: {} }, lastState: { terminated: OOM } },
    [['container api ended: exit code 137, OOMKilled, restart 4', 5]],
  ],
  [
    'has ended again, and before',
    { name: 'api', restartCount: 1, state: { terminated: OOM }, lastState: { terminated: DONE } },
    [
      ['container api ended: exit code 0, Completed, restart 0', 1],
      ['container api ended: exit code 137, OOMKilled, restart 1', 2],
    ],
  ],
  [
    'was ended by a signal, and has said why',
    restarted('api', 1, { exitCode: 139, signal: 11, message: 'panic:\n  at x\n', finishedAt: AT }),
    [['container api ended: exit code 139, signal 11, restart 0: panic: at x', 1]],
  ],
  ['ended two days ago', restarted('api', 1, { ...OOM, finishedAt: '2026-11-21T15:00:05Z' }), []],
  [
    'ended nobody knows when',
    restarted('api', 1, { exitCode: 137, reason: 'ContainerStatusUnknown', finishedAt: null }),
    [['container api ended: exit code 137, ContainerStatusUnknown, restart 0', 1]],
  ],
])('a container that %s', (_what, status, want) => {
  const told = want.map(([line, offset]) => ({ line, offset }));
  expect(tell({ containerStatuses: [status] })).toEqual(told);
  expect(tell({ initContainerStatuses: [status] })).toEqual(told);
  expect(tell({ ephemeralContainerStatuses: [status] })).toEqual(told);
});

test('one run is the same whether it is seen while it waits, or as the last of the next', () => {
  const seen = [
    { name: 'api', restartCount: 4, state: { terminated: OOM } },
    { name: 'api', restartCount: 4, state: { waiting: {} }, lastState: { terminated: OOM } },
    restarted('api', 5, OOM),
  ].map((status) => tell({ containerStatuses: [status] }));
  expect(seen[1]).toEqual(seen[0]);
  expect(seen[2]).toEqual(seen[0]);
});

test('an ending stands in the stream of podlog, behind the lines of its second', () => {
  const pod = podObject('api-1', { status: { containerStatuses: [restarted('api', 1, OOM)] } });
  expect(terminationsOf(pod, { app: 'api', owner: 'Deployment/api' }, NOW, 'uid-of-path')).toEqual([
    {
      file: 'kubernetes/endings/uid-of-api-1/api',
      offset: 1,
      labels: {
        namespace: 'shop',
        pod: 'api-1',
        container: 'api',
        stream: 'podlog',
        node: 'worker-1',
        app: 'api',
        owner: 'Deployment/api',
      },
      run: { uid: 'uid-of-path', container: 'api', restart: 0 },
      epochMs: Date.parse('2026-11-23T15:00:05.999Z'),
      line: 'container api ended: exit code 137, OOMKilled, restart 0',
    },
  ]);
});

const disruption = (reason: string, message?: string) => ({
  type: 'DisruptionTarget',
  status: 'True',
  reason,
  lastTransitionTime: AT,
  ...(message !== undefined && { message }),
});

test.each<[what: string, status: PodObject['status'], want: string[]]>([
  ['runs', { phase: 'Running' }, []],
  ['has failed because a container has', { phase: 'Failed' }, []],
  [
    'was evicted by its kubelet',
    { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory. ' },
    ['pod api-1 ended: Evicted: The node was low on resource: memory.'],
  ],
  [
    'is evicted by the API, as kubectl drain does',
    { phase: 'Running', conditions: [disruption('EvictionByEvictionAPI', 'Eviction API: evicting')] },
    ['pod api-1 ended: EvictionByEvictionAPI: Eviction API: evicting'],
  ],
  [
    'makes room for another',
    { phase: 'Running', conditions: [disruption('PreemptionByScheduler')] },
    ['pod api-1 ended: PreemptionByScheduler'],
  ],
])('a pod that %s', (_what, status, want) => {
  expect(tell(status).map(({ line }) => line)).toEqual(want);
});

test.each([
  ['kubernetes/endings/u1/api', 'u1'],
  ['kubernetes/endings/u1', 'u1'],
  ['kubernetes/events/1', undefined],
  ['u1/api/0@2026', undefined],
])('the pod of %s', (file, want) => {
  expect(podUidOf(file)).toBe(want);
});
