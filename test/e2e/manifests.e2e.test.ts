/**
 * The image and the manifests, run: server and agent as containers with the arguments, environment, mounts, limits and
 * security contexts of manifests/. What differs from a cluster: pods share the machine's network, so ports and the
 * server's address are the test's; and no Kubernetes API knows the agent, so its token is one of the tokens file.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../free-port.ts';
import { renderManifests, workloadsOf, type Container, type PodTemplate } from '../manifests/manifests.ts';
import { containerdUnavailable, startContainerd, type Containerd } from './containerd.ts';
import type { SecurityContext } from './cri.ts';
import { BUSYBOX_IMAGE } from './images.ts';
import { makeVolume, PODLOG_IMAGE, writePodlogImage } from './podlog-image.ts';
import { queryLogs, type LogRow } from './podlog.ts';
import { endContainer, logFile, rotateLog, runPod, type Pod } from './pods.ts';
import { until } from './until.ts';
import { LINES_A_ROUND, openRound, workload, workloadLines } from './workload.ts';

const unavailable = containerdUnavailable();
const CAP_DAC_READ_SEARCH = 1n << 2n;
const AGENT_TOKEN = 'agent-0123456789abcdef';
const READ_TOKEN = 'read-0123456789abcdef';

const templates = new Map(
  workloadsOf(renderManifests('overlays/k3s')).map(({ spec }) => [
    spec.template.spec.containers[0]!.name,
    spec.template,
  ]),
);

describe.skipIf(unavailable !== undefined)(
  `the manifests${unavailable === undefined ? '' : ` (${unavailable})`}`,
  () => {
    let containerd: Containerd;
    let podsDir: string;
    let port: number;
    let metricsPort: number;
    let server: Pod;
    let agent: Pod;

    beforeAll(async () => {
      containerd = await startContainerd();
      podsDir = join(containerd.dir, 'pods');
      mkdirSync(podsDir, { mode: 0o750 });
      await containerd.importImage(writePodlogImage(containerd.dir), PODLOG_IMAGE);
      port = await freePort();
      metricsPort = await freePort();
      makeVolume(join(containerd.dir, 'data'), templates.get('server')!.spec.securityContext.fsGroup!);
      const [tokens, token] = [join(containerd.dir, 'tokens'), join(containerd.dir, 'token')];
      for (const dir of [tokens, token]) mkdirSync(dir);
      const entries = [
        { name: 'agent', token: AGENT_TOKEN, scopes: ['agent'] },
        { name: 'reader', token: READ_TOKEN, scopes: ['read'] },
      ];
      writeFileSync(join(tokens, 'tokens.yaml'), JSON.stringify(entries));
      writeFileSync(join(token, 'token'), AGENT_TOKEN);
      await startServer();
      await startAgent();
    }, 120_000);
    afterAll(() => containerd.stop(), 120_000);

    async function startServer(): Promise<void> {
      server = await runTemplate('server', {
        env: { PODLOG_LISTEN: `127.0.0.1:${port}`, PODLOG_TOKEN_REVIEW: 'false' },
        folders: { tokens: join(containerd.dir, 'tokens'), data: join(containerd.dir, 'data') },
      });
    }

    async function startAgent(): Promise<void> {
      agent = await runTemplate('agent', {
        env: {
          PODLOG_SERVER: `http://127.0.0.1:${port}`,
          PODLOG_NODE: 'node-1',
          PODLOG_METRICS_LISTEN: `127.0.0.1:${metricsPort}`,
        },
        folders: { pods: podsDir, token: join(containerd.dir, 'token') },
      });
    }

    /** Runs the pod of a template of the manifests. `folders` are the machine's, by the name of the volume. */
    function runTemplate(
      name: string,
      { env, folders }: { env: Readonly<Record<string, string>>; folders: Readonly<Record<string, string>> },
    ): Promise<Pod> {
      const template = templates.get(name)!;
      const container = template.spec.containers[0]!;
      const values = container.env.filter(({ value }) => value !== undefined).map((pair) => [pair.name, pair.value]);
      return runPod(containerd, podsDir, {
        namespace: 'podlog',
        name: `podlog-${name}-0`,
        container: name,
        image: PODLOG_IMAGE,
        args: container.args,
        env: { ...Object.fromEntries(values), ...env },
        mounts: container.volumeMounts.map((mount) => ({
          container_path: mount.mountPath,
          host_path: folders[mount.name]!,
          readonly: mount.readOnly ?? false,
        })),
        security: securityOf(template, container),
        memoryLimitBytes: Number.parseInt(container.resources.limits['memory']!, 10) * 2 ** 20,
      });
    }

    test('probes are answered', async () => {
      const probes = [
        ...probesOf('server').map((path) => `http://127.0.0.1:${port}${path}`),
        ...probesOf('agent').map((path) => `http://127.0.0.1:${metricsPort}${path}`),
      ];
      expect(probes.length).toBeGreaterThanOrEqual(4);
      for (const url of probes) {
        await until(url, 20_000, async () => {
          const { ok } = await fetch(url);
          return ok;
        }).catch((cause: unknown) => {
          throw new Error(`${url}; the pods say: ${said(server)}${said(agent)}`, { cause });
        });
      }
    });

    /** A pod that logs so many rounds, each once its file is made in `control`. */
    async function runWorkload(name: string, rounds: number, control: string): Promise<Pod> {
      const work = workload(name, 0, rounds, control);
      return runPod(containerd, podsDir, { namespace: 'shop', name, container: 'app', image: BUSYBOX_IMAGE, ...work });
    }

    function stored(pod: string): Promise<LogRow[]> {
      return queryLogs(port, { namespace: 'shop', pod, order: 'oldest', limit: '100000' }, READ_TOKEN);
    }

    /** Waits for the lines of that many rounds, and compares each: none is missing, none is there twice. */
    async function expectRounds(pod: string, rounds: number): Promise<void> {
      const expected = workloadLines(pod, 0, rounds);
      const rows = await until(`${expected.length} lines`, 60_000, async () => {
        const found = await stored(pod);
        return found.length >= expected.length && found;
      });
      for (const stream of ['stdout', 'stderr']) {
        const lines = rows.filter(({ labels }) => labels['stream'] === stream).map(({ line }) => line);
        expect(lines).toEqual(expected.filter((row) => row.stream === stream).map(({ line }) => line));
      }
    }

    /** Ends a pod as the kubelet does when its workload is rolled out anew, within the grace period of its template. */
    async function endInOrder(pod: Pod): Promise<void> {
      const grace = templates.get(pod.spec.container)!.spec.terminationGracePeriodSeconds;
      const { exit_code: exitCode } = await endContainer(containerd, pod, grace);
      expect(exitCode, said(pod)).toBe(0);
    }

    test('a pod that logs is found, and podlog itself does not feed on its own lines', async () => {
      const control = join(containerd.dir, 'control');
      openRound(control, 0);
      await runWorkload('alpha', 1, control);
      await expectRounds('alpha', 1);
      const expected = workloadLines('alpha', 0, 1);
      const own = await queryLogs(port, { namespace: 'podlog', limit: '100000' }, READ_TOKEN);
      expect(own.length).toBeGreaterThan(0);
      expect(own.length).toBeLessThan(expected.length / 10);
    });

    test('a rollout of agents and server while a pod logs: each line is stored once', async () => {
      const control = join(containerd.dir, 'control-beta');
      openRound(control, 0);
      const beta = await runWorkload('beta', 4, control);
      await until('the first lines', 30_000, async () => (await stored('beta')).length > 0);
      await endInOrder(agent);
      // Between two agents: lines, and a rotation.
      openRound(control, 1);
      await rotateLog(containerd, beta);
      await startAgent();
      openRound(control, 2);
      await until('lines after the rotation', 30_000, async () => (await stored('beta')).length > LINES_A_ROUND);
      await endInOrder(server);
      openRound(control, 3);
      await startServer();
      await expectRounds('beta', 4);
    });

    test('the containers have the capabilities, user and filters of their security contexts', () => {
      const contexts = [
        { pod: server, user: '10001', capabilities: 0n },
        { pod: agent, user: '0', capabilities: CAP_DAC_READ_SEARCH },
      ];
      for (const { pod, user, capabilities } of contexts) {
        const status = processStatus(pod);
        expect(status.get('Uid')?.split('\t')[0]).toBe(user);
        expect(BigInt(`0x${status.get('CapEff')}`) & ~capabilities).toBe(0n);
        expect(status.get('NoNewPrivs')).toBe('1');
        expect(status.get('Seccomp')).toBe('2');
        console.log(`${pod.spec.name}: ${status.get('VmHWM')} at most`);
      }
    });

    test('both end in order within their grace periods', async () => {
      for (const pod of [agent, server]) await endInOrder(pod);
    });
  },
);

/** As kubelet translates it for the runtime: the container's own words before the pod's. */
function securityOf({ spec }: PodTemplate, { securityContext }: Container): SecurityContext {
  const user = securityContext.runAsUser ?? spec.securityContext.runAsUser;
  const group = spec.securityContext.runAsGroup;
  return {
    capabilities: {
      add_capabilities: securityContext.capabilities?.add ?? [],
      drop_capabilities: securityContext.capabilities?.drop ?? [],
    },
    ...(user !== undefined && { run_as_user: { value: user } }),
    ...(group !== undefined && { run_as_group: { value: group } }),
    readonly_rootfs: securityContext.readOnlyRootFilesystem ?? false,
    no_new_privs: securityContext.allowPrivilegeEscalation === false,
    ...(spec.securityContext.seccompProfile?.type === 'RuntimeDefault' && { seccomp: {} }),
  };
}

function probesOf(name: string): string[] {
  const { startupProbe, readinessProbe, livenessProbe } = templates.get(name)!.spec.containers[0]!;
  return [startupProbe, readinessProbe, livenessProbe].flatMap((probe) => probe?.httpGet.path ?? []);
}

function said(pod: Pod): string {
  return readFileSync(logFile(pod), 'utf8').slice(-4000);
}

/** /proc/…/status of the container's process, which its cgroup gives away. */
function processStatus(pod: Pod): Map<string, string> {
  const pid = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .find((name) => {
      try {
        return readFileSync(`/proc/${name}/cgroup`, 'utf8').includes(pod.containerId);
      } catch {
        return false; // It ended in between.
      }
    });
  if (pid === undefined) throw new Error(`${pod.spec.name} has no process: ${said(pod)}`);
  const lines = readFileSync(`/proc/${pid}/status`, 'utf8').trimEnd().split('\n');
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));
}
