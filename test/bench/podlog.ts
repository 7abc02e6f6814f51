/** podlog's server and agent as processes of their own, as users run them. */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { freePort } from '../free-port.ts';
import { Child, waitFor } from './harness.ts';

const agent = new Agent({ keepAlive: true });

export interface ServerProcess {
  readonly child: Child;
  readonly url: string;
  /** From its start until it was ready. */
  readonly startMs: number;
}

export async function startServerProcess(dataDir: string, more: readonly string[] = []): Promise<ServerProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const startMs = performance.now();
  const flags = ['--data-dir', dataDir, '--listen', `127.0.0.1:${port}`, '--log-level', 'warn'];
  const child = new Child(['cli/podlog.js', 'server', ...flags, ...more]);
  await waitFor(() => isUp(`${url}/readyz`), { what: 'the server is ready', child, pauseMs: 5 });
  return { child, url, startMs: performance.now() - startMs };
}

export function startAgentProcess(podsDir: string, serverUrl: string, node: string): Child {
  const flags = ['--pods-dir', podsDir, '--server', serverUrl, '--node', node, '--log-level', 'warn'];
  return new Child(['cli/podlog.js', 'agent', ...flags]);
}

/** The part of `/stats` that is looked at here. */
export interface Stats {
  readonly rows: number;
  readonly segments: number;
  readonly walFiles: number;
}

export async function fetchStats(serverUrl: string): Promise<Stats> {
  return JSON.parse(await fetchText(`${serverUrl}/stats`)) as Stats;
}

/** What the image does when it is built: without it, the first processes hold Node's TypeScript compiler in memory. */
export async function fillCompileCache(): Promise<void> {
  const child = new Child(['cli/warm-compile-cache.ts']);
  await waitFor(async () => !child.running, { what: 'the compile cache is filled' });
  if (!child.succeeded) throw new Error(`the compile cache was not filled:\n${child.output}`);
}

/** False while nothing listens there. */
export async function isUp(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** Reads the whole answer. @throws when it is not 2xx */
export async function fetchText(url: string): Promise<string> {
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return text;
}

/** Takes an answer without keeping it; on node:http, because fetch's streams would take much of a core from the server. */
export async function fetchAway(url: string): Promise<void> {
  const outgoing = request(url, { agent });
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) {
    throw new Error(`${url} answered ${response.statusCode}: ${(await response.toArray()).join('')}`);
  }
  response.resume();
  await once(response, 'end');
}

export interface PostAnswer {
  readonly status: number;
  /** 1 when the server does not say. */
  readonly retryAfterSeconds: number;
  readonly text: string;
}

/** On node:http, which takes half of fetch's CPU time: the server's is measured beside it. */
export async function post(url: string, contentType: string, body: Uint8Array): Promise<PostAnswer> {
  const headers = { 'content-type': contentType, 'content-length': body.length };
  const outgoing = request(url, { method: 'POST', agent, headers });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return {
    status: response.statusCode!,
    retryAfterSeconds: Number(response.headers['retry-after'] ?? 1),
    text: (await response.toArray()).join(''),
  };
}
