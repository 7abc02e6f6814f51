/**
 * A person's kubeconfig: its current context, with certificates, tokens, and the programs (exec) and OpenID Connect plugins
 * that fetch them, all as kubectl does. Loaded only where one is named, since it takes the whole Kubernetes client.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { UsageError } from '../shared/errors.ts';
import type { KubernetesOptions } from '../server/kubernetes/cluster.ts';
import type { Connection } from '../server/kubernetes/connection.ts';

/** @throws UsageError */
export async function connectByKubeconfig(path: string): Promise<Connection> {
  const [{ KubeConfig }, { parse }] = await Promise.all([
    import('@kubernetes/client-node/dist/config.js'),
    import('yaml'),
  ]);
  const config = new KubeConfig();
  let tokenFile: string | undefined;
  try {
    const text = await readFile(path, 'utf8');
    config.loadFromString(text);
    config.makePathsAbsolute(dirname(path));
    tokenFile = tokenFileOf(parse(text) as Kubeconfig, config.getCurrentUser()?.name);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`the kubeconfig ${path} cannot be used: ${reason}`, 1, { cause });
  }
  if (config.getCurrentCluster() === null) {
    const message = `the kubeconfig ${path} names no cluster as its current context: kubectl config use-context`;
    throw new UsageError(message, 1);
  }
  return {
    getCurrentCluster: () => config.getCurrentCluster(),
    applySecurityAuthentication: async (request) => {
      await config.applySecurityAuthentication(request);
      if (tokenFile === undefined) return;
      const token = await readFile(resolve(dirname(path), tokenFile), 'utf8');
      request.setHeaderParam('Authorization', `Bearer ${token.trim()}`);
    },
  };
}

interface Kubeconfig {
  readonly users?: readonly { readonly name: string; readonly user?: { readonly tokenFile?: string } }[];
}

/** The one key of kubectl's that the client does not know. */
function tokenFileOf({ users = [] }: Kubeconfig, name: string | undefined): string | undefined {
  return users.find((each) => each.name === name)?.user?.tokenFile;
}

/** With the connection that a kubeconfig describes in place of its path. */
export async function withKubeconfig(
  options: { readonly api: string; readonly podLabels: readonly string[] } | undefined,
): Promise<KubernetesOptions | undefined> {
  if (options === undefined || /^(?:auto|in-cluster|https?:.*)$/.test(options.api)) return options;
  return { ...options, api: await connectByKubeconfig(options.api) };
}
