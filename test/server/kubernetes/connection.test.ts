import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, connectInCluster } from '../../../server/kubernetes/connection.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'podlog-kubeconfig-'));
});
afterEach(() => rm(dir, { recursive: true }));

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A kubeconfig with another context in front of the current one. */
function kubeconfig(cluster: string, user: string): string {
  return `
current-context: here
contexts:
  - { name: there, context: { cluster: c0, user: u0 } }
  - { name: here, context: { cluster: c1, user: u1 } }
clusters:
  - { name: c0, cluster: { server: 'https://wrong' } }
  - { name: c1, cluster: { ${cluster} } }
users:
  - { name: u1, user: { ${user} } }
`;
}

test('in a pod: the address by its variables, the token anew each time', async () => {
  await writeFile(join(dir, 'ca.crt'), 'CA');
  await writeFile(join(dir, 'token'), 'one\n');
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
  const { url, tls, token } = await connectInCluster(env, dir);
  expect({ url, tls }).toEqual({ url: 'https://[fd00::1]:6443', tls: { ca: 'CA' } });
  expect(await token()).toBe('one');
  await writeFile(join(dir, 'token'), 'two');
  expect(await token()).toBe('two');
});

test('in no pod, or in one without a token', async () => {
  await expect(connect('in-cluster', {})).rejects.toThrow('works in a pod only: give a kubeconfig or a URL');
  await expect(connectInCluster({ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, dir)).rejects.toThrow(
    'has no token of a ServiceAccount: set automountServiceAccountToken, or --kubernetes off',
  );
});

test('a URL, of kubectl proxy say', async () => {
  const { url, token } = await connect('http://127.0.0.1:8001/', {});
  expect([url, await token()]).toEqual(['http://127.0.0.1:8001', undefined]);
});

test('a kubeconfig: what it names and what stands in it', async () => {
  await writeFile(join(dir, 'client.key'), 'KEY');
  await writeFile(join(dir, 'token'), ' from a file\n');
  const path = join(dir, 'config');
  const cases: [cluster: string, user: string, tls: object, token: string | undefined][] = [
    [
      `server: 'https://k:6443/', certificate-authority-data: ${base64('CA')}`,
      `client-certificate-data: ${base64('CERT')}, client-key: client.key`,
      { ca: 'CA', cert: 'CERT', key: 'KEY', rejectUnauthorized: true },
      undefined,
    ],
    [
      `server: 'https://k:6443', tls-server-name: n`,
      'token: abc',
      { servername: 'n', rejectUnauthorized: true },
      'abc',
    ],
    [
      `server: 'https://k:6443', insecure-skip-tls-verify: true`,
      'tokenFile: token',
      { rejectUnauthorized: false },
      'from a file',
    ],
  ];
  for (const [cluster, user, tls, token] of cases) {
    await writeFile(path, kubeconfig(cluster, user));
    const connection = await connect(path, {});
    expect(connection.url).toBe('https://k:6443');
    expect(connection.tls).toEqual(tls);
    expect(await connection.token()).toBe(token);
  }
});

test.each([
  ['names no cluster', 'current-context: nowhere', 'names no cluster as its current context'],
  ['is empty', '', 'names no cluster as its current context'],
  ['is no YAML', 'a: [', 'is no YAML'],
  [
    'runs a program',
    kubeconfig("server: 'https://k'", 'exec: { command: aws }'),
    'has a user whose token a program fetches: run kubectl proxy, and give its URL instead',
  ],
  [
    'names a file that is not there',
    kubeconfig("server: 'https://k', certificate-authority: nowhere.crt", ''),
    'names a file that cannot be read',
  ],
])('a kubeconfig that %s', async (_what, text, problem) => {
  const path = join(dir, 'config');
  await writeFile(path, text);
  await expect(connect(path, {})).rejects.toThrow(`the kubeconfig ${path} ${problem}`);
});

test('a kubeconfig that is not there', async () => {
  await expect(connect(join(dir, 'nowhere'), {})).rejects.toThrow('cannot be read');
});
