/**
 * Whether a set of NetworkPolicies lets a connection through, as their documentation defines it: a pod that a policy selects
 * may have the connections that some policy for it allows and no other, and one that none selects may have all. Both ends
 * count; a node and its own pods may always connect.
 */
import type { End } from './connections.ts';
import { matches, type Manifest, type Peer, type PolicyPort } from './manifests.ts';

export type Policy = Extract<Manifest, { kind: 'NetworkPolicy' }>;

export function mayConnect(policies: readonly Policy[], from: End, to: End, port: PolicyPort): boolean {
  return allows(policies, 'Egress', from, to, port) && allows(policies, 'Ingress', to, from, port);
}

function allows(
  policies: readonly Policy[],
  direction: 'Ingress' | 'Egress',
  pod: End,
  other: End,
  port: PolicyPort,
): boolean {
  if (pod.kind !== 'pod' || other.kind === 'node') return true;
  const own = policies
    .filter(({ metadata }) => metadata.namespace === pod.namespace)
    .filter(({ spec }) => spec.policyTypes.includes(direction) && matches(pod.labels, spec.podSelector));
  if (own.length === 0) return true;
  const rules = own.flatMap(({ spec: { ingress = [], egress = [] } }) =>
    direction === 'Ingress'
      ? ingress.map(({ from, ports }) => ({ peers: from, ports }))
      : egress.map(({ to, ports }) => ({ peers: to, ports })),
  );
  return rules.some(
    ({ peers, ports }) =>
      (peers === undefined || peers.some((peer) => isPeer(peer, other, pod.namespace))) &&
      (ports === undefined || ports.some((each) => each.port === port.port && each.protocol === port.protocol)),
  );
}

function isPeer({ podSelector, namespaceSelector, ipBlock }: Peer, end: End, namespace: string): boolean {
  if (ipBlock !== undefined) {
    if (!ipBlock.cidr.endsWith('/32')) throw new Error(`${ipBlock.cidr}: blocks of one address alone are understood`);
    return end.kind === 'address' && ipBlock.cidr === `${end.address}/32`;
  }
  if (end.kind !== 'pod') return false;
  // The API server gives each namespace its name as a label.
  const labels = { 'kubernetes.io/metadata.name': end.namespace, ...end.namespaceLabels };
  const isNamespace =
    namespaceSelector === undefined ? end.namespace === namespace : matches(labels, namespaceSelector);
  return isNamespace && matches(end.labels, podSelector ?? {});
}
