/**
 * A server that speaks as much of the Kubernetes API as podlog uses, over plain HTTP: lists in pages, watches with
 * bookmarks, an end of history (410), and all that can go wrong on the way. Versions count up over all objects, as in etcd.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string };
}

interface Change {
  readonly version: number;
  readonly path: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: object;
}

interface Watch {
  readonly path: string;
  readonly response: ServerResponse;
}

/** What becomes of a request: undefined to answer it; a status; `cut` to close the connection; text to send as it is. */
export type Fault = undefined | number | 'cut' | { readonly text: string };

export interface SeenRequest {
  readonly path: string;
  readonly isWatch: boolean;
  readonly query: URLSearchParams;
}

export class TestApiServer {
  /** Every request that has come in. */
  readonly requests: SeenRequest[] = [];
  /** Asked about each request; may wait. */
  onRequest: (request: SeenRequest) => Fault | Promise<Fault> = () => undefined;
  /** Watches end after so long. */
  watchMs = 60_000;
  /** While true, watches are told nothing. */
  isMute = false;
  /** How a watch that begins before the end of history is told: by its status, or in its answer. */
  expiredAs: 'status' | 'event' = 'event';

  #server: Server | undefined;
  #port = 0;
  #version = 1000;
  #oldest = 0;
  readonly #objects = new Map<string, Map<string, TestObject>>();
  #history: Change[] = [];
  readonly #watches = new Set<Watch>();
  /** Lists under way, by their `continue`. */
  readonly #pages = new Map<string, { readonly version: number; readonly rest: readonly TestObject[] }>();

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get watchCount(): number {
    return this.#watches.size;
  }

  /** Again after `stop`: on the port that it had. */
  async start(): Promise<this> {
    this.#server = createServer((request, response) => void this.#handle(request, response));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  /** Cuts all connections. Objects stay. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
    this.#watches.clear();
  }

  /** Creates or replaces an object. */
  put(path: string, object: TestObject): void {
    const objects = this.#objectsOf(path);
    const key = keyOf(object);
    const before = objects.get(key);
    if (before !== undefined && before.metadata.uid !== object.metadata.uid) this.remove(path, before);
    const type = objects.has(key) ? 'MODIFIED' : 'ADDED';
    const stored = this.#versioned(object);
    objects.set(key, stored);
    this.#change(path, type, stored);
  }

  remove(path: string, object: TestObject): void {
    const stored = this.#objectsOf(path).get(keyOf(object));
    if (stored === undefined) throw new Error(`BUG: there is no ${keyOf(object)}`);
    this.#objectsOf(path).delete(keyOf(object));
    this.#change(path, 'DELETED', this.#versioned(stored));
  }

  /** Removes an object without a word, as it is seen by a watch that missed it. */
  vanish(path: string, object: TestObject): void {
    this.#objectsOf(path).delete(keyOf(object));
    this.#version++;
  }

  /** Forgets what happened so far: no watch can be continued from before, no list that is under way. */
  compact(): void {
    this.#oldest = ++this.#version;
    this.#history = [];
    this.#pages.clear();
  }

  /** As after a restore of an old backup: versions count on from there. */
  rewindTo(version: number): void {
    this.#version = version;
    this.#history = [];
    this.#oldest = 0;
    for (const objects of this.#objects.values()) {
      for (const [key, object] of objects) objects.set(key, this.#versioned(object));
    }
  }

  /** Ends the watches that are open. */
  endWatches(): void {
    for (const watch of this.#watches) this.#end(watch);
  }

  /** Tells all watches how far they have come. */
  bookmark(): void {
    const metadata = { resourceVersion: String(this.#version) };
    for (const { response } of this.#watches) sendLine(response, { type: 'BOOKMARK', object: { metadata } });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url!, this.url);
    const seen = { path, query, isWatch: query.get('watch') === 'true' };
    this.requests.push(seen);
    const fault = await this.onRequest(seen);
    if (fault === 'cut') response.destroy();
    else if (typeof fault === 'number') sendStatus(response, fault, 'as the test wants it');
    else if (fault !== undefined) response.end(fault.text);
    else if (seen.isWatch) this.#watch(path, query, response);
    else this.#list(path, query, response);
  }

  #list(path: string, query: URLSearchParams, response: ServerResponse): void {
    const token = query.get('continue');
    const page =
      token === null ? { version: this.#version, rest: [...this.#objectsOf(path).values()] } : this.#pages.get(token);
    if (page === undefined) {
      sendStatus(response, 410, 'The provided continue parameter is too old');
      return;
    }
    const limit = Number(query.get('limit') ?? Infinity);
    const rest = page.rest.slice(limit);
    const next = rest.length === 0 ? undefined : `${page.version}-${rest.length}`;
    if (next !== undefined) this.#pages.set(next, { version: page.version, rest });
    const metadata = { resourceVersion: String(page.version), continue: next };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ kind: 'List', metadata, items: page.rest.slice(0, limit) }));
  }

  #watch(path: string, query: URLSearchParams, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion'));
    if (from < this.#oldest && this.expiredAs === 'status') {
      sendStatus(response, 410, 'too old resource version');
      return;
    }
    response.setHeader('content-type', 'application/json');
    response.flushHeaders();
    if (from < this.#oldest) {
      sendLine(response, { type: 'ERROR', object: statusOf(410, 'too old resource version') });
      response.end();
      return;
    }
    const watch: Watch = { path, response };
    this.#watches.add(watch);
    const timer = setTimeout(() => this.#end(watch), this.watchMs);
    response.on('close', () => {
      clearTimeout(timer);
      this.#watches.delete(watch);
    });
    if (this.isMute) return;
    for (const change of this.#history) if (change.path === path && change.version > from) sendLine(response, change);
  }

  #end(watch: Watch): void {
    this.#watches.delete(watch);
    watch.response.end();
  }

  #change(path: string, type: Change['type'], object: TestObject): void {
    const change: Change = { version: this.#version, path, type, object };
    this.#history.push(change);
    if (this.isMute) return;
    for (const watch of this.#watches) if (watch.path === path) sendLine(watch.response, change);
  }

  #versioned(object: TestObject): TestObject {
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } } as TestObject;
  }

  #objectsOf(path: string): Map<string, TestObject> {
    let objects = this.#objects.get(path);
    if (objects === undefined) this.#objects.set(path, (objects = new Map()));
    return objects;
  }
}

function keyOf({ metadata }: TestObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function sendLine(response: ServerResponse, { type, object }: { type: string; object: object }): void {
  response.write(`${JSON.stringify({ type, object })}\n`);
}

function statusOf(code: number, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message };
}

function sendStatus(response: ServerResponse, code: number, message: string): void {
  response.statusCode = code;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(statusOf(code, message)));
}
