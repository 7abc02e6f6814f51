/** The table of connections, enforced: by kube-router, which k3s has built in, among pods of a network of the test's own. */
import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ALLOWED, type Connection, OF_TRAEFIK } from '../manifests/connections.ts';
import { findOnPath } from './images.ts';
import { buildKubeApiServer, kubeApiServerUnavailable } from './kube-apiserver.ts';
import { KUBE_ROUTER } from './network/kube-router.ts';

const LAB = fileURLToPath(new URL('network/lab.ts', import.meta.url));
/** All processes end with the first of them, and the networks with the last. */
const NAMESPACES = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc'];

const unavailable = networkUnavailable() ?? kubeApiServerUnavailable() ?? KUBE_ROUTER.unavailable();

function networkUnavailable(): string | undefined {
  const missing = ['iptables', 'ipset', 'ip'].filter((name) => findOnPath(name) === undefined);
  if (missing.length > 0) return `${missing.join(', ')} not found: apt-get install iptables ipset iproute2`;
  if (process.getuid?.() !== 0) return 'a network of its own needs root';
  try {
    execFileSync('unshare', ['--net', findOnPath('ipset')!, 'create', 'probe', 'hash:ip'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'no network namespaces here, or a kernel without ipset';
  }
}

describe.skipIf(unavailable !== undefined)(
  `the network policies${unavailable === undefined ? '' : ` (${unavailable})`}`,
  () => {
    test('exactly what is allowed goes through, for Traefik with its component alone', async () => {
      await buildKubeApiServer();
      await KUBE_ROUTER.build();
      // kube-router calls them by name.
      const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };
      const { stdout } = await promisify(execFile)('unshare', [...NAMESPACES, process.execPath, LAB], { env });
      const { plain, withTraefik } = JSON.parse(stdout) as Record<'plain' | 'withTraefik', Connection[]>;
      expect(plain).toEqual(ALLOWED);
      expect(withTraefik).toEqual([...ALLOWED, OF_TRAEFIK]);
    }, 1_800_000);
  },
);
