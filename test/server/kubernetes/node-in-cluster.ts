/** A node with its agent, the server that gets its lines, and the Kubernetes API that this one follows. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect } from 'vitest';
import { type Agent, type AgentOptions, startAgent } from '../../../agent/agent.ts';
import type { Server, ServerOptions } from '../../../server/main.ts';
import { CAUGHT_UP_ID } from '../../../shared/file-id.ts';
import type { PositionsAnswer } from '../../../shared/wire.ts';
import { cri, openInodes } from '../../agent/pods.ts';
import { eventually } from '../../eventually.ts';
import { TestApiServer } from '../../kubernetes/api-server.ts';
import { startQuietServer } from '../quiet-server.ts';

/** One that is new for each test of a file. The API runs; server and agent are still to be started. */
export function nodeOfEachTest(): NodeInCluster {
  const node = new NodeInCluster();
  beforeEach(() => node.open());
  afterEach(() => node.close());
  return node;
}

export class NodeInCluster {
  root = '';
  api = new TestApiServer();
  url = '';
  #server: Server | undefined;
  #agent: Agent | undefined;
  #listen: Partial<ServerOptions> = {};

  async open(): Promise<void> {
    this.root = mkdtempSync(join(tmpdir(), 'podlog-node-'));
    mkdirSync(join(this.root, 'pods'));
    this.api = await new TestApiServer().start();
    this.#server = undefined;
    this.#agent = undefined;
    this.#listen = {};
  }

  async close(): Promise<void> {
    await this.#agent?.stop();
    await this.#server?.close();
    await this.api.stop();
    rmSync(this.root, { recursive: true });
  }

  async start(changes: Partial<ServerOptions> = {}): Promise<void> {
    await this.startServer(changes);
    await this.startAgent();
  }

  async startServer(changes: Partial<ServerOptions> = {}): Promise<void> {
    const kubernetes = { api: this.api.url, podLabels: [], unseen: { graceMs: 0, sweepMs: 10 } };
    this.#server = await startQuietServer(join(this.root, 'data'), { kubernetes, ...this.#listen, ...changes });
    this.url = this.#server.url;
    // An agent that outlives the server finds the next one in its place.
    const { hostname: host, port } = new URL(this.url);
    this.#listen = { listen: { host, port: Number(port) } };
  }

  async startAgent(changes: Partial<AgentOptions> = {}): Promise<void> {
    this.#agent = await startAgent({
      podsDir: join(this.root, 'pods'),
      serverUrl: this.url,
      node: 'worker-1',
      log: pino({ level: 'silent' }),
      tickMs: 10,
      rulesAskMs: 10,
      vouchMs: 10,
      goneMs: 100,
      backoffMsMax: 20,
      ...changes,
    });
  }

  async stopServer(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  async stopAgent(): Promise<void> {
    await this.#agent?.stop();
    this.#agent = undefined;
  }

  /** Up to when the server knows that everything on the node is stored; 0 while it does not. */
  async vouchedMs(): Promise<number> {
    return (await this.#positions()).find(({ file }) => file === CAUGHT_UP_ID)?.stdout ?? 0;
  }

  /** Whether the server knows a file or a note of the node. */
  async knows(id: string): Promise<boolean> {
    return (await this.#positions()).some(({ file }) => file === id);
  }

  /** What the server knows of a file or a note of the node: both of its numbers. */
  async position(id: string): Promise<readonly [number, number] | undefined> {
    const found = (await this.#positions()).find(({ file }) => file === id);
    return found && [found.stdout, found.stderr];
  }

  async #positions(): Promise<PositionsAnswer['positions']> {
    const answer = await (await fetch(`${this.url}/agent/positions?node=worker-1`)).json();
    return (answer as PositionsAnswer).positions;
  }

  /** Whether the agent has the log file of a container open. */
  holds(pod: string, container: string): boolean {
    return openInodes().has(statSync(this.path(pod, container)).ino);
  }

  /** @param pod  `<namespace>_<name>_<uid>` */
  path(pod: string, container: string): string {
    return join(this.root, 'pods', pod, container, '0.log');
  }

  write(pod: string, container: string, text: string): void {
    this.touch(pod, container);
    appendFileSync(this.path(pod, container), cri(text));
  }

  /** An empty log file, as of a container that says nothing. */
  touch(pod: string, container: string): void {
    const path = this.path(pod, container);
    mkdirSync(dirname(path), { recursive: true });
    appendFileSync(path, '');
  }

  /** The lines that match, oldest first. */
  async stored(query = ''): Promise<string> {
    const response = await fetch(`${this.url}/logs?${query}&order=oldest&format=raw`);
    return response.text();
  }

  /** Waits until the lines that match are these. */
  async expectFound(query: string, want: readonly string[]): Promise<void> {
    await eventually(async () => {
      expect((await this.stored(query)).split('\n').filter((line) => line !== '')).toEqual(want);
    });
  }
}
