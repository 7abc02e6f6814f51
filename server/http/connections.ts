/**
 * Bounds connections in number and in time, whoever opens them. A connection is a stranger's until the guard has let a
 * request of it in; strangers have a share of their own, of which the oldest gives way, so that no number of them keeps
 * agents out.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { CONNECTIONS_MAX, PIPELINED_REQUESTS_MAX, STRANGER_CONNECTIONS_MAX } from '../limits.ts';
import { errorBody } from './errors.ts';

export interface ConnectionLimits {
  readonly connectionsMax: number;
  readonly strangersMax: number;
}

const LIMITS: ConnectionLimits = { connectionsMax: CONNECTIONS_MAX, strangersMax: STRANGER_CONNECTIONS_MAX };

/** Owns which connections there are. */
export class Connections {
  readonly #limits: ConnectionLimits;
  /** Oldest first. */
  readonly #strangers = new Set<Socket>();
  /** Used longest ago first. */
  readonly #known = new Set<Socket>();
  /** Requests that are not answered yet, where there are any. */
  readonly #underWay = new Map<Socket, number>();

  constructor(limits: ConnectionLimits = LIMITS) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#strangers.size + this.#known.size;
  }

  watch(server: Server): void {
    server.on('connection', (socket) => this.#open(socket));
    server.on('request', (request, response) => this.#begin(request, response));
  }

  /** The guard has let in a request of this connection. */
  trust(socket: Socket): void {
    if (!this.#strangers.delete(socket) && !this.#known.delete(socket)) return;
    this.#known.add(socket);
  }

  /** Answers a request that Node could not read, unless an answer is on its way already, and ends the connection. */
  refuse(error: NodeJS.ErrnoException, socket: Socket): void {
    if (socket.writable && error.code !== 'ECONNRESET' && !this.#underWay.has(socket)) {
      const { status, code, message } = refusalOf(error.code);
      const body = JSON.stringify(errorBody(code, message));
      const headers = `connection: close\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${body.length}`;
      socket.write(`HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${body}`);
    }
    socket.destroy(error);
  }

  #open(socket: Socket): void {
    this.#strangers.add(socket);
    socket.once('close', () => {
      this.#strangers.delete(socket);
      this.#known.delete(socket);
      this.#underWay.delete(socket);
    });
    const { connectionsMax, strangersMax } = this.#limits;
    if (this.#strangers.size > strangersMax) this.#close(this.#strangers.values().next().value!);
    else if (this.count > connectionsMax) this.#close(this.#leastWanted(socket));
  }

  #begin({ socket }: IncomingMessage, response: ServerResponse): void {
    const count = (this.#underWay.get(socket) ?? 0) + 1;
    this.#underWay.set(socket, count);
    response.once('close', () => {
      const left = (this.#underWay.get(socket) ?? 1) - 1;
      if (left > 0) this.#underWay.set(socket, left);
      else this.#underWay.delete(socket);
    });
    if (count > PIPELINED_REQUESTS_MAX) this.#close(socket);
  }

  /** The oldest stranger, else the one that is idle for longest, else the newcomer. */
  #leastWanted(newcomer: Socket): Socket {
    for (const socket of this.#strangers) if (socket !== newcomer) return socket;
    for (const socket of this.#known) if (!this.#underWay.has(socket)) return socket;
    return newcomer;
  }

  #close(socket: Socket): void {
    // Its place is free now, though `close` is emitted later.
    this.#strangers.delete(socket);
    this.#known.delete(socket);
    socket.destroy();
  }
}

interface Refusal {
  readonly status: string;
  readonly code: string;
  readonly message: string;
}

function refusalOf(code: string | undefined): Refusal {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return {
        status: '408 Request Timeout',
        code: 'PODLOG_REQUEST_TOO_SLOW',
        message: 'the request did not arrive in time',
      };
    case 'HPE_HEADER_OVERFLOW':
      return {
        status: '431 Request Header Fields Too Large',
        code: 'PODLOG_HEADERS_TOO_LARGE',
        message: 'the request line and its headers are too long: ask for less at once',
      };
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return {
        status: '413 Payload Too Large',
        code: 'PODLOG_BODY_TOO_LARGE',
        message: 'the extensions of a chunk are too long: send chunks without them',
      };
    default:
      return { status: '400 Bad Request', code: 'PODLOG_BAD_REQUEST', message: 'this is not a request of HTTP/1.1' };
  }
}
