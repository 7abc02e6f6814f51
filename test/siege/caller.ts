/** Whoever sends requests to a besieged server, well-behaved or not. */
import { Agent, type IncomingMessage, request } from 'node:http';

/** Scopes as names: who is given a token by `TOKENS_FILE`. */
export const TOKENS = {
  admin: 'admin-of-the-siege-0123456789',
  read: 'reader-of-the-siege-0123456789',
  ingest: 'pusher-of-the-siege-0123456789',
  agent: 'agent-of-the-siege-0123456789',
} as const;

/** The node that the agent's token is for. */
export const NODE = 'siege-node';

export const TOKENS_FILE = JSON.stringify(
  Object.entries(TOKENS).map(([scope, token]) => {
    return { name: scope, token, scopes: [scope], ...(scope === 'agent' && { nodes: [NODE] }) };
  }),
);

export interface Call {
  readonly method?: string;
  /** Undefined sends no token. */
  readonly as?: keyof typeof TOKENS;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Uint8Array | string;
  readonly msMax?: number;
}

export interface Answer {
  /** 0 when there was none: the connection was refused or cut, or it took too long. */
  readonly status: number;
  /** The beginning of the body. */
  readonly text: string;
  readonly sizeBytes: number;
  readonly ms: number;
}

const KEPT_CHARS = 4096;
const MS_MAX = 120_000;
const sockets = new Agent({ keepAlive: true, maxSockets: Infinity });

/** Never rejects. */
export async function call(
  url: string,
  { method = 'GET', as, headers, body, msMax = MS_MAX }: Call = {},
): Promise<Answer> {
  const startMs = performance.now();
  let status = 0;
  let text = '';
  let sizeBytes = 0;
  try {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const outgoing = request(url, {
      method,
      agent: sockets,
      headers: { ...(as !== undefined && { authorization: `Bearer ${TOKENS[as]}` }), ...headers },
      signal: AbortSignal.timeout(msMax),
    });
    outgoing.on('response', resolve).on('error', reject);
    outgoing.end(body);
    const response = await promise;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (text.length < KEPT_CHARS) text += chunk.toString('utf8', 0, KEPT_CHARS);
    }
    status = response.statusCode!;
  } catch {
    // Told by the status.
  }
  return { status, text, sizeBytes, ms: performance.now() - startMs };
}
