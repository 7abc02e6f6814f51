import { describe, expect, test } from 'vitest';
import type { LogRow } from '../../shared/client/answers.ts';
import { type Happening, type PodCounts, warningOf, workloadsOf } from '../../web/cluster/workloads.ts';
import { type Change, endingOf } from '../../web/state/change.ts';

const row = (line: string, labels: LogRow['labels']): LogRow => ({
  time: '2026-11-23T20:00:00.000000000Z',
  labels,
  line,
  json: '',
});
const OF_POD = { namespace: 'shop', pod: 'api-6b8f9c7d5-2mjqt', owner: 'Deployment/api', stream: 'podlog' };

describe('how a container ended', () => {
  test.each<[line: string, kind: Change['kind'] | undefined]>([
    ['container api ended: exit code 137, OOMKilled, restart 3', 'oom'],
    ['container api ended: exit code 1, Error, restart 0', 'restart'],
    ['container api ended: exit code 2, signal 6, restart 1: panic: ended: exit code 0', 'restart'],
    ['pod api-6b8f9c7d5-2mjqt ended: Evicted: The node was low on resource: memory.', 'restart'],
    ['container migrate ended: exit code 0, Completed, restart 0', undefined],
    ['container api ended: exit code 143, Error, restart 0', undefined],
    ['podlog: 4096 bytes of 0.log were lost', undefined],
  ])('%s: %s', (line, kind) => {
    const ending = endingOf(row(line, OF_POD));
    expect(ending?.kind).toBe(kind);
    if (ending !== undefined) expect([ending.namespace, ending.workload]).toEqual(['shop', 'api']);
  });
});

describe('the workload of a warning', () => {
  test.each([
    ['Pod', 'api-6b8f9c7d5-2mjqt', 'api'],
    ['Pod', 'redis-0', 'redis'],
    ['ReplicaSet', 'api-6b8f9c7d5', 'api'],
    ['Job', 'backup-29400000', 'backup'],
    ['Deployment', 'api', 'api'],
  ])('%s/%s is of %s', (kind, name, workload) => {
    const line = JSON.stringify({ level: 'warn', kind, name, reason: 'BackOff', message: 'again', count: 7 });
    const warning = warningOf(row(line, { namespace: 'shop', source: 'events' }));
    expect(warning?.workload).toBe(workload);
    expect(warning?.text).toBe('BackOff: again (7 times)');
  });

  test('is of none where the object is not one, and a line that is not JSON is none', () => {
    const node = JSON.stringify({ kind: 'Node', name: 'worker-1', reason: 'NodeNotReady' });
    expect(warningOf(row(node, { source: 'events' }))).toBeUndefined();
    expect(warningOf(row('{', { source: 'events' }))).toBeUndefined();
  });
});

test('what went wrong most is first: ends, then warnings, then errors', () => {
  const pod = (name: string, errors: number): PodCounts => ({
    namespace: 'shop',
    owner: '',
    node: '',
    lines: 10,
    pod: `${name}-6b8f9c7d5-2mjqt`,
    errors,
  });
  const happening = (kind: Happening['kind'], workload: string): Happening => ({
    ms: 0,
    time: '',
    namespace: 'shop',
    pod: '',
    text: '',
    count: 1,
    search: '',
    kind,
    workload,
  });
  const workloads = workloadsOf(
    [pod('calm', 0), pod('noisy', 9), pod('noisy', 2)],
    [happening('deploy', 'calm'), happening('warning', 'warned'), happening('oom', 'dead'), happening('warning', '')],
  );
  expect(workloads.map(({ name }) => name)).toEqual(['dead', 'warned', 'noisy', 'calm']);
  expect(workloads.find(({ name }) => name === 'noisy')).toMatchObject({ errors: 11, lines: 20, restarts: 0 });
});
