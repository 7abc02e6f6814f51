/**
 * A person's kubeconfig: its current context, with certificates, tokens, and the programs (exec) and OpenID Connect plugins
 * that fetch them, all as kubectl does. Loaded only where one is named, since it takes the whole Kubernetes client.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { UsageError } from '../shared/errors.ts';
import { reasonOf } from '../shared/system-error.ts';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { KubernetesOptions } from '../server/kubernetes/cluster.ts';
import type { Connection } from '../server/kubernetes/connection.ts';

/** @throws UsageError */
export async function connectByKubeconfig(path: string): Promise<Connection> {
  const config = await loadKubeconfig(path);
  const { parse } = await import('yaml');
  const text = await readFile(path, 'utf8');
  const tokenFile = tokenFileOf(parse(text) as Kubeconfig, config.getCurrentUser()?.name);
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

/**
 * @param path  undefined: where kubectl looks, in $KUBECONFIG and ~/.kube/config
 * @throws UsageError
 */
export async function loadKubeconfig(path: string | undefined): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
  const config = new KubeConfig();
  const what = path === undefined ? 'the kubeconfig' : `the kubeconfig ${path}`;
  try {
    if (path === undefined) config.loadFromDefault();
    else config.loadFromFile(path);
  } catch (cause) {
    throw new UsageError(`${what} cannot be used: ${reasonOf(cause)}`, 1, { cause });
  }
  if (config.getCurrentCluster() === null) {
    throw new UsageError(`${what} names no cluster as its current context: kubectl config use-context`, 1);
  }
  return config;
}

interface Kubeconfig {
  readonly users?: readonly { readonly name: string; readonly user?: { readonly tokenFile?: string } }[];
}

/** The path of the user's token file: the one key of kubectl's that the client package does not read. */
function tokenFileOf({ users = [] }: Kubeconfig, name: string | undefined): string | undefined {
  return users.find((each) => each.name === name)?.user?.tokenFile;
}

/** Replaces the path of a kubeconfig by the connection that it describes. */
export async function withKubeconfig(
  options: { readonly api: string; readonly podLabels: readonly string[] } | undefined,
): Promise<KubernetesOptions | undefined> {
  if (options === undefined || /^(?:auto|in-cluster|https?:.*)$/.test(options.api)) return options;
  return { ...options, api: await connectByKubeconfig(options.api) };
}
