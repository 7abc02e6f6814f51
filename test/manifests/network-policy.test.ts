/** The policies allow what the table of connections allows, and nothing that it refuses. */
import { expect, test } from 'vitest';
import { ALLOWED, ENDS, OF_TRAEFIK, REFUSED, type Connection } from './connections.ts';
import { ofKind, OVERLAYS, renderManifests } from './manifests.ts';
import { mayConnect, type Policy } from './network-policy.ts';

const policies = ofKind(renderManifests('overlays/k3s'), 'NetworkPolicy');
const ofTraefik = ofKind(renderManifests('components/traefik'), 'NetworkPolicy');
const ofOidc = ofKind(renderManifests('components/oidc'), 'NetworkPolicy');

function may(all: readonly Policy[], [from, to, port, protocol = 'TCP']: Connection): boolean {
  return mayConnect(all, ENDS[from], ENDS[to], { port, protocol });
}

test.each(ALLOWED)('%s may connect to %s at %d', (...connection) => {
  expect(may(policies, connection)).toBe(true);
});

test.each(REFUSED)('%s may not connect to %s at %d', (...connection) => {
  expect(may(policies, connection)).toBe(false);
  expect(may([...policies, ...ofTraefik], connection)).toBe(false);
});

test('Traefik may connect with its component alone', () => {
  expect(may(policies, OF_TRAEFIK)).toBe(false);
  expect(may([...policies, ...ofTraefik], OF_TRAEFIK)).toBe(true);
});

test('the server asks the DNS with the component for an identity provider alone', () => {
  const asking: Connection = ['server', 'DNS', 53, 'UDP'];
  expect(may(policies, asking)).toBe(false);
  expect(may([...policies, ...ofOidc], asking)).toBe(true);
});

test.each(OVERLAYS)('%s has the same policies', (overlay) => {
  expect(ofKind(renderManifests(`overlays/${overlay}`), 'NetworkPolicy')).toEqual(policies);
});
