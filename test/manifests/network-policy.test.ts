/** Who may connect to whom. */
import { describe, expect, test } from 'vitest';
import {
  containerOf,
  ofKind,
  OVERLAYS,
  renderManifests,
  workloadsOf,
  type Labels,
  type PolicyPort,
} from './manifests.ts';
import { mayConnect, type End } from './network-policy.ts';

const rendered = renderManifests('overlays/k3s');
const policies = ofKind(rendered, 'NetworkPolicy');
const [server, agent] = workloadsOf(rendered);
const [serverPort] = containerOf(server).ports!.map(({ containerPort }) => containerPort);
const [metricsPort] = containerOf(agent).ports!.map(({ containerPort }) => containerPort);

/** Every namespace has its name as a label, which the API server sees to. */
function pod(namespace: string, labels: Labels, namespaceLabels: Labels = {}): End {
  const all = { 'kubernetes.io/metadata.name': namespace, ...namespaceLabels };
  return { kind: 'pod', namespace, namespaceLabels: all, labels };
}

const ENDS = {
  server: pod('podlog', server.spec.template.metadata.labels),
  agent: pod('podlog', agent.spec.template.metadata.labels),
  'another pod of podlog': pod('podlog', { app: 'x' }),
  'a pod of shop': pod('shop', { 'app.kubernetes.io/name': 'podlog-agent', 'podlog.io/access': 'true' }),
  'a pod of a namespace with access': pod('grafana', {}, { 'podlog.io/access': 'true' }),
  'a pod of a namespace with access: false': pod('grafana', {}, { 'podlog.io/access': 'false' }),
  'a pod of a namespace with metrics': pod('monitoring', {}, { 'podlog.io/metrics': 'true' }),
  Traefik: pod('kube-system', { 'app.kubernetes.io/name': 'traefik' }),
  DNS: pod('kube-system', { 'k8s-app': 'kube-dns' }),
  'a pod of kube-system': pod('kube-system', { app: 'y' }),
  'NodeLocal DNS': { kind: 'address', address: '169.254.20.10' },
  'another address': { kind: 'address', address: '192.0.2.1' },
} as const satisfies Readonly<Record<string, End>>;

type Connection = [from: keyof typeof ENDS, to: keyof typeof ENDS, port: number, protocol?: PolicyPort['protocol']];
const may = ([from, to, port, protocol = 'TCP']: Connection, all = policies): boolean =>
  mayConnect(all, ENDS[from], ENDS[to], { port, protocol });

const ALLOWED: Connection[] = [
  ['agent', 'server', serverPort!],
  ['a pod of a namespace with access', 'server', serverPort!],
  ['a pod of a namespace with metrics', 'server', serverPort!],
  ['a pod of a namespace with metrics', 'agent', metricsPort!],
  ['agent', 'DNS', 53, 'UDP'],
  ['agent', 'DNS', 53],
  ['agent', 'NodeLocal DNS', 53, 'UDP'],
  ['server', 'another address', 443],
  ['server', 'another address', 6443],
];

const REFUSED: Connection[] = [
  ['a pod of shop', 'server', serverPort!],
  ['a pod of shop', 'agent', metricsPort!],
  ['a pod of a namespace with access: false', 'server', serverPort!],
  ['a pod of a namespace with access', 'agent', metricsPort!],
  ['a pod of a namespace with access', 'server', 22],
  ['a pod of kube-system', 'server', serverPort!],
  ['Traefik', 'server', serverPort!],
  ['another address', 'server', serverPort!],
  ['another address', 'agent', metricsPort!],
  ['agent', 'server', metricsPort!],
  ['agent', 'agent', metricsPort!],
  ['agent', 'another address', 443],
  ['agent', 'another address', 53, 'UDP'],
  ['agent', 'a pod of kube-system', 53, 'UDP'],
  ['agent', 'a pod of shop', serverPort!],
  ['server', 'agent', metricsPort!],
  ['server', 'DNS', 53, 'UDP'],
  ['server', 'another address', 80],
  ['another pod of podlog', 'server', serverPort!],
  ['another pod of podlog', 'another address', 443],
  ['another pod of podlog', 'DNS', 53, 'UDP'],
  ['a pod of a namespace with access', 'another pod of podlog', 80],
];

test.each(ALLOWED)('%s may connect to %s at %d', (...connection) => {
  expect(may(connection)).toBe(true);
});

test.each(REFUSED)('%s may not connect to %s at %d', (...connection) => {
  expect(may(connection)).toBe(false);
});

test('with the component for it, Traefik may, and the rest of kube-system may not', () => {
  const all = [...policies, ...ofKind(renderManifests('components/traefik'), 'NetworkPolicy')];
  expect(may(['Traefik', 'server', serverPort!], all)).toBe(true);
  expect(may(['Traefik', 'agent', metricsPort!], all)).toBe(false);
  expect(may(['a pod of kube-system', 'server', serverPort!], all)).toBe(false);
});

describe('every overlay', () => {
  test.each(OVERLAYS)('%s has the same policies', (overlay) => {
    expect(ofKind(renderManifests(`overlays/${overlay}`), 'NetworkPolicy')).toEqual(policies);
  });
});
