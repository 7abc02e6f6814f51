/**
 * Address and credentials of the API server, in the form that the Kubernetes client requires: from within a pod, or for
 * a URL (`kubectl proxy`). A user's kubeconfig, including interactive plugins, is read by the command line
 * (cli/kubeconfig.ts), whose KubeConfig has the same form.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RequestContext } from '@kubernetes/client-node/dist/gen/http/http.js';
import { Agent } from 'undici';
import { UsageError } from '../../shared/errors.ts';
import { SERVICE_ACCOUNT_DIR } from '../../shared/service-account.ts';

export interface Connection {
  /** Null when a kubeconfig names none. `server` is a URL. */
  getCurrentCluster(): { readonly server: string } | null;
  /** Adds credentials to each request: the kubelet, and plugins, renew tokens. */
  applySecurityAuthentication(request: RequestContext): Promise<void>;
  /** Aborts its requests. */
  close?(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param api  `auto` or `in-cluster`, or a URL
 * @throws UsageError
 */
export async function connect(api: string, env: Environment): Promise<Connection> {
  if (api === 'auto' || api === 'in-cluster') return connectInCluster(env);
  return connectionTo(api.replace(/\/+$/, ''), undefined, new Agent());
}

/** @throws UsageError  the process does not run in a pod, or the pod has no token */
export async function connectInCluster(env: Environment, dir = SERVICE_ACCOUNT_DIR): Promise<Connection> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (host === undefined)
    throw new UsageError('--kubernetes in-cluster works in a pod only: give a kubeconfig or a URL');
  const ca = await readFile(join(dir, 'ca.crt'), 'utf8').catch((cause: unknown) => {
    const message = `${dir} has no token of a ServiceAccount: set automountServiceAccountToken, or --kubernetes off`;
    throw new UsageError(message, 1, { cause });
  });
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return connectionTo(server, join(dir, 'token'), new Agent({ connect: { ca } }));
}

/** @param tokenPath  read for each request */
function connectionTo(server: string, tokenPath: string | undefined, dispatcher: Agent): Connection {
  return {
    getCurrentCluster: () => ({ server }),
    applySecurityAuthentication: async (request) => {
      request.setDispatcher(dispatcher);
      if (tokenPath === undefined) return;
      request.setHeaderParam('Authorization', `Bearer ${(await readFile(tokenPath, 'utf8')).trim()}`);
    },
    close: () => dispatcher.destroy(),
  };
}
