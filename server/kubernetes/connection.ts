/** Where the API server is and how it is spoken to: from within a pod, by a kubeconfig, or by its URL (`kubectl proxy`). */
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UsageError } from '../../shared/errors.ts';

/** Where the kubelet puts a pod's token and the cluster's CA. */
export const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface Connection {
  /** Without a slash at its end. */
  readonly url: string;
  /** The bearer token as it is now: the kubelet renews it. */
  readonly token: () => Promise<string | undefined>;
  readonly tls: {
    readonly ca?: string | undefined;
    readonly cert?: string | undefined;
    readonly key?: string | undefined;
    readonly servername?: string | undefined;
    readonly rejectUnauthorized?: boolean;
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param api  `auto` or `in-cluster`, a URL, or the path of a kubeconfig
 * @throws UsageError
 */
export async function connect(api: string, env: Environment): Promise<Connection> {
  if (api === 'auto' || api === 'in-cluster') return connectInCluster(env);
  if (/^https?:/.test(api)) return { url: withoutSlash(api), token: async () => undefined, tls: {} };
  return connectByKubeconfig(api);
}

/** @throws UsageError  this is no pod, or it has no token */
export async function connectInCluster(env: Environment, dir = SERVICE_ACCOUNT_DIR): Promise<Connection> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (host === undefined)
    throw new UsageError('--kubernetes in-cluster works in a pod only: give a kubeconfig or a URL');
  const ca = await readFile(join(dir, 'ca.crt'), 'utf8').catch((cause: unknown) => {
    const message = `${dir} has no token of a ServiceAccount: set automountServiceAccountToken, or --kubernetes off`;
    throw new UsageError(message, 1, { cause });
  });
  const url = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { url, token: async () => (await readFile(join(dir, 'token'), 'utf8')).trim(), tls: { ca } };
}

interface Kubeconfig {
  readonly 'current-context'?: string;
  readonly contexts?: readonly { name: string; context: { cluster: string; user?: string } }[];
  readonly clusters?: readonly { name: string; cluster: Readonly<Record<string, unknown>> }[];
  readonly users?: readonly { name: string; user: Readonly<Record<string, unknown>> }[];
}

/**
 * The current context of a kubeconfig: certificates and tokens, in it or in files. Programs that fetch a token are not run.
 * @throws UsageError
 */
export async function connectByKubeconfig(path: string): Promise<Connection> {
  const { parse } = await import('yaml');
  const unusable = (problem: string, cause?: unknown): UsageError =>
    new UsageError(`the kubeconfig ${path} ${problem}`, 1, { cause });
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw unusable('cannot be read', cause);
  });
  let config: Kubeconfig | null;
  try {
    config = parse(text) as Kubeconfig | null;
  } catch (cause) {
    throw unusable('is no YAML', cause);
  }
  const context = config?.contexts?.find(({ name }) => name === config['current-context'])?.context;
  const cluster = config?.clusters?.find(({ name }) => name === context?.cluster)?.cluster;
  const user = config?.users?.find(({ name }) => name === context?.user)?.user ?? {};
  if (typeof cluster?.['server'] !== 'string') throw unusable('names no cluster as its current context');
  if (user['exec'] !== undefined || user['auth-provider'] !== undefined) {
    throw unusable('has a user whose token a program fetches: run kubectl proxy, and give its URL instead');
  }
  const read = (file: unknown): Promise<string> => readFile(resolve(dirname(path), String(file)), 'utf8');
  /** What stands in the file itself as base64, or in another file that it names. */
  const pem = async (from: Readonly<Record<string, unknown>>, name: string): Promise<string | undefined> => {
    const data = from[`${name}-data`];
    if (typeof data === 'string') return Buffer.from(data, 'base64').toString();
    return from[name] === undefined ? undefined : read(from[name]);
  };
  try {
    const [ca, cert, key] = await Promise.all([
      pem(cluster, 'certificate-authority'),
      pem(user, 'client-certificate'),
      pem(user, 'client-key'),
    ]);
    const servername = cluster['tls-server-name'] as string | undefined;
    const rejectUnauthorized = cluster['insecure-skip-tls-verify'] !== true;
    const { token, tokenFile } = user as { token?: string; tokenFile?: string };
    return {
      url: withoutSlash(cluster['server']),
      token: async () => token ?? (tokenFile === undefined ? undefined : (await read(tokenFile)).trim()),
      tls: { ca, cert, key, servername, rejectUnauthorized },
    };
  } catch (cause) {
    throw unusable('names a file that cannot be read', cause);
  }
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
