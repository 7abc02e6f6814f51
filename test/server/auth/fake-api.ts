/** The Kubernetes API, as far as TokenReview goes, over plain HTTP. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ApiServer } from '../../../server/auth/token-review.ts';

/** The server's own ServiceAccount token. */
export const OWN_TOKEN = 'own.api.token';

export interface Review {
  readonly spec: { readonly token: string; readonly audiences: readonly string[] };
}

export interface KnownToken {
  readonly username: string;
  readonly audiences: readonly string[];
  /** The pod that the token is bound to, and what the API says of it. */
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** As the API says which pod a token is bound to; its node since Kubernetes 1.30. */
export function boundTo(pod: string, uid: string, node?: string): Readonly<Record<string, readonly string[]>> {
  const key = (what: string): string => `authentication.kubernetes.io/${what}`;
  return {
    [key('pod-name')]: [pod],
    [key('pod-uid')]: [uid],
    ...(node !== undefined && { [key('node-name')]: [node] }),
  };
}

export class FakeApi {
  readonly reviews: Review[] = [];
  /** Token → whose it is and for whom. */
  readonly tokens = new Map<string, KnownToken>();
  /** By `<namespace>/<name>`: what a list of one pod shows. */
  readonly pods = new Map<string, { readonly uid: string; readonly nodeName?: string }>();
  /** Takes the place of an answer. */
  fault: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  #dir = '';
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  async listen(): Promise<ApiServer> {
    this.#dir = await mkdtemp(join(tmpdir(), 'podlog-api-'));
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo;
    const api: ApiServer = {
      url: `http://127.0.0.1:${port}`,
      tokenPath: join(this.#dir, 'token'),
      caPath: undefined,
      namespacePath: join(this.#dir, 'namespace'),
    };
    await writeFile(api.tokenPath, `${OWN_TOKEN}\n`);
    await writeFile(api.namespacePath, 'podlog');
    return api;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#dir, { recursive: true });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isReview = request.method === 'POST' && request.url === '/apis/authentication.k8s.io/v1/tokenreviews';
    const body = await text(request);
    if (isReview) this.reviews.push(JSON.parse(body) as Review);
    if (this.fault !== undefined) {
      this.fault(request, response);
      return;
    }
    const isAllowed = request.headers.authorization === `Bearer ${OWN_TOKEN}`;
    const answer = isReview ? this.#reviewed(JSON.parse(body) as Review) : this.#podList(request.url!);
    response.writeHead(isAllowed ? (answer === undefined ? 404 : 200) : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? {}));
  }

  #reviewed(review: Review): object {
    return { ...review, status: this.#status(review.spec) };
  }

  /** A list of one, by its name. */
  #podList(url: string): object | undefined {
    const { pathname, searchParams } = new URL(url, 'http://api');
    const [, namespace] = /^\/api\/v1\/namespaces\/([^/]+)\/pods$/.exec(pathname) ?? [];
    const [, name] = /^metadata\.name=(.+)$/.exec(searchParams.get('fieldSelector') ?? '') ?? [];
    if (namespace === undefined || name === undefined) return undefined;
    const pod = this.pods.get(`${namespace}/${name}`);
    return { items: pod === undefined ? [] : [{ metadata: { name, uid: pod.uid }, spec: { nodeName: pod.nodeName } }] };
  }

  #status({ token, audiences }: Review['spec']): object {
    const known = this.tokens.get(token);
    const shared = audiences.filter((audience) => known?.audiences.includes(audience));
    if (known === undefined || shared.length === 0) return { user: {}, error: `invalid bearer token ${token}` };
    const { username, extra } = known;
    return { authenticated: true, user: { username, uid: '1', groups: [], extra }, audiences: shared };
  }
}

/** A ServiceAccount token in form; its signature is anything. */
export function jwt(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256' })}.${part(claims)}.c2lnbmF0dXJl`;
}
