/**
 * A real containerd for one test run: its own root, state, socket and cgroup, no registry, no CNI. It writes pods' log
 * files with the same code as on a node. `stop` takes down everything that it started, and nothing else.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectCri, type Cri } from './cri.ts';
import { findOnPath, PAUSE_IMAGE, writeTestImages } from './images.ts';
import { until } from './until.ts';

const CGROUPS = '/sys/fs/cgroup';
const CAP_SYS_ADMIN = 21n;
/** Of the temporary folder, and of the cgroup of the same name. */
const PREFIX = 'podlog-e2e-';

export interface Containerd {
  readonly cri: Cri;
  /** Removed by `stop`, with all that tests put there. */
  readonly dir: string;
  /** Every pod of this run lies under this cgroup. */
  readonly cgroup: string;
  /** Takes a docker-archive tar; returns when the CRI knows the image. */
  importImage(tar: string, name: string): Promise<void>;
  stop(): Promise<void>;
}

/** Why this machine can't run containers, or undefined when it can. */
export function containerdUnavailable(): string | undefined {
  if (process.platform !== 'linux') return `containerd runs on Linux, this is ${process.platform}`;
  const missing = ['containerd', 'ctr', 'runc', 'busybox', 'tar'].filter((name) => findOnPath(name) === undefined);
  if (missing.length > 0) return `${missing.join(', ')} not found: apt-get install containerd runc busybox-static`;
  if (process.getuid?.() !== 0) return 'containers need root';
  const capabilities = /^CapEff:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  if (((BigInt(`0x${capabilities}`) >> CAP_SYS_ADMIN) & 1n) === 0n) return 'containers need CAP_SYS_ADMIN, for mounts';
  return cgroupsUnavailable();
}

/** A busy machine takes long to end containers in order. */
const REMOVE_SANDBOXES_MS_MAX = 20_000;

function cgroupsUnavailable(): string | undefined {
  const name = `podlog-probe-${process.pid}`;
  try {
    const hierarchies = cgroupHierarchies();
    if (hierarchies.length === 0) return `no cgroup file system at ${CGROUPS}`;
    for (const dir of hierarchies) {
      mkdirSync(join(dir, name));
      rmdirSync(join(dir, name));
    }
  } catch (error) {
    return `containers need a writable cgroup file system: ${String(error)}`;
  }
  return undefined;
}

export async function startContainerd(): Promise<Containerd> {
  await sweepInterruptedRuns();
  const dir = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const socket = join(dir, 'containerd.sock');
  writeFileSync(join(dir, 'config.toml'), configToml(dir, socket));
  const log = openSync(join(dir, 'containerd.log'), 'a');
  const daemon = spawn(findOnPath('containerd')!, ['--config', join(dir, 'config.toml')], {
    stdio: ['ignore', log, log],
  });
  const cri = connectCri(socket);
  const importImage = async (tar: string, name: string): Promise<void> => {
    execFileSync(findOnPath('ctr')!, ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', tar]);
    // The CRI plugin hears of a new image by an event.
    await until(`image ${name}`, 10_000, async () => {
      const { image } = await cri.call('ImageStatus', { image: { image: name } });
      return image !== null;
    });
  };
  const stop = async (): Promise<void> => {
    // What is left of them is swept.
    const patience = new AbortController();
    const timeUp = sleep(REMOVE_SANDBOXES_MS_MAX, undefined, { signal: patience.signal });
    await Promise.race([removeSandboxes(cri), timeUp]).catch(() => {});
    patience.abort();
    cri.close();
    await end(daemon);
    await sweep(dir);
  };
  try {
    await until('containerd to answer', 20_000, () => {
      if (daemon.exitCode !== null) throw new Error(`containerd ended with ${daemon.exitCode}`);
      return cri.call('Version', { version: 'v1' });
    });
    for (const { name, tar } of writeTestImages(dir)) await importImage(tar, name);
    return { cri, dir, cgroup: `/${basename(dir)}`, importImage, stop };
  } catch (error) {
    const said = readFileSync(join(dir, 'containerd.log'), 'utf8').split('\n').slice(-15).join('\n');
    await stop();
    throw new Error(`containerd did not start; its log ends:\n${said}`, { cause: error });
  }
}

/**
 * `native` snapshots are plain copies, so that a root on overlayfs will do. `restrict_oom_score_adj` is for machines
 * that are containers themselves. runc's state lives in our folder too, not in /run.
 */
function configToml(dir: string, socket: string): string {
  return `
version = 2
root = "${dir}/root"
state = "${dir}/state"
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "${dir}/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${dir}/cni/bin"
    conf_dir = "${dir}/cni/conf"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "${findOnPath('runc')!}"
        Root = "${dir}/runc"
`;
}

async function removeSandboxes(cri: Cri): Promise<void> {
  const { items } = await cri.call('ListPodSandbox', {});
  for (const { id } of items) {
    await cri.call('StopPodSandbox', { pod_sandbox_id: id });
    await cri.call('RemovePodSandbox', { pod_sandbox_id: id });
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(timer);
}

/** A run that was killed could not stop its containerd. Its folder's name has the process that made it. */
async function sweepInterruptedRuns(): Promise<void> {
  const names = readdirSync(tmpdir()).filter((name) => name.startsWith(PREFIX));
  for (const name of names) {
    const [pid] = name.slice(PREFIX.length).split('-');
    if (!existsSync(`/proc/${pid}`)) await sweep(join(tmpdir(), name));
  }
}

/** Ends and removes all that a containerd in this folder has left: processes, mounts, cgroups, files. */
async function sweep(dir: string): Promise<void> {
  await until('what ran under containerd to end', 10_000, () => {
    const ours = [...processesNaming(dir), ...processesUnder(basename(dir))];
    for (const pid of ours) kill(pid);
    return ours.length === 0;
  });
  unmountUnder(dir);
  for (const hierarchy of cgroupHierarchies()) removeCgroup(join(hierarchy, basename(dir)));
  rmSync(dir, { recursive: true, force: true });
}

/** containerd and its shims, which outlive it by design: their arguments name files in the folder. */
function processesNaming(dir: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => commandLine(pid).some((arg) => arg.startsWith(`${dir}/`))).map(Number);
}

/** What runs in containers, which outlives its shim if that is killed: it is in the run's cgroup. */
function processesUnder(cgroup: string): number[] {
  return cgroupHierarchies().flatMap((hierarchy) => {
    const dir = join(hierarchy, cgroup);
    if (!existsSync(dir)) return [];
    const entries = readdirSync(dir, { recursive: true, encoding: 'utf8' });
    const lists = entries.filter((path) => basename(path) === 'cgroup.procs');
    return lists.flatMap((path) => readFileSync(join(dir, path), 'utf8').split('\n').filter(Boolean).map(Number));
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended in between.
  }
}

function commandLine(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // It ended in between.
  }
}

function unmountUnder(dir: string): void {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const points = mounts.map((line) => line.split(' ')[1] ?? '').filter((point) => point.startsWith(`${dir}/`));
  for (const point of points.toReversed()) execFileSync('umount', ['--lazy', point]);
}

/** One folder for cgroup v2, one a controller for v1. */
function cgroupHierarchies(): string[] {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  return mounts.filter(([, , type]) => type === 'cgroup' || type === 'cgroup2').map(([, point]) => point!);
}

/** From the leaves up: a cgroup goes when its processes and children have gone. */
function removeCgroup(dir: string): void {
  try {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (entry.isDirectory()) removeCgroup(join(dir, entry.name));
    }
    rmdirSync(dir);
  } catch {
    // Never made under this controller, or held for a moment longer by a process that ends: an empty cgroup costs nothing.
  }
}
