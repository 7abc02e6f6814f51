/**
 * One node of a cluster in a network of its own: pods that listen and connect, a real kube-apiserver that has an overlay, and
 * kube-router, which enforces its policies as in k3s. Prints, as JSON, which connections of the table went through.
 * network-policy.e2e.test.ts runs it in namespaces of its own, with which all of it goes.
 *
 *     pod ── veth ── node (routes; kube-router's rules) ── veth ── pod
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  ALLOWED,
  type Connection,
  type End,
  type EndName,
  ENDS,
  OF_TRAEFIK,
  REFUSED,
} from '../../manifests/connections.ts';
import { kustomize } from '../../manifests/kustomize.ts';
import { MANIFESTS } from '../../manifests/manifests.ts';
import { apply } from '../apply.ts';
import { startKubeApiServer } from '../kube-apiserver.ts';
import { until } from '../until.ts';
import { KUBE_ROUTER } from './kube-router.ts';
import type { Answer, Request } from './pod.ts';

const POD = fileURLToPath(new URL('pod.ts', import.meta.url));
const NODE = { name: 'node-1', address: '198.51.100.10' };
/** Every pod's next hop, as Calico has it: an address of the node that is the same behind each veth. */
const GATEWAY = '169.254.1.1';
const RULES_MS_MAX = 60_000;
const TABLE: readonly Connection[] = [...ALLOWED, ...REFUSED, OF_TRAEFIK];

const ENTRIES = Object.entries(ENDS) as [EndName, End][];

type PodEnd = Extract<End, { kind: 'pod' }>;

/** A process that listens, and connects when it is asked to. */
interface Machine {
  readonly pid: number;
  readonly ask: (request: Request) => Promise<boolean>;
}

interface Place {
  readonly address: string;
  readonly machine: Machine;
}

const dir = mkdtempSync(join(tmpdir(), 'podlog-network-'));
ip('link set lo up');
// kube-apiserver wants a default route, though nothing goes there.
ip('link add uplink0 type veth peer name uplink1');
for (const link of ['uplink0', 'uplink1']) ip(`link set ${link} up`);
ip(`address add ${NODE.address}/24 dev uplink0`);
ip('route add default dev uplink0');
writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
const api = await startKubeApiServer();
try {
  await apply(api, kustomize(`${MANIFESTS}overlays/k3s`));
  await createNode();
  const places = await placeEnds();
  await startKubeRouter();
  const plain = await through(places, TABLE);
  await apply(api, kustomize(`${MANIFESTS}components/traefik`));
  await until("Traefik's policy", RULES_MS_MAX, async () => (await through(places, [OF_TRAEFIK])).length > 0);
  process.stdout.write(JSON.stringify({ plain, withTraefik: await through(places, TABLE) }));
} finally {
  await api.stop();
  rmSync(dir, { recursive: true });
}
// The pods would keep it from ending.
process.exit();

function ip(command: string): void {
  execFileSync('ip', command.split(' '));
}

async function createNode(): Promise<void> {
  const node = await api.call<object>('POST', '/api/v1/nodes', {
    metadata: { name: NODE.name },
    spec: { podCIDR: '10.42.0.0/16' },
  });
  const status = { addresses: [{ type: 'InternalIP', address: NODE.address }] };
  await api.call('PUT', `/api/v1/nodes/${NODE.name}/status`, { ...node, status });
}

async function placeEnds(): Promise<ReadonlyMap<EndName, Place>> {
  await createNamespaces();
  const node = await startMachine([]);
  const places = new Map<EndName, Place>();
  for (const [index, [name, end]] of ENTRIES.entries()) {
    const address = end.kind === 'pod' ? `10.42.0.${index + 1}` : end.kind === 'node' ? NODE.address : end.address;
    const isNodes = end.kind === 'node' || name === 'NodeLocal DNS';
    const machine = isNodes ? node : await startMachine(['unshare', '--net']);
    if (!isNodes) await connectMachine(machine, `pod${index}`, address);
    else if (end.kind === 'address') ip(`address add ${address}/32 dev uplink0`);
    if (end.kind === 'pod') await createPod(`pod-${index}`, end, address);
    places.set(name, { address, machine });
  }
  return places;
}

/** All but those that are there already. */
async function createNamespaces(): Promise<void> {
  const pods = ENTRIES.flatMap(([, end]) => (end.kind === 'pod' ? end : []));
  for (const [name, [pod]] of Map.groupBy(pods, ({ namespace }) => namespace)) {
    if (['podlog', 'kube-system'].includes(name)) continue;
    await api.call('POST', '/api/v1/namespaces', { metadata: { name, labels: pod!.namespaceLabels } });
  }
}

/** What a kubelet reports of a pod that runs. */
async function createPod(name: string, { namespace, labels }: PodEnd, podIP: string): Promise<void> {
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const spec = { nodeName: NODE.name, containers: [{ name: 'c', image: 'x' }] };
  const pod = await api.call<object>('POST', pods, { metadata: { name, labels }, spec });
  const status = { phase: 'Running', podIP, podIPs: [{ ip: podIP }], hostIP: NODE.address };
  await api.call('PUT', `${pods}/${name}/status`, { ...pod, status });
}

async function startMachine(wrapper: readonly string[]): Promise<Machine> {
  const [program, ...args] = [...wrapper, process.execPath, POD];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const waiting = new Map<number, (isThrough: boolean) => void>();
  let lastId = 0;
  const listens = new Promise<boolean>((resolve) => waiting.set(0, resolve));
  child.on('message', ({ id, isThrough }: Answer) => {
    waiting.get(id)?.(isThrough);
    waiting.delete(id);
  });
  const ask = (request: Request): Promise<boolean> => {
    const id = ++lastId;
    const answer = new Promise<boolean>((resolve) => waiting.set(id, resolve));
    child.send({ id, request });
    return answer;
  };
  await listens;
  return { pid: child.pid!, ask };
}

async function connectMachine({ pid, ask }: Machine, link: string, address: string): Promise<void> {
  ip(`link add ${link} type veth peer name eth0 netns ${pid}`);
  ip(`address add ${GATEWAY}/32 dev ${link}`);
  ip(`link set ${link} up`);
  ip(`route add ${address}/32 dev ${link} src ${NODE.address}`);
  await ask({
    kind: 'ip',
    commands: [
      'link set lo up',
      `address add ${address}/32 dev eth0`,
      'link set eth0 up',
      `route add ${GATEWAY} dev eth0 scope link`,
      `route add default via ${GATEWAY} dev eth0`,
    ],
  });
}

/** Waits until its rules are there: those of all pods are put in place at once. */
async function startKubeRouter(): Promise<void> {
  writeFileSync(join(dir, 'kubeconfig'), api.kubeconfig());
  const log = join(dir, 'kube-router.log');
  const output = openSync(log, 'a');
  const args = [
    '--run-firewall=true',
    '--run-router=false',
    '--run-service-proxy=false',
    '--iptables-sync-period=5s',
    '--service-cluster-ip-range=10.0.0.0/24',
    `--hostname-override=${NODE.name}`,
    `--kubeconfig=${join(dir, 'kubeconfig')}`,
  ];
  const child = spawn(KUBE_ROUTER.path, args, { stdio: ['ignore', output, output] });
  await until('the rules of kube-router', RULES_MS_MAX, () => {
    if (child.exitCode !== null) throw new Error(readFileSync(log, 'utf8').slice(-2000));
    return execFileSync('iptables-save', { encoding: 'utf8' }).includes(':KUBE-POD-FW-');
  });
}

async function through(places: ReadonlyMap<EndName, Place>, table: readonly Connection[]): Promise<Connection[]> {
  const results = await Promise.all(
    table.map(([from, to, port, protocol = 'TCP']) => {
      const { address } = places.get(to)!;
      return places.get(from)!.machine.ask({ kind: 'connect', address, port, protocol });
    }),
  );
  return table.filter((_, index) => results[index]);
}
