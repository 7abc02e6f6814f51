/** A person's kubeconfig, as kubectl reads it: what it names, what stands in it, and programs that fetch a token. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpMethod, RequestContext } from '@kubernetes/client-node/dist/gen/http/http.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectByKubeconfig, withKubeconfig } from '../../cli/kubeconfig.ts';
import { ApiClient } from '../../server/kubernetes/api-client.ts';
import { TestApiServer } from '../kubernetes/api-server.ts';
import { podObject, PODS } from '../kubernetes/objects.ts';

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'podlog-kubeconfig-'));
  path = join(dir, 'config');
});
afterEach(() => rm(dir, { recursive: true }));

/** One with another context before the current one. */
function kubeconfig(server: string, user: object): string {
  return JSON.stringify({
    'current-context': 'here',
    contexts: [
      { name: 'there', context: { cluster: 'c0', user: 'u0' } },
      { name: 'here', context: { cluster: 'c1', user: 'u1' } },
    ],
    clusters: [
      { name: 'c0', cluster: { server: 'https://wrong' } },
      { name: 'c1', cluster: { server, 'insecure-skip-tls-verify': true } },
    ],
    users: [{ name: 'u1', user }],
  });
}

async function authorizationBy(user: object): Promise<string | undefined> {
  await writeFile(path, kubeconfig('https://k:6443', user));
  const connection = await connectByKubeconfig(path);
  expect(connection.getCurrentCluster()).toMatchObject({ server: 'https://k:6443' });
  const request = new RequestContext('https://k:6443/', HttpMethod.GET);
  await connection.applySecurityAuthentication(request);
  return request.getHeaders()['Authorization'];
}

test('a token, in the file or in another one', async () => {
  expect(await authorizationBy({ token: 'abc' })).toBe('Bearer abc');
  await writeFile(join(dir, 'token'), 'from-a-file');
  expect(await authorizationBy({ tokenFile: join(dir, 'token') })).toBe('Bearer from-a-file');
  expect(await authorizationBy({ tokenFile: 'token' })).toBe('Bearer from-a-file');
  expect(await authorizationBy({})).toBeUndefined();
});

test('a program that fetches a token', async () => {
  const plugin = join(dir, 'plugin');
  const credential = {
    kind: 'ExecCredential',
    apiVersion: 'client.authentication.k8s.io/v1',
    status: { token: 'fetched' },
  };
  await writeFile(plugin, `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`);
  await chmod(plugin, 0o755);
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: plugin, interactiveMode: 'Never' };
  expect(await authorizationBy({ exec })).toBe('Bearer fetched');
});

test('a list and a watch by a kubeconfig', async () => {
  const api = await new TestApiServer().start();
  api.put(PODS, podObject('a'));
  await writeFile(path, kubeconfig(api.url, { token: 'abc' }));
  const options = await withKubeconfig({ api: path, podLabels: [] });
  const client = new ApiClient(options!.api as Awaited<ReturnType<typeof connectByKubeconfig>>);
  const { signal } = new AbortController();
  expect(await client.get({ path: PODS, signal })).toMatchObject({ items: [{ metadata: { name: 'a' } }] });
  for await (const event of await client.watch({ path: PODS, query: { resourceVersion: '0' }, signal })) {
    expect(event).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } });
    break;
  }
  await client.close();
  await api.stop();
});

test.each([['auto'], ['in-cluster'], ['https://k:6443']])('%s is no path', async (api) => {
  expect(await withKubeconfig({ api, podLabels: ['team'] })).toEqual({ api, podLabels: ['team'] });
});

test.each([
  ['is not there', undefined, 'cannot be used: it does not exist; '],
  ['names no cluster', '{"current-context":"nowhere","contexts":[],"clusters":[],"users":[]}', 'names no cluster as'],
  ['is empty', '', 'cannot be used'],
  ['is not YAML', 'a: [', 'cannot be used'],
])('a kubeconfig that %s', async (_what, text, problem) => {
  if (text !== undefined) await writeFile(path, text);
  await expect(connectByKubeconfig(path)).rejects.toThrow(`the kubeconfig ${path} ${problem}`);
});
