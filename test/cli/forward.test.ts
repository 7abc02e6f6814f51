/** A port that leads into the cluster, by an API server that forwards to a server of this machine. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { forward } from '../../cli/forward.ts';

const PROTOCOL = 'v4.channel.k8s.io';
const LARGE_BYTES = 20_000_000;

let inCluster: Server;
let api: Server;
let local: Awaited<ReturnType<typeof forward>>;
let isReady: boolean;
/** Paths of the API that were asked for. */
let asked: string[];
const said: string[] = [];

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

beforeEach(async () => {
  isReady = true;
  asked = [];
  said.length = 0;
  inCluster = createServer((request, response) => {
    request.resume();
    if (request.url === '/large') response.end(Buffer.alloc(LARGE_BYTES, 'x'));
    else response.end(`${request.method} ${request.url}`);
  });
  inCluster.listen(0, '127.0.0.1');
  await once(inCluster, 'listening');
  api = createServer(answer);
  const sockets = new WebSocketServer({ server: api, handleProtocols: () => PROTOCOL });
  sockets.on('connection', (stream, { url = '' }) => {
    asked.push(url);
    const pod = connect(portOf(inCluster), '127.0.0.1');
    const port = Buffer.from([3100 & 0xff, 3100 >> 8]);
    for (const channel of [0, 1]) stream.send(Buffer.concat([Buffer.from([channel]), port]));
    stream.on('message', (data: Buffer) => pod.write(data.subarray(1)));
    pod.on('data', (chunk) => stream.send(Buffer.concat([Buffer.from([0]), chunk])));
    pod.on('close', () => stream.close());
    pod.on('error', () => stream.close());
    stream.on('close', () => pod.destroy());
  });
  api.listen(0, '127.0.0.1');
  await once(api, 'listening');
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'c', server: `http://127.0.0.1:${portOf(api)}`, skipTLSVerify: true }],
    users: [{ name: 'u', token: 'abc' }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  });
  const options = { namespace: 'logs', service: 'podlog', listen: { host: '127.0.0.1', port: 0 } };
  local = await forward(config, options, pino({}, { write: (line: string) => said.push(line) }));
});

afterEach(() => {
  local.close();
  for (const server of [api, inCluster]) {
    server.closeAllConnections();
    server.close();
  }
});

function answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
  asked.push(url);
  const status = { conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] };
  const isService = url.startsWith('/api/v1/namespaces/logs/services/podlog');
  const body = isService
    ? { kind: 'Service', apiVersion: 'v1', metadata: { name: 'podlog' }, spec: { selector: { app: 'podlog-server' } } }
    : { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [{ metadata: { name: 'podlog-server-0' }, status }] };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(body));
}

test('requests reach the pod behind the Service', async () => {
  const url = `http://127.0.0.1:${portOf(local)}`;
  expect(await (await fetch(`${url}/logs?level=error`)).text()).toBe('GET /logs?level=error');
  expect(await (await fetch(`${url}/ingest`, { method: 'POST', body: 'x' })).text()).toBe('POST /ingest');
  expect(asked).toContain('/api/v1/namespaces/logs/pods?labelSelector=app%3Dpodlog-server');
  expect(asked.some((path) => path.startsWith('/api/v1/namespaces/logs/pods/podlog-server-0/portforward'))).toBe(true);
});

test('a long answer arrives whole', async () => {
  const response = await fetch(`http://127.0.0.1:${portOf(local)}/large`);
  expect((await response.arrayBuffer()).byteLength).toBe(LARGE_BYTES);
});

test('without a pod that is ready, it says so and goes on', async () => {
  const url = `http://127.0.0.1:${portOf(local)}/`;
  isReady = false;
  await expect(fetch(url)).rejects.toThrow();
  expect(said.join('')).toMatch(/No ready pods/);
  isReady = true;
  expect((await fetch(url)).status).toBe(200);
});

test('only this machine may use it', async () => {
  const options = { namespace: 'logs', service: 'podlog', listen: { host: '0.0.0.0', port: 0 } };
  await expect(forward(new KubeConfig(), options, pino({ level: 'silent' }))).rejects.toThrow('use 127.0.0.1');
});
