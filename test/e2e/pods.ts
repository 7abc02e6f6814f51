/**
 * What kubelet does for a pod, as far as its log files go: runs its one container through the CRI, restarts it, rotates
 * its log, and removes all of it. Paths are as on a node, under a pods folder of the test's own.
 * Source: kubernetes pkg/kubelet/kuberuntime, pkg/kubelet/logs/container_log_manager.go.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Containerd } from './containerd.ts';
import type { ContainerStatus, Mount, SandboxConfig, SecurityContext } from './cri.ts';

export interface PodSpec {
  readonly namespace: string;
  readonly name: string;
  readonly container: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly mounts?: readonly Mount[];
  readonly security?: SecurityContext;
  readonly memoryLimitBytes?: number;
}

/** A running pod. `spec`, `containerId` and `attempt` move on with each restart of its container. */
export interface Pod {
  spec: PodSpec;
  readonly sandboxId: string;
  readonly sandbox: SandboxConfig;
  attempt: number;
  containerId: string;
  /** Unix second of the newest rotated file's name: the format has no finer unit, and a later name must be another. */
  rotatedAtSeconds: number;
}

export async function runPod(containerd: Containerd, podsDir: string, spec: PodSpec): Promise<Pod> {
  const uid = randomUUID();
  const sandbox: SandboxConfig = {
    metadata: { name: spec.name, uid, namespace: spec.namespace, attempt: 0 },
    log_directory: join(podsDir, `${spec.namespace}_${spec.name}_${uid}`),
    // The node's network needs no CNI.
    linux: {
      cgroup_parent: containerd.cgroup,
      security_context: { namespace_options: { network: 'NODE' } },
    },
  };
  const { pod_sandbox_id: sandboxId } = await containerd.cri.call('RunPodSandbox', { config: sandbox });
  const pod: Pod = { spec, sandboxId, sandbox, attempt: 0, containerId: '', rotatedAtSeconds: 0 };
  await startContainer(containerd, pod);
  return pod;
}

/** Starts the container again after its end, as the next attempt with a log file of its own. */
export async function restartContainer(containerd: Containerd, pod: Pod, spec: PodSpec): Promise<void> {
  pod.spec = spec;
  pod.attempt++;
  pod.rotatedAtSeconds = 0;
  await startContainer(containerd, pod);
}

async function startContainer({ cri }: Containerd, pod: Pod): Promise<void> {
  const { spec, sandbox, sandboxId } = pod;
  mkdirSync(dirname(logFile(pod)), { recursive: true, mode: 0o755 });
  const { container_id: containerId } = await cri.call('CreateContainer', {
    pod_sandbox_id: sandboxId,
    sandbox_config: sandbox,
    config: {
      metadata: { name: spec.container, attempt: pod.attempt },
      image: { image: spec.image },
      command: spec.command ?? [],
      args: spec.args ?? [],
      envs: Object.entries(spec.env ?? {}).map(([key, value]) => ({ key, value })),
      mounts: spec.mounts ?? [],
      log_path: join(spec.container, `${pod.attempt}.log`),
      linux: {
        resources: { memory_limit_in_bytes: spec.memoryLimitBytes ?? 0 },
        security_context: { ...spec.security, namespace_options: { network: 'NODE' } },
      },
    },
  });
  await cri.call('StartContainer', { container_id: containerId });
  pod.containerId = containerId;
}

/** The file that containerd appends to. */
export function logFile(pod: Pod): string {
  return join(pod.sandbox.log_directory, pod.spec.container, `${pod.attempt}.log`);
}

export async function containerStatus({ cri }: Containerd, pod: Pod): Promise<ContainerStatus> {
  const { status } = await cri.call('ContainerStatus', { container_id: pod.containerId });
  return status;
}

/**
 * One round of kubelet's rotation: what was rotated before becomes `.gz`, the live file gets a dated name, and containerd
 * begins a new one. So the newest rotated file stays plain until the next round.
 */
export async function rotateLog({ cri }: Containerd, pod: Pod): Promise<void> {
  const live = logFile(pod);
  compressRotated(live);
  pod.rotatedAtSeconds = Math.max(Math.floor(Date.now() / 1000), pod.rotatedAtSeconds + 1);
  const rotated = `${live}.${rotationSuffix(pod.rotatedAtSeconds)}`;
  renameSync(live, rotated);
  try {
    await cri.call('ReopenContainerLog', { container_id: pod.containerId });
  } catch (error) {
    renameSync(rotated, live);
    throw error;
  }
}

function compressRotated(live: string): void {
  const dir = dirname(live);
  const rotated = readdirSync(dir).map((name) => join(dir, name));
  for (const file of rotated.filter((path) => path.startsWith(`${live}.`) && !path.endsWith('.gz'))) {
    writeFileSync(`${file}.tmp`, gzipSync(readFileSync(file)));
    renameSync(`${file}.tmp`, `${file}.gz`);
    rmSync(file);
  }
}

/** `20261123-150112` */
function rotationSuffix(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}

/** SIGTERM, after the grace period SIGKILL; how it ended. */
export async function endContainer(containerd: Containerd, pod: Pod, graceSeconds: number): Promise<ContainerStatus> {
  await containerd.cri.call('StopContainer', { container_id: pod.containerId, timeout: graceSeconds });
  return containerStatus(containerd, pod);
}

/** Ends the container if it still runs, and removes every trace of the pod: container first, log folder last. */
export async function removePod(containerd: Containerd, pod: Pod): Promise<void> {
  const { cri } = containerd;
  await endContainer(containerd, pod, 1);
  await cri.call('RemoveContainer', { container_id: pod.containerId });
  await cri.call('StopPodSandbox', { pod_sandbox_id: pod.sandboxId });
  await cri.call('RemovePodSandbox', { pod_sandbox_id: pod.sandboxId });
  rmSync(pod.sandbox.log_directory, { recursive: true });
}
