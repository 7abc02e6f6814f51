/** A node with its agent, the server that gets its lines, and the Kubernetes API that this one follows. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect } from 'vitest';
import { type Agent, startAgent } from '../../../agent/agent.ts';
import type { Server, ServerOptions } from '../../../server/main.ts';
import { cri } from '../../agent/pods.ts';
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

  async open(): Promise<void> {
    this.root = mkdtempSync(join(tmpdir(), 'podlog-node-'));
    mkdirSync(join(this.root, 'pods'));
    this.api = await new TestApiServer().start();
    this.#server = undefined;
    this.#agent = undefined;
  }

  async close(): Promise<void> {
    await this.#agent?.stop();
    await this.#server?.close();
    await this.api.stop();
    rmSync(this.root, { recursive: true });
  }

  async start(changes: Partial<ServerOptions> = {}): Promise<void> {
    const kubernetes = { api: this.api.url, podLabels: [] };
    this.#server = await startQuietServer(join(this.root, 'data'), { kubernetes, ...changes });
    this.url = this.#server.url;
    this.#agent = await startAgent({
      podsDir: join(this.root, 'pods'),
      serverUrl: this.url,
      node: 'worker-1',
      log: pino({ level: 'silent' }),
      tickMs: 10,
      rulesAskMs: 10,
    });
  }

  /** @param pod  `<namespace>_<name>_<uid>` */
  path(pod: string, container: string): string {
    return join(this.root, 'pods', pod, container, '0.log');
  }

  write(pod: string, container: string, text: string): void {
    const path = this.path(pod, container);
    mkdirSync(dirname(path), { recursive: true });
    appendFileSync(path, cri(text));
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
