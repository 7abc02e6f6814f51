/**
 * A real kube-apiserver with a real etcd, and nothing else of a cluster: objects are stored, listed, watched and guarded by
 * RBAC, and no controller touches them. Both are built from their modules, once for a machine: a few minutes of two cores.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import { request } from 'node:https';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../free-port.ts';
import { findOnPath } from './images.ts';
import { until } from './until.ts';

const SOURCES = fileURLToPath(new URL('kube-apiserver', import.meta.url));
const VERSION = /k8s\.io\/kubernetes v(\S+)/.exec(readFileSync(join(SOURCES, 'go.mod'), 'utf8'))![1]!;
const BUILT = join(homedir(), '.cache', 'podlog-test', `kubernetes-${VERSION}`);
const PROGRAMS = ['etcd', 'apiserver'];
const ADMIN_TOKEN = 'admin-of-the-test';
/** Each request of a ServiceAccount, one line of JSON. */
const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  rules: [{ level: 'Metadata', userGroups: ['system:serviceaccounts'] }, { level: 'None' }],
};

export interface KubeApiServer {
  readonly dir: string;
  readonly url: string;
  /** PEM. */
  readonly ca: () => string;
  /** The text of a kubeconfig for whoever has the token: the administrator, unless one is given. */
  kubeconfig(token?: string): string;
  /** A request as the administrator, or as whom it names; fails unless it succeeds. A PATCH is a server-side apply. */
  call<T>(method: string, path: string, body?: object, as?: string): Promise<T>;
  /** What a user of the group system:serviceaccounts has asked of it so far, such as `list pods`, whatever the answer. */
  askedBy(user: string): ReadonlySet<string>;
  stopApiServer(): Promise<void>;
  /** Again, on the same port. */
  startApiServer(): Promise<void>;
  stop(): Promise<void>;
}

/** Why this machine can't have one, or undefined when it can. */
export function kubeApiServerUnavailable(): string | undefined {
  if (PROGRAMS.every((program) => existsSync(join(BUILT, `${program}.bin`)))) return undefined;
  return findOnPath('go') === undefined ? 'go not found, to build kube-apiserver' : undefined;
}

/** Minutes, the first time. */
export async function buildKubeApiServer(): Promise<void> {
  if (PROGRAMS.every((program) => existsSync(join(BUILT, `${program}.bin`)))) return;
  mkdirSync(BUILT, { recursive: true });
  cpSync(SOURCES, BUILT, { recursive: true });
  const go = async (...args: string[]): Promise<void> => {
    const env = { ...process.env, GOFLAGS: '-mod=mod -buildvcs=false' };
    await promisify(execFile)('nice', ['-n', '19', findOnPath('go')!, ...args], { cwd: BUILT, env });
  };
  await go('mod', 'tidy');
  for (const program of PROGRAMS) await go('build', '-ldflags=-s -w', '-o', `${program}.bin`, `./${program}`);
}

export async function startKubeApiServer(): Promise<KubeApiServer> {
  const dir = mkdtempSync(join(tmpdir(), 'podlog-kube-'));
  const [etcdPort, peerPort, port] = [await freePort(), await freePort(), await freePort()];
  const [etcdUrl, peerUrl, url] = [etcdPort, peerPort]
    .map((each) => `http://127.0.0.1:${each}`)
    .concat(`https://127.0.0.1:${port}`) as [string, string, string];
  const run = (program: string, args: readonly string[]): ChildProcess => {
    const output = openSync(join(dir, `${program}.log`), 'a');
    return spawn(join(BUILT, `${program}.bin`), args, { cwd: dir, stdio: ['ignore', output, output] });
  };
  const etcd = run('etcd', [
    '--data-dir=etcd',
    `--listen-client-urls=${etcdUrl}`,
    `--advertise-client-urls=${etcdUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
  ]);
  writeServiceAccountKeys(dir);
  writeFileSync(join(dir, 'tokens.csv'), `${ADMIN_TOKEN},admin,1,system:masters\n`);
  writeFileSync(join(dir, 'audit.json'), JSON.stringify(AUDIT_POLICY));
  const ca = (): string => readFileSync(join(dir, 'certs', 'apiserver.crt'), 'utf8');
  const call = <T>(method: string, path: string, body?: object, as?: string): Promise<T> =>
    callApi({ url: url + path, ca: ca(), method, body, as });
  let apiServer: ChildProcess;
  const startApiServer = async (): Promise<void> => {
    apiServer = run('apiserver', [
      `--etcd-servers=${etcdUrl}`,
      `--secure-port=${port}`,
      '--bind-address=127.0.0.1',
      '--cert-dir=certs',
      '--service-cluster-ip-range=10.0.0.0/24',
      '--service-account-issuer=https://kubernetes.default.svc',
      '--service-account-key-file=sa.pub',
      '--service-account-signing-key-file=sa.key',
      '--token-auth-file=tokens.csv',
      '--authorization-mode=RBAC',
      '--audit-policy-file=audit.json',
      '--audit-log-path=audit.log',
      // It would wait for the default account of a namespace, which a controller makes.
      '--disable-admission-plugins=ServiceAccount',
    ]);
    await until('the API server', 120_000, async () => {
      if (apiServer.exitCode !== null) throw new Error(readFileSync(join(dir, 'apiserver.log'), 'utf8').slice(-2000));
      await call('GET', '/readyz');
      return true;
    });
  };
  const stopApiServer = (): Promise<void> => end(apiServer, 'SIGKILL');
  const stop = async (): Promise<void> => {
    await Promise.all([stopApiServer(), end(etcd, 'SIGKILL')]);
    rmSync(dir, { recursive: true });
  };
  const kubeconfig = (token = ADMIN_TOKEN): string => kubeconfigOf(url, ca(), token);
  const askedBy = (user: string): ReadonlySet<string> => readAudit(join(dir, 'audit.log'), user);
  try {
    await startApiServer();
  } catch (error) {
    await stop();
    throw error;
  }
  return { dir, url, ca, kubeconfig, call, askedBy, startApiServer, stopApiServer, stop };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

function writeServiceAccountKeys(dir: string): void {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(join(dir, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  writeFileSync(join(dir, 'sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
}

function kubeconfigOf(server: string, ca: string, token: string): string {
  const name = 'x';
  return JSON.stringify({
    'current-context': name,
    contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [{ name, cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name, user: { token } }],
  });
}

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  /** What a request for no resource lacks. */
  readonly objectRef?: { readonly resource: string; readonly subresource?: string };
  readonly requestURI: string;
}

function readAudit(path: string, user: string): ReadonlySet<string> {
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  const events = lines.map((line) => JSON.parse(line) as AuditEvent).filter((event) => event.user.username === user);
  return new Set(
    events.map(({ verb, objectRef, requestURI }) => {
      if (objectRef === undefined) return `${verb} ${requestURI}`;
      const { resource, subresource } = objectRef;
      return `${verb} ${subresource === undefined ? resource : `${resource}/${subresource}`}`;
    }),
  );
}

interface ApiCall {
  readonly url: string;
  readonly ca: string;
  readonly method: string;
  readonly body: object | undefined;
  readonly as: string | undefined;
}

async function callApi<T>({ url, ca, method, body, as }: ApiCall): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const headers = {
    authorization: `Bearer ${ADMIN_TOKEN}`,
    'content-type': method === 'PATCH' ? 'application/apply-patch+yaml' : 'application/json',
    ...(as !== undefined && { 'impersonate-user': as }),
  };
  const call = request(url, { method, headers, ca }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    response.on('end', () => {
      if (response.statusCode! >= 300) reject(new Error(`${method} ${url}: ${response.statusCode} ${text}`));
      else resolve((text.startsWith('{') ? JSON.parse(text) : text) as T);
    });
  });
  call.on('error', reject);
  call.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}
