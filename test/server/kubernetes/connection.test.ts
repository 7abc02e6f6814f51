import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpMethod, RequestContext } from '@kubernetes/client-node/dist/gen/http/http.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Connection, connect, connectInCluster } from '../../../server/kubernetes/connection.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'podlog-connection-'));
});
afterEach(() => rm(dir, { recursive: true }));

/** What a request is sent with. */
async function headersOf(connection: Connection): Promise<Record<string, string>> {
  const request = new RequestContext('https://k/', HttpMethod.GET);
  await connection.applySecurityAuthentication(request);
  expect(request.getDispatcher()).toBeDefined();
  return request.getHeaders();
}

test('in a pod: the address by its variables, the token anew each time', async () => {
  await writeFile(join(dir, 'ca.crt'), 'CA');
  await writeFile(join(dir, 'token'), 'one\n');
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
  const connection = await connectInCluster(env, dir);
  expect(connection.getCurrentCluster()).toEqual({ server: 'https://[fd00::1]:6443' });
  expect(await headersOf(connection)).toEqual({ Authorization: 'Bearer one' });
  await writeFile(join(dir, 'token'), 'two');
  expect(await headersOf(connection)).toEqual({ Authorization: 'Bearer two' });
});

test('in no pod, or in one without a token', async () => {
  await expect(connect('in-cluster', {})).rejects.toThrow('works in a pod only: give a kubeconfig or a URL');
  await expect(connectInCluster({ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, dir)).rejects.toThrow(
    'has no token of a ServiceAccount: set automountServiceAccountToken, or --kubernetes off',
  );
});

test('a URL, of kubectl proxy say', async () => {
  const connection = await connect('http://127.0.0.1:8001/', {});
  expect(connection.getCurrentCluster()).toEqual({ server: 'http://127.0.0.1:8001' });
  expect(await headersOf(connection)).toEqual({});
});
