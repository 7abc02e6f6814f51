/** Who may connect to whom, as network-policy.test.ts works it out and test/e2e/network sees it enforced. */
import { containerOf, renderManifests, workloadsOf, type Labels, type PolicyPort } from './manifests.ts';

/** A pod, its node, or an address that is neither: the Kubernetes API, the world. */
export type End =
  | { readonly kind: 'pod'; readonly namespace: string; readonly namespaceLabels: Labels; readonly labels: Labels }
  | { readonly kind: 'node' }
  | { readonly kind: 'address'; readonly address: string };

const [server, agent] = workloadsOf(renderManifests('overlays/k3s'));
const SERVER_PORT = containerOf(server).ports![0]!.containerPort;
const METRICS_PORT = containerOf(agent).ports![0]!.containerPort;

function pod(namespace: string, labels: Labels, namespaceLabels: Labels = {}): End {
  return { kind: 'pod', namespace, namespaceLabels, labels };
}

export const ENDS = {
  server: pod('podlog', server.spec.template.metadata.labels),
  agent: pod('podlog', agent.spec.template.metadata.labels),
  'another pod of podlog': pod('podlog', { app: 'x' }),
  'a pod of shop': pod('shop', { 'app.kubernetes.io/name': 'podlog-agent', 'podlog.io/access': 'true' }),
  'a pod of a namespace with access': pod('grafana', {}, { 'podlog.io/access': 'true' }),
  'a pod of a namespace with access: false': pod('other', {}, { 'podlog.io/access': 'false' }),
  'a pod of a namespace with metrics': pod('monitoring', {}, { 'podlog.io/metrics': 'true' }),
  Traefik: pod('kube-system', { 'app.kubernetes.io/name': 'traefik' }),
  DNS: pod('kube-system', { 'k8s-app': 'kube-dns' }),
  'a pod of kube-system': pod('kube-system', { app: 'y' }),
  'the node': { kind: 'node' },
  'NodeLocal DNS': { kind: 'address', address: '169.254.20.10' },
  'another address': { kind: 'address', address: '192.0.2.1' },
} as const satisfies Readonly<Record<string, End>>;

export type EndName = keyof typeof ENDS;

/** Without a protocol, TCP. */
export type Connection = [from: EndName, to: EndName, port: number, protocol?: PolicyPort['protocol']];

export const ALLOWED: readonly Connection[] = [
  ['agent', 'server', SERVER_PORT],
  ['a pod of a namespace with access', 'server', SERVER_PORT],
  ['a pod of a namespace with metrics', 'server', SERVER_PORT],
  ['a pod of a namespace with metrics', 'agent', METRICS_PORT],
  ['the node', 'server', SERVER_PORT],
  ['the node', 'agent', METRICS_PORT],
  ['agent', 'DNS', 53, 'UDP'],
  ['agent', 'DNS', 53],
  ['agent', 'NodeLocal DNS', 53, 'UDP'],
  ['server', 'another address', 443],
  ['server', 'another address', 6443],
  // No policy is about these two.
  ['a pod of shop', 'another address', 80],
];

export const REFUSED: readonly Connection[] = [
  ['a pod of shop', 'server', SERVER_PORT],
  ['a pod of shop', 'agent', METRICS_PORT],
  ['a pod of a namespace with access: false', 'server', SERVER_PORT],
  ['a pod of a namespace with access', 'agent', METRICS_PORT],
  ['a pod of a namespace with access', 'server', 22],
  ['a pod of a namespace with access', 'another pod of podlog', 80],
  ['a pod of kube-system', 'server', SERVER_PORT],
  ['another address', 'server', SERVER_PORT],
  ['another address', 'agent', METRICS_PORT],
  ['agent', 'server', METRICS_PORT],
  ['agent', 'another address', 443],
  ['agent', 'another address', 53, 'UDP'],
  ['agent', 'a pod of kube-system', 53, 'UDP'],
  ['agent', 'a pod of shop', SERVER_PORT],
  ['server', 'agent', METRICS_PORT],
  ['server', 'DNS', 53, 'UDP'],
  ['server', 'another address', 80],
  ['another pod of podlog', 'server', SERVER_PORT],
  ['another pod of podlog', 'another address', 443],
  ['another pod of podlog', 'DNS', 53, 'UDP'],
];

/** For components/traefik to allow. */
export const OF_TRAEFIK: Connection = ['Traefik', 'server', SERVER_PORT];
