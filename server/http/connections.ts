/**
 * Limits connections in number and in time, whoever opens them. A connection is a stranger's until the guard has let in
 * a request of it; strangers have a share of their own, of which the oldest is closed for a new one, so that no number
 * of them keeps agents out.
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

/** Owns the open connections. */
export class Connections {
  readonly #limits: ConnectionLimits;
  /** Oldest first. */
  readonly #strangers = new Set<Socket>();
  /** Least recently used first. */
  readonly #known = new Set<Socket>();
  /** Connection → answers that are not finished yet. */
  readonly #underWay = new Map<Socket, Set<ServerResponse>>();

  constructor(limits: ConnectionLimits = LIMITS) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#strangers.size + this.#known.size;
  }

  watch(server: Server): void {
    server.on('connection', (socket) => this.#open(socket));
    server.on('request', (request, response) => this.#begin(request, response));
    // Node would close the connection without an answer.
    server.on('connect', (_request, socket: Socket) => answer(socket, NO_PROXY));
  }

  /** Called when the guard has let in a request of this connection. */
  trust(socket: Socket): void {
    if (!this.#strangers.delete(socket) && !this.#known.delete(socket)) return;
    this.#known.add(socket);
  }

  /** Answers a request that Node could not read, unless an answer is on its way already, and ends the connection. */
  refuse(error: NodeJS.ErrnoException, socket: Socket): void {
    if (error.code !== 'ECONNRESET' && this.#isNext(socket)) answer(socket, refusalOf(error.code));
    socket.destroy(error);
  }

  /**
   * Whether the client's next answer belongs to what Node could not read: a request, or the body of the previous one.
   */
  #isNext(socket: Socket): boolean {
    const [first, ...others] = this.#underWay.get(socket) ?? [];
    if (first === undefined) return true;
    return others.length === 0 && !first.req.complete && !first.headersSent;
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
    const underWay = this.#underWay.get(socket) ?? new Set();
    this.#underWay.set(socket, underWay.add(response));
    response.once('close', () => {
      underWay.delete(response);
      if (underWay.size === 0) this.#underWay.delete(socket);
    });
    if (underWay.size > PIPELINED_REQUESTS_MAX) this.#close(socket);
  }

  /** Returns the oldest stranger; if there is none, the connection that is idle for longest, or else the newcomer. */
  #leastWanted(newcomer: Socket): Socket {
    for (const socket of this.#strangers) if (socket !== newcomer) return socket;
    for (const socket of this.#known) if (!this.#underWay.has(socket)) return socket;
    return newcomer;
  }

  #close(socket: Socket): void {
    // Its place is free now, although `close` is emitted later.
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

const NO_PROXY: Refusal = {
  status: '405 Method Not Allowed',
  code: 'PODLOG_NO_ROUTE',
  message: 'this server is not a proxy: send requests to its own address',
};

/** Writes an answer without Node's response object, as the last bytes of a connection. */
function answer(socket: Socket, { status, code, message }: Refusal): void {
  if (!socket.writable) return;
  const body = JSON.stringify(errorBody(code, message));
  const headers = `connection: close\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}`;
  socket.end(`HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${body}`);
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
        message: 'the request line and its headers are too long: send a shorter request',
      };
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return {
        status: '413 Payload Too Large',
        code: 'PODLOG_BODY_TOO_LARGE',
        message: 'the extensions of a chunk are too long: send chunks without them',
      };
    case 'HPE_INVALID_CHUNK_SIZE':
    case 'HPE_STRICT':
      return {
        status: '400 Bad Request',
        code: 'PODLOG_BAD_REQUEST',
        message: 'the body has a malformed chunk: each begins with its size in hexadecimal digits',
      };
    case 'HPE_INVALID_CONTENT_LENGTH':
    case 'HPE_UNEXPECTED_CONTENT_LENGTH':
      return {
        status: '400 Bad Request',
        code: 'PODLOG_BAD_REQUEST',
        message: 'content-length: must be the size of the body in bytes, given once, and without transfer-encoding',
      };
    case 'HPE_INVALID_TRANSFER_ENCODING':
      return {
        status: '400 Bad Request',
        code: 'PODLOG_BAD_REQUEST',
        message: 'transfer-encoding: must be chunked, and without content-length',
      };
    case 'HPE_INVALID_URL':
      return {
        status: '400 Bad Request',
        code: 'PODLOG_BAD_REQUEST',
        message: 'the URL has a character that must be percent-encoded, as curl -G --data-urlencode "q=…" does',
      };
    default:
      return { status: '400 Bad Request', code: 'PODLOG_BAD_REQUEST', message: 'not a valid HTTP/1.1 request' };
  }
}
