/**
 * `podlog forward`: a port of this machine that leads to the server in the cluster, for people who have a kubeconfig and no
 * kubectl. Each connection is one stream through the API server to a pod that is ready, so a server that was replaced is
 * found by the next one.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { Logger } from 'pino';
import { isLoopback } from '../server/auth/access.ts';
import { UsageError } from '../shared/errors.ts';
import { loadKubeconfig } from './kubeconfig.ts';
import { FORWARDED_CONNECTIONS_MAX, SENDING_BYTES_MAX } from './limits.ts';
import { createLog } from './log.ts';
import type { ForwardOptions } from './options.ts';
import { untilSignal } from './until-signal.ts';

/** Where the server listens in its pod. */
const SERVER_PORT = 3100;

/** Interval between two polls of a connection that is full, since the client package reports no drain. */
const SENDING_POLL_MS = 20;

export async function runForward(options: ForwardOptions): Promise<void> {
  const log = createLog(options.logLevel, process.stdout, process.env);
  const start = async (): Promise<Server> => {
    const server = await forward(await loadKubeconfig(options.kubeconfig), options, log);
    const { port } = server.address() as AddressInfo;
    process.stderr.write(`podlog: http://${options.listen.host}:${port} is ${options.namespace}/${options.service}\n`);
    return server;
  };
  await untilSignal(log, start, async (server) => {
    server.close();
  });
}

async function waitUntilSent(socket: Socket, stream: { readonly bufferedAmount: number }): Promise<void> {
  socket.pause();
  while (stream.bufferedAmount > SENDING_BYTES_MAX && !socket.destroyed) await sleep(SENDING_POLL_MS);
  socket.resume();
}

/** @throws UsageError  others would reach the port, or it is taken */
export async function forward(
  config: KubeConfig,
  { namespace, service, listen: { host, port } }: Pick<ForwardOptions, 'namespace' | 'service' | 'listen'>,
  log: Logger,
): Promise<Server> {
  if (!isLoopback(host)) {
    throw new UsageError(`--listen ${host} would let others use your way into the cluster: use 127.0.0.1`);
  }
  const { PortForward } = await import('@kubernetes/client-node/dist/portforward.js');
  const portForward = new PortForward(config);
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: false }, (socket) => {
    void connect(socket).catch((err: unknown) => {
      log.error({ err }, `${namespace}/${service} cannot be reached`);
      socket.destroy();
    });
  });
  const connect = async (socket: Socket): Promise<void> => {
    socket.on('error', () => socket.destroy());
    const stream = await portForward.portForwardService(namespace, service, [SERVER_PORT], socket, null, socket);
    if (typeof stream === 'function') throw new Error('BUG: no retries were asked for');
    // The client package waits for neither side.
    stream.on('message', () => {
      if (socket.writableNeedDrain) stream.pause();
    });
    socket.on('drain', () => stream.resume());
    socket.on('data', () => {
      if (stream.bufferedAmount > SENDING_BYTES_MAX) void waitUntilSent(socket, stream);
    });
    stream.on('close', () => socket.destroy());
    stream.on('error', () => socket.destroy());
    socket.on('close', () => stream.close());
    socket.resume();
  };
  server.maxConnections = FORWARDED_CONNECTIONS_MAX;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new UsageError(`cannot listen on ${host}:${port}: ${String(cause)}; choose another with --listen`, 1, {
      cause,
    });
  }
  return server;
}
