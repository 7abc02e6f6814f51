import { expect, test } from 'vitest';
import { podLabels } from '../../../server/kubernetes/pod-labels.ts';
import { labelName } from '../../../shared/labels.ts';
import { type PodChanges, podObject } from '../../kubernetes/objects.ts';

const CREATED = '2026-11-23T15:00:30Z';
const MINUTE = Date.parse('2026-11-23T15:00:00Z') / 60_000;

test.each<[what: string, name: string, pod: PodChanges, want: Record<string, string>]>([
  ['a pod that stands alone', 'debug', {}, {}],
  [
    'a Deployment, by the hash at the end of its ReplicaSet',
    'api-7d9f8-x2x',
    { owner: 'ReplicaSet/api-7d9f8', labels: { 'pod-template-hash': '7d9f8' } },
    { app: 'api', owner: 'Deployment/api' },
  ],
  ['a ReplicaSet of its own', 'api-x2x', { owner: 'ReplicaSet/api' }, { app: 'api', owner: 'ReplicaSet/api' }],
  [
    'a hash that is another',
    'api-7d9f8-x2x',
    { owner: 'ReplicaSet/api-7d9f8', labels: { 'pod-template-hash': 'f8' } },
    { app: 'api-7d9f8', owner: 'ReplicaSet/api-7d9f8' },
  ],
  [
    'a Rollout of Argo',
    'api-55-x2x',
    { owner: 'ReplicaSet/api-55', labels: { 'rollouts-pod-template-hash': '55' } },
    { app: 'api', owner: 'Rollout/api' },
  ],
  ['a StatefulSet', 'db-0', { owner: 'StatefulSet/db' }, { app: 'db', owner: 'StatefulSet/db' }],
  ['a Job', 'import-x2x', { owner: 'Job/import' }, { app: 'import', owner: 'Job/import' }],
  [
    "a CronJob's Job, by its minute",
    'backup-1-x2x',
    { owner: `Job/backup-${MINUTE}`, created: CREATED },
    { app: 'backup', owner: 'CronJob/backup' },
  ],
  [
    'a Job with a date at its end',
    'import-20261123-x2x',
    { owner: 'Job/import-20261123', created: CREATED },
    { app: 'import-20261123', owner: 'Job/import-20261123' },
  ],
  [
    'a static pod',
    'kube-apiserver-worker-1',
    { owner: 'Node/worker-1' },
    { app: 'kube-apiserver', owner: 'Node/worker-1' },
  ],
  [
    'app.kubernetes.io/name comes before app, and both before the owner',
    'db-0',
    { owner: 'StatefulSet/db', labels: { app: 'b', 'app.kubernetes.io/name': 'a' } },
    { app: 'a', owner: 'StatefulSet/db' },
  ],
  [
    'app comes before the owner',
    'db-0',
    { owner: 'StatefulSet/db', labels: { app: 'b' } },
    { app: 'b', owner: 'StatefulSet/db' },
  ],
  ['an empty label is none', 'db-0', { labels: { app: '', 'app.kubernetes.io/component': '' } }, {}],
  ['a component', 'db-0', { labels: { 'app.kubernetes.io/component': 'database' } }, { component: 'database' }],
  [
    'chosen labels, of those that it has',
    'db-0',
    { labels: { team: 'blue', 'app.kubernetes.io/part-of': 'shop', other: 'x' } },
    { team: 'blue', app_kubernetes_io_part_of: 'shop' },
  ],
])('%s', (_what, name, pod, want) => {
  expect(podLabels(podObject(name, pod), ['team', 'app.kubernetes.io/part-of', 'missing'])).toEqual(want);
});

test.each([
  ['team', 'team'],
  ['app.kubernetes.io/part-of', 'app_kubernetes_io_part_of'],
  ['2nd', '_2nd'],
])('label name of %s', (key, want) => {
  expect(labelName(key)).toBe(want);
});
