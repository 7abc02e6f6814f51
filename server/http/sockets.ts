/**
 * WebSockets. A request for one goes through the hooks and routes of all others, so that it is refused as they are; a route that
 * has one accepts it.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { WebSocket, WebSocketServer } from 'ws';
import { PodlogError } from '../../shared/errors.ts';
import { responseClass } from '../../shared/http-module.ts';
import { SOCKET_END_MS_MAX, SOCKET_MESSAGE_BYTES_MAX } from '../limits.ts';

interface Upgrade {
  readonly socket: Socket;
  /** What the client has sent after its request. */
  readonly head: Buffer;
}

const upgrades = new WeakMap<IncomingMessage, Upgrade>();

export function wantsSocket({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

/** The server must emit `upgrade` for the requests that want a socket, and for no others. */
export function routeSockets(server: Server): void {
  const Response = responseClass();
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    // Its close follows, which ends whatever is done for it.
    socket.on('error', () => {});
    const response = new Response(request);
    try {
      response.assignSocket(socket);
    } catch {
      // The answer to an earlier request is still on its way.
      socket.destroy();
      return;
    }
    // No request is read after this one.
    response.shouldKeepAlive = false;
    response.once('finish', () => socket.end());
    upgrades.set(request, { socket, head });
    server.emit('request', request, response);
  });
}

const OPTIONS = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: SOCKET_MESSAGE_BYTES_MAX,
  closeTimeout: SOCKET_END_MS_MAX,
};
let sockets: WebSocketServer | undefined;

/**
 * Answers a request with a WebSocket. Resolves when it is open; where the client's handshake is not valid, it gets an error and
 * its connection ends.
 * @throws PodlogError  the request does not ask for one
 */
export async function acceptSocket({ raw }: FastifyRequest, reply: FastifyReply): Promise<WebSocket> {
  const upgrade = upgrades.get(raw);
  if (upgrade === undefined) throw new PodlogError('PODLOG_NO_SOCKET', 400, NO_SOCKET);
  sockets ??= new (await import('ws')).WebSocketServer(OPTIONS);
  void reply.hijack();
  const { promise, resolve } = Promise.withResolvers<WebSocket>();
  sockets.handleUpgrade(raw, upgrade.socket, upgrade.head, (socket) => {
    // A client that breaks the protocol is closed by ws.
    socket.on('error', () => {});
    resolve(socket);
  });
  return promise;
}

const NO_SOCKET =
  'this route is a WebSocket: connect with ws:// or wss://; a proxy must pass on Upgrade and Connection';
