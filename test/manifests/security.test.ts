/** The pods may do no more than they must, whichever overlay is applied: an overlay cannot weaken what is said here. */
import { describe, expect, test } from 'vitest';
import { containerOf, ofKind, OVERLAYS, renderManifests, workloadsOf } from './manifests.ts';

describe.each(OVERLAYS)('%s', (overlay) => {
  const manifests = renderManifests(`overlays/${overlay}`);
  const [server, agent] = workloadsOf(manifests);

  test.each([server, agent].map((workload) => ({ name: workload.metadata.name, workload })))(
    '$name',
    ({ workload }) => {
      const pod = workload.spec.template.spec;
      expect([pod.hostNetwork, pod.hostPID, pod.hostIPC]).toEqual([undefined, undefined, undefined]);
      expect(pod.enableServiceLinks).toBe(false);
      expect(pod.securityContext.seccompProfile).toEqual({ type: 'RuntimeDefault' });
      const { securityContext, resources, startupProbe, readinessProbe, livenessProbe } = containerOf(workload);
      expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
      expect(securityContext.capabilities?.drop).toEqual(['ALL']);
      // What a container says for itself would count instead of what its pod says.
      const { privileged, procMount, seccompProfile, runAsNonRoot } = securityContext;
      expect([privileged, procMount, seccompProfile, runAsNonRoot].every((each) => each === undefined)).toBe(true);
      expect(Object.keys(resources.requests)).toEqual(['cpu', 'memory']);
      expect(Object.keys(resources.limits)).toEqual(['memory']);
      expect(livenessProbe?.httpGet.path).toBe('/healthz');
      expect(readinessProbe).toBeDefined();
      // An agent is up at once; a server may have a WAL to read first.
      expect(startupProbe !== undefined).toBe(workload === server);
    },
  );

  test('the server is not root, and writes to its volume alone', () => {
    const pod = server.spec.template.spec;
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10001, runAsGroup: 10001 });
    const { securityContext, volumeMounts } = containerOf(server);
    expect(securityContext.runAsUser).toBeUndefined();
    expect(securityContext.capabilities?.add).toBeUndefined();
    expect(volumeMounts.filter(({ readOnly }) => readOnly !== true).map(({ name }) => name)).toEqual(['data']);
    expect(pod.volumes!.filter(({ hostPath }) => hostPath !== undefined)).toEqual([]);
  });

  test("the agent is root to read its node's logs, and writes nowhere", () => {
    const { securityContext, volumeMounts } = containerOf(agent);
    expect(securityContext).toMatchObject({ runAsUser: 0, capabilities: { add: ['DAC_READ_SEARCH'] } });
    expect(volumeMounts.filter(({ readOnly }) => readOnly !== true)).toEqual([]);
    const paths = agent.spec.template.spec.volumes!.flatMap(({ hostPath }) => hostPath?.path ?? []);
    expect(paths).toEqual(['/var/log/pods']);
  });

  test('of the Kubernetes API, the server alone uses what its roles name, and that is all', () => {
    const roles = ofKind(manifests, 'ClusterRole');
    expect(roles.flatMap(({ rules }) => rules)).toEqual([
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
      { apiGroups: [''], resources: ['pods', 'events'], verbs: ['list', 'watch'] },
      { apiGroups: [''], resources: ['nodes'], verbs: ['list'] },
      { apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['list'] },
    ]);
    const bindings = ofKind(manifests, 'ClusterRoleBinding');
    expect(bindings.map(({ roleRef }) => roleRef.name)).toEqual(roles.map(({ metadata }) => metadata.name));
    const account = server.spec.template.spec.serviceAccountName;
    const subject = { kind: 'ServiceAccount', name: account, namespace: server.metadata.namespace };
    for (const { subjects } of bindings) expect(subjects).toEqual([subject]);
    expect(server.spec.template.spec.automountServiceAccountToken).toBe(true);
    expect(agent.spec.template.spec.automountServiceAccountToken).toBe(false);
  });

  test('nothing is applied that this file and the others do not know', () => {
    const kinds = new Set(manifests.map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual([
      'ClusterRole',
      'ClusterRoleBinding',
      'DaemonSet',
      'Namespace',
      'NetworkPolicy',
      'PodDisruptionBudget',
      'PriorityClass',
      'Service',
      'ServiceAccount',
      'StatefulSet',
    ]);
  });
});
