/** podlog's server and agent as processes of their own, as users run them. */
import { Child, freePort, waitFor } from './harness.ts';

export interface ServerProcess {
  readonly child: Child;
  readonly url: string;
  /** From its start until it was ready. */
  readonly startMs: number;
}

export async function startServerProcess(dataDir: string): Promise<ServerProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const startMs = performance.now();
  const flags = ['--data-dir', dataDir, '--listen', `127.0.0.1:${port}`, '--log-level', 'warn'];
  const child = new Child(['cli/podlog.js', 'server', ...flags]);
  await waitFor(() => isUp(`${url}/readyz`), { what: 'the server is ready', child, pauseMs: 5 });
  return { child, url, startMs: performance.now() - startMs };
}

export function startAgentProcess(podsDir: string, serverUrl: string, node: string): Child {
  const flags = ['--pods-dir', podsDir, '--server', serverUrl, '--node', node, '--log-level', 'warn'];
  return new Child(['cli/podlog.js', 'agent', ...flags]);
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

/** @throws when the answer is not 2xx */
export async function post(url: string, contentType: string, body: Uint8Array): Promise<void> {
  // The copy has an ArrayBuffer of its own, which fetch's type asks for.
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body: new Uint8Array(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
}
