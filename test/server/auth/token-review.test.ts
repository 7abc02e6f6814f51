/** TokenReview over the wire, with an API that is well, away, or says odd things. */
import { writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ApiServer, inClusterApi, tokenReviewer } from '../../../server/auth/token-review.ts';
import { boundTo, FakeApi } from './fake-api.ts';

const TOKEN = 'sEcReT.token';
let fake: FakeApi;
let api: ApiServer;

beforeEach(async () => {
  fake = new FakeApi();
  api = await fake.listen();
  fake.tokens.set(TOKEN, { username: 'system:serviceaccount:a:b', audiences: ['podlog', 'vault'] });
});
afterEach(() => fake.close());

test('a token is known by its user and the audience that was asked for', async () => {
  expect(await tokenReviewer(api, 'podlog')(TOKEN)).toEqual({
    authenticated: true,
    username: 'system:serviceaccount:a:b',
    audiences: ['podlog'],
    node: undefined,
  });
  expect(fake.reviews).toMatchObject([{ spec: { token: TOKEN, audiences: ['podlog'] } }]);
});

test.for([
  ['podlog', 'other.token'],
  ['another', TOKEN],
])('for %s, %s is not known', async ([audience, token]) => {
  expect(await tokenReviewer(api, audience!)(token!)).toMatchObject({ authenticated: false, audiences: [] });
});

test.for<[what: string, extra: ReturnType<typeof boundTo>, want: string | undefined]>([
  ['the API says', boundTo('agent-x', 'u1', 'worker-1'), 'worker-1'],
  ['the pod says, on an API server before 1.30', boundTo('agent-x', 'u1'), 'worker-2'],
  ['no node: the pod has been replaced', boundTo('agent-x', 'u0'), undefined],
  ['no node: the pod is gone', boundTo('agent-y', 'u1'), undefined],
  ['no node: the pod has none yet', boundTo('agent-new', 'u2'), undefined],
  ['no node: it is bound to no pod', {}, undefined],
])('the node of a token: %s', async ([, extra, want]) => {
  fake.tokens.set(TOKEN, { username: 'system:serviceaccount:a:b', audiences: ['podlog'], extra });
  fake.pods.set('a/agent-x', { uid: 'u1', nodeName: 'worker-2' });
  fake.pods.set('a/agent-new', { uid: 'u2' });
  expect(await tokenReviewer(api, 'podlog')(TOKEN)).toMatchObject({ authenticated: true, node: want });
});

const ends = (status: number, body: string) => (_request: unknown, response: ServerResponse) => {
  response.writeHead(status).end(body);
};

test.for<[what: string, fault: FakeApi['fault'], message: RegExp]>([
  [
    'no permission',
    ends(403, TOKEN),
    /with 403: podlog's ServiceAccount needs `create` on tokenreviews, and `list` on pods$/,
  ],
  ['broken', ends(500, TOKEN), /with 500$/],
  ['no JSON', ends(201, `<${TOKEN}>`), /not JSON/],
  ['no status', ends(201, '{}'), /no status/],
  ['too much', ends(201, ' '.repeat(2 ** 19)), /longer than/],
  ['hangs up', (request) => void request.socket.destroy(), /hang up|ECONNRESET/],
])('%s is an error, without the token', async ([, fault, message]) => {
  fake.fault = fault;
  const error: unknown = await tokenReviewer(api, 'podlog')(TOKEN).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(Error);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).stack).not.toContain('sEcReT');
});

test('its own token is read anew for each review', async () => {
  await writeFile(api.tokenPath, 'expired');
  await expect(tokenReviewer(api, 'podlog')(TOKEN)).rejects.toThrow(/with 401/);
  await writeFile(api.tokenPath, 'own.api.token');
  expect(await tokenReviewer(api, 'podlog')(TOKEN)).toMatchObject({ authenticated: true });
});

test('the API of the cluster', () => {
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
  expect(inClusterApi(env).url).toBe('https://[fd00::1]:443');
  expect(inClusterApi({ ...env, KUBERNETES_SERVICE_HOST: '10.0.0.1' }).url).toBe('https://10.0.0.1:443');
  expect(() => inClusterApi({})).toThrow(/--token-review works only in a cluster/);
});
