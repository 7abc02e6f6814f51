/** The server with a real kube-apiserver, as the account and with the rights that the manifests give it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreV1Api, KubeConfig, type V1ObjectMeta } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AUDIENCE } from '../../server/auth/reviewed-tokens.ts';
import { tokenReviewer } from '../../server/auth/token-review.ts';
import { BATCH_CONTENT_TYPE } from '../../shared/wire.ts';
import { freePort } from '../free-port.ts';
import { kustomize } from '../manifests/kustomize.ts';
import { MANIFESTS, ofKind, renderManifests } from '../manifests/manifests.ts';
import { batchOf, range, TODAY } from '../server/engines/embedded/batches.ts';
import { apply } from './apply.ts';
import {
  buildKubeApiServer,
  type KubeApiServer,
  kubeApiServerUnavailable,
  startKubeApiServer,
} from './kube-apiserver.ts';
import { endPodlog, type PodlogProcess, serverReady, startPodlog } from './podlog.ts';
import { until } from './until.ts';

const unavailable = kubeApiServerUnavailable();
const AGENT_ACCOUNT = { serviceAccountName: 'podlog-agent' };

interface CreatedPod {
  readonly namespace?: string;
  readonly account?: typeof AGENT_ACCOUNT;
}

const userOf = (account: string): string => `system:serviceaccount:podlog:${account}`;

describe.skipIf(unavailable !== undefined)(
  `a real kube-apiserver${unavailable === undefined ? '' : ` (${unavailable})`}`,
  () => {
    const dir = mkdtempSync(join(tmpdir(), 'podlog-e2e-kubernetes-'));
    let api: KubeApiServer;
    /** What people and controllers do in the cluster, by the client that they use. */
    let core: CoreV1Api;
    let port: number;
    let server: PodlogProcess;
    let config: string;

    beforeAll(async () => {
      await buildKubeApiServer();
      api = await startKubeApiServer();
      await apply(api, kustomize(`${MANIFESTS}overlays/k3s`));
      const admin = new KubeConfig();
      admin.loadFromString(api.kubeconfig());
      core = admin.makeApiClient(CoreV1Api);
      await core.createNamespacedServiceAccount({ namespace: 'podlog', body: { metadata: { name: 'nobody' } } });
      await core.createNamespace({ body: { metadata: { name: 'shop' } } });
      config = await kubeconfigOf('podlog-server');
      port = await freePort();
      await start();
    }, 1_800_000);

    afterAll(async () => {
      // One that did not come up is not there to be ended, and what kept it is reported already.
      if ((server as PodlogProcess | undefined) !== undefined) await endPodlog(server, 'SIGKILL');
      await (api as KubeApiServer | undefined)?.stop();
      rmSync(dir, { recursive: true });
    });

    async function start(): Promise<void> {
      const args = ['--data-dir', join(dir, 'data'), '--listen', `127.0.0.1:${port}`, '--kubernetes', config];
      server = startPodlog(['server', ...args]);
      await serverReady(server, port);
    }

    /** A new token of an account, for these audiences or for the API itself; bound to a pod as a projected one is. */
    async function tokenOf(account: string, audiences: string[] = [], pod?: V1ObjectMeta): Promise<string> {
      const boundObjectRef = pod && { kind: 'Pod', apiVersion: 'v1', name: pod.name!, uid: pod.uid! };
      const { status } = await core.createNamespacedServiceAccountToken({
        name: account,
        namespace: 'podlog',
        body: { spec: { audiences, ...(boundObjectRef && { boundObjectRef }) } },
      });
      return status!.token!;
    }

    /** A kubeconfig with a token of an account. */
    async function kubeconfigOf(account: string): Promise<string> {
      const file = join(dir, `${account}.json`);
      writeFileSync(file, api.kubeconfig(await tokenOf(account)));
      return file;
    }

    async function metric(name: string): Promise<number> {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
    }

    async function lines(query: string): Promise<string[]> {
      const response = await fetch(`http://127.0.0.1:${port}/logs?${query}&order=oldest&limit=1000&format=raw`);
      return (await response.text()).split('\n').filter((line) => line !== '');
    }

    const watches = () => until('both watches', 60_000, async () => (await metric('podlog_kubernetes_watches')) === 2);

    async function createPod(name: string, app: string, changes: CreatedPod = {}): Promise<V1ObjectMeta> {
      const { namespace = 'shop', account } = changes;
      const spec = { nodeName: 'worker-1', containers: [{ name: 'api', image: 'x' }], ...account };
      const body = { metadata: { name, labels: { app } }, spec };
      return (await core.createNamespacedPod({ namespace, body })).metadata!;
    }

    async function send(pod: string, uid: string, from: number): Promise<void> {
      const node = 'worker-1';
      const labels = { namespace: 'shop', pod, container: 'api', stream: 'stdout', node };
      const batch = batchOf({
        node,
        lines: [{ text: `{"pod":"${pod}","n":${from}}`, day: TODAY, labels }],
        files: [range(`${uid}/api/0@x`, from, from + 1)],
      });
      const response = await fetch(`http://127.0.0.1:${port}/agent/batch`, {
        method: 'POST',
        body: new Uint8Array(batch),
        headers: { 'content-type': BATCH_CONTENT_TYPE },
      });
      expect(response.status).toBe(200);
    }

    const putEvent = (name: string) =>
      core.createNamespacedEvent({
        namespace: 'shop',
        body: {
          metadata: { name, namespace: 'shop' },
          involvedObject: { kind: 'Pod', namespace: 'shop', name: 'api-1' },
          type: 'Warning',
          reason: 'BackOff',
          message: `message of ${name}`,
          lastTimestamp: new Date(),
        },
      });
    const isTold = (...names: string[]) =>
      until(`the events ${names.join(', ')}`, 60_000, async () => {
        const told = (await lines('source=events')).map((line) => (JSON.parse(line) as { message: string }).message);
        expect(told.toSorted()).toEqual(names.map((name) => `message of ${name}`).toSorted());
        return true;
      });

    test('labels, for a pod that is there and for one that is new', async () => {
      await watches();
      const first = await createPod('api-0', 'api');
      await send('api-0', first.uid!, 0);
      expect(await lines('app=api')).toEqual(['{"pod":"api-0","n":0}']);
    });

    test('a container that was killed', async () => {
      const pod = { name: 'api-0', namespace: 'shop' };
      const body = await core.readNamespacedPod(pod);
      const terminated = { exitCode: 137, reason: 'OOMKilled', finishedAt: new Date() };
      const state = { name: 'api', restartCount: 3, ready: true, image: 'x', imageID: 'x', lastState: { terminated } };
      body.status = { containerStatuses: [{ ...state, state: { running: {} } }] };
      await core.replaceNamespacedPodStatus({ ...pod, body });
      const want = ['container api ended: exit code 137, OOMKilled, restart 2'];
      await until('its end', 20_000, async () => (await lines('app=api&stream=podlog')).length > 0);
      expect(await lines('app=api&stream=podlog')).toEqual(want);
    });

    test('events, over a server that is killed and an API server that is', async () => {
      await putEvent('e1');
      await isTold('e1');
      await endPodlog(server, 'SIGKILL');
      await putEvent('e2');
      await start();
      await isTold('e1', 'e2');
      await watches();
      await api.stopApiServer();
      await until('the watches to end', 20_000, async () => (await metric('podlog_kubernetes_watches')) === 0);
      await api.startApiServer();
      await putEvent('e3');
      const second = await createPod('web-0', 'web');
      await watches();
      await isTold('e1', 'e2', 'e3');
      await send('web-0', second.uid!, 0);
      expect(await lines('app=web')).toEqual(['{"pod":"web-0","n":0}']);
      expect(await lines('stream=podlog')).toHaveLength(1);
    });

    test('a new image of a workload, over a server that is killed', async () => {
      const deploy = async (hash: string, image: string): Promise<void> => {
        const name = `pay-${hash}`;
        const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: `uid-of-${name}`, controller: true };
        const labels = { app: 'pay', 'pod-template-hash': hash };
        const spec = { nodeName: 'worker-1', containers: [{ name: 'pay', image }] };
        const metadata = { name: `${name}-x`, labels, ownerReferences: [owner] };
        await core.createNamespacedPod({ namespace: 'shop', body: { metadata, spec } });
      };
      const isSaid = (...messages: string[]) =>
        until(messages.join(', '), 60_000, async () => {
          const said = (await lines('source=changes')).map((line) => (JSON.parse(line) as { message: string }).message);
          return said.join() === messages.join();
        });
      await watches();
      await deploy('aaa', 'shop/pay:v1');
      await isSaid('pay: first seen with image v1');
      await deploy('bbb', 'shop/pay:v2');
      const deployedMs = Date.now();
      await isSaid('pay: first seen with image v1', 'pay: image v1 → v2');
      await endPodlog(server, 'SIGKILL');
      // Times of the API are whole seconds: in a list, only a younger pod is known to be a change.
      await until('the next second', 10_000, async () => Date.now() - deployedMs > 1000);
      await deploy('ccc', 'shop/pay:v3');
      await start();
      await isSaid('pay: first seen with image v1', 'pay: image v1 → v2', 'pay: image v2 → v3');
    });

    test("an agent's token is known with its node by the server's account, and one for the API itself is none of an agent", async () => {
      const [tokenPath, caPath] = [join(dir, 'token'), join(dir, 'ca.crt')];
      writeFileSync(tokenPath, await tokenOf('podlog-server'));
      writeFileSync(caPath, api.ca());
      const review = tokenReviewer({ url: api.url, tokenPath, caPath, namespacePath: '' }, AUDIENCE);
      const known = { authenticated: true, username: userOf('podlog-agent'), audiences: [AUDIENCE] };
      const agent = await createPod('podlog-agent-x', 'podlog-agent', { namespace: 'podlog', account: AGENT_ACCOUNT });
      const token = await tokenOf('podlog-agent', [AUDIENCE], agent);
      expect(await review(token)).toEqual({ ...known, node: 'worker-1' });
      expect(await review(await tokenOf('podlog-agent', [AUDIENCE]))).toEqual({ ...known, node: undefined });
      expect(await review(await tokenOf('podlog-agent'))).toMatchObject({ authenticated: false });
    });

    test('the server has used each of its rights and asked for nothing else; an agent has none', async () => {
      const roles = ofKind(renderManifests('overlays/k3s'), 'ClusterRole').flatMap(({ rules }) => rules);
      const granted = roles.flatMap(({ resources, verbs }) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
      );
      expect(api.askedBy(userOf('podlog-server'))).toEqual(new Set(granted));
      expect(await rightsOf('podlog-agent')).toEqual(await rightsOf('nobody'));
      const all = await rightsOf('podlog-server');
      expect(all.filter((right) => !granted.includes(right))).toEqual(await rightsOf('nobody'));
      expect(all).toEqual(expect.arrayContaining(granted));
    });

    /** What an account may do in a namespace, by all roles of the cluster; sorted. */
    async function rightsOf(account: string): Promise<string[]> {
      const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
      interface Rules {
        readonly status: { readonly resourceRules: readonly { resources?: string[]; verbs: string[] }[] };
      }
      const { status } = await api.call<Rules>('POST', path, { spec: { namespace: 'shop' } }, userOf(account));
      const rights = status.resourceRules.flatMap(({ resources = [], verbs }) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
      );
      return rights.toSorted();
    }

    test('an account without rights: the server says so and serves', async () => {
      await endPodlog(server, 'SIGTERM');
      config = await kubeconfigOf('nobody');
      await start();
      await until('a warning', 20_000, () => /pods is forbidden: User .*nobody/.test(server.stdout));
      expect(await lines('app=api&stream=stdout')).toHaveLength(1);
    });
  },
);
