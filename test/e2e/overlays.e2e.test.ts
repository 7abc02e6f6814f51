/** The overlays as a cluster meets them: made by the real kustomize, judged and stored by a real kube-apiserver. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kustomize, type KubernetesObject } from '../manifests/kustomize.ts';
import { MANIFESTS, OVERLAYS, renderManifests, workloadsOf, type Workload } from '../manifests/manifests.ts';
import { apply, pathOf } from './apply.ts';
import {
  buildKubeApiServer,
  type KubeApiServer,
  kubeApiServerUnavailable,
  startKubeApiServer,
} from './kube-apiserver.ts';
import { KUSTOMIZE, realKustomize } from './kustomize.ts';
import { REPOSITORY } from './podlog.ts';

const unavailable = KUSTOMIZE.unavailable() ?? kubeApiServerUnavailable();
const PODS = '/api/v1/namespaces/podlog/pods';
const K3S = join(MANIFESTS, 'overlays/k3s');
const README = readFileSync(join(MANIFESTS, 'README.md'), 'utf8');
/** Name and text of each kustomization.yaml in README.md. */
const README_OVERLAYS = [...README.matchAll(/```yaml\n# kustomization\.yaml: (.*)\n([^`]*)```/g)].map(
  ([, name = '', text = '']) => [name, text] as const,
);

describe.skipIf(unavailable !== undefined)(
  `the overlays${unavailable === undefined ? '' : ` (${unavailable})`}`,
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'podlog-e2e-overlays-'));
    let api: KubeApiServer;

    beforeAll(async () => {
      await KUSTOMIZE.build();
      await buildKubeApiServer();
      api = await startKubeApiServer();
      await api.call('POST', '/api/v1/namespaces', {
        metadata: { name: 'restricted', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
      });
    }, 1_800_000);

    afterAll(async () => {
      await (api as KubeApiServer | undefined)?.stop();
      rmSync(dir, { recursive: true });
    });

    /** As to a cluster without podlog, since Kubernetes lets no volume be changed that a StatefulSet asks for. */
    async function install(objects: readonly KubernetesObject[]): Promise<void> {
      await api.call('DELETE', pathOf(objects.find(({ kind }) => kind === 'StatefulSet')!)).catch(() => {});
      await apply(api, objects);
    }

    test.each(OVERLAYS)('%s: other tests see what kustomize makes of it', (overlay) => {
      const path = join(MANIFESTS, 'overlays', overlay);
      expect(sorted(kustomize(path))).toEqual(sorted(realKustomize(path)));
    });

    test.each(OVERLAYS)('%s is accepted, every field of it', async (overlay) => {
      const objects = realKustomize(join(MANIFESTS, 'overlays', overlay));
      await install(objects);
      await apply(api, objects);
    });

    test.each(README_OVERLAYS)("README's overlay %s is accepted", async (_name, text) => {
      // Beside a checkout, as its reader has it.
      const parent = mkdtempSync(join(dir, 'readme-'));
      const own = join(parent, 'own');
      symlinkSync(REPOSITORY, join(parent, 'podlog'));
      mkdirSync(own);
      writeFileSync(join(own, 'kustomization.yaml'), text);
      writeFileSync(join(own, 'rules.yaml'), 'redact: [email]\n');
      // Traefik's own kinds are known where Traefik is.
      await install(realKustomize(own).filter(({ apiVersion }) => !apiVersion.startsWith('traefik.io/')));
    });

    test('README has overlays', () => {
      expect(README_OVERLAYS.map(([name]) => name)).toEqual(['plain', 'traefik', 'traefik-login', 'oidc', 'rules']);
    });

    test('the server is a pod that `restricted` lets in, the agent is not', async () => {
      const [server, agent] = workloadsOf(renderManifests('overlays/k3s'));
      await install(kustomize(K3S));
      const create = (workload: Workload, namespace: string) =>
        api.call<{ spec: { priority: number } }>(
          'POST',
          `/api/v1/namespaces/${namespace}/pods?dryRun=All`,
          podOf(workload),
        );
      for (const workload of [server, agent]) {
        const { spec } = await create(workload, 'podlog');
        expect(spec.priority).toBe(1_000_000);
      }
      await create(server, 'restricted');
      await expect(create(agent, 'restricted')).rejects.toThrow(
        /violates PodSecurity \\"restricted:latest\\".*DAC_READ_SEARCH.*hostPath.*runAsNonRoot.*runAsUser=0/,
      );
    });

    test('a drain evicts a server that is not ready, which a budget without the policy would refuse', async () => {
      const objects = kustomize(K3S);
      const budget = objects.find(({ kind }) => kind === 'PodDisruptionBudget')!;
      await install(objects);
      const created = await api.call<object>('POST', PODS, podOf(workloadsOf(renderManifests('overlays/k3s'))[0]));
      const conditions = [{ type: 'Ready', status: 'False' }];
      const pod = `${PODS}/podlog-server-0`;
      await api.call('PUT', `${pod}/status`, { ...created, status: { phase: 'Running', conditions } });
      const evict = () =>
        api.call('POST', `${pod}/eviction`, {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name: 'podlog-server-0', namespace: 'podlog' },
        });
      await api.call('PUT', pathOf(budget), await withoutPolicy(budget));
      await observeBudget(budget);
      await expect(evict()).rejects.toThrow(/429/);
      await apply(api, [budget]);
      await observeBudget(budget);
      await evict();
    });

    async function withoutPolicy(budget: KubernetesObject): Promise<object> {
      const stored = await api.call<{ spec: object }>('GET', pathOf(budget));
      return { ...stored, spec: { ...stored.spec, unhealthyPodEvictionPolicy: null } };
    }

    /** What the disruption controller, which is none of the API server's, writes for one pod that is not ready. */
    async function observeBudget(budget: KubernetesObject): Promise<void> {
      const stored = await api.call<{ metadata: { generation: number } }>('GET', pathOf(budget));
      const status = {
        observedGeneration: stored.metadata.generation,
        expectedPods: 1,
        desiredHealthy: 0,
        currentHealthy: 0,
        disruptionsAllowed: 0,
      };
      await api.call('PUT', `${pathOf(budget)}/status`, { ...stored, status });
    }
  },
);

function sorted(objects: readonly KubernetesObject[]): KubernetesObject[] {
  const keyOf = ({ kind, metadata }: KubernetesObject): string => `${kind} ${metadata.name}`;
  return objects.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** The first pod of a workload, as its controller makes it. */
function podOf({ metadata, spec }: Workload): object {
  const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata: { name } }) => ({
    name,
    persistentVolumeClaim: { claimName: `${name}-${metadata.name}-0` },
  }));
  const { template } = spec;
  const volumes = [...(template.spec.volumes ?? []), ...claims];
  return {
    metadata: { ...template.metadata, name: `${metadata.name}-0` },
    spec: { ...template.spec, volumes, nodeName: 'worker-1' },
  };
}
