/**
 * Asks the Kubernetes API whose ServiceAccount token it is: POST …/tokenreviews, which needs `create` on tokenreviews.
 * The API refuses tokens that have expired, are for another audience, or whose pod is gone; and its answer names the
 * pod and node that a projected token is bound to. API servers before 1.30 name only the pod, which is then looked up
 * by a list of one, since podlog may list pods but not get them. Source:
 * https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/ and
 * https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boundedRequest } from '../../shared/bounded-request.ts';
import { UsageError } from '../../shared/errors.ts';
import { SERVICE_ACCOUNT_DIR } from '../../shared/service-account.ts';
import { REVIEW_ANSWER_BYTES_MAX, REVIEW_MS_MAX } from '../limits.ts';

const LIMITS = {
  connectMs: REVIEW_MS_MAX,
  silenceMs: REVIEW_MS_MAX,
  requestMs: REVIEW_MS_MAX,
  answerBytes: REVIEW_ANSWER_BYTES_MAX,
};

export interface ReviewedToken {
  readonly authenticated: boolean;
  /** `system:serviceaccount:<namespace>:<name>` */
  readonly username: string | undefined;
  /** The requested audiences that the token is for. */
  readonly audiences: readonly string[];
  /** The node of the pod that the token is bound to; undefined when it is bound to none, or the pod has no node. */
  readonly node: string | undefined;
}

/** @throws when the API does not answer, or not as expected */
export type ReviewToken = (token: string) => Promise<ReviewedToken>;

/** Address of the Kubernetes API, and the files with its credentials: they are renewed while the server runs. */
export interface ApiServer {
  readonly url: string;
  readonly tokenPath: string;
  readonly caPath: string | undefined;
  readonly namespacePath: string;
}

/** @throws UsageError  the process does not run in a pod */
export function inClusterApi(env: Readonly<Record<string, string | undefined>>): ApiServer {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || port === undefined) {
    throw new UsageError('--token-review works only in a cluster: elsewhere give agents a token of the tokens file');
  }
  return {
    url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tokenPath: join(SERVICE_ACCOUNT_DIR, 'token'),
    caPath: join(SERVICE_ACCOUNT_DIR, 'ca.crt'),
    namespacePath: join(SERVICE_ACCOUNT_DIR, 'namespace'),
  };
}

export function tokenReviewer(api: ApiServer, audience: string): ReviewToken {
  return async (token) => {
    const review = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, audiences: [audience] },
    };
    const answer = await ask(api, '/apis/authentication.k8s.io/v1/tokenreviews', JSON.stringify(review));
    const { binding, ...reviewed } = parseReview(answer);
    if (binding === undefined) return { ...reviewed, node: undefined };
    return { ...reviewed, node: binding.node ?? (await nodeOfPod(api, binding)) };
  };
}

/** The pod that a projected token is bound to. */
interface Binding {
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly node: string | undefined;
}

interface PodAnswer {
  readonly metadata?: { readonly uid?: string };
  readonly spec?: { readonly nodeName?: string };
}

/** Returns undefined for a pod that is gone, or was replaced by another of the same name. */
async function nodeOfPod(api: ApiServer, { namespace, pod, uid }: Binding): Promise<string | undefined> {
  const only = `fieldSelector=${encodeURIComponent(`metadata.name=${pod}`)}`;
  const { items } = parseAnswer(await ask(api, `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods?${only}`));
  const [found] = Array.isArray(items) ? (items as readonly PodAnswer[]) : [];
  return found?.metadata?.uid === uid ? found.spec?.nodeName : undefined;
}

/**
 * Posts a body, or gets. No connection is kept: as answers are cached, there is one request in minutes for each node.
 */
async function ask({ url, tokenPath, caPath }: ApiServer, path: string, body?: string): Promise<string> {
  const ownToken = (await readFile(tokenPath, 'utf8')).trim();
  const ca = caPath === undefined ? undefined : await readFile(caPath);
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const answer = await boundedRequest({
    url: new URL(path, url),
    method: bytes === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${ownToken}`,
      ...(bytes !== undefined && { 'content-type': 'application/json', 'content-length': bytes.length }),
    },
    body: bytes,
    connection: false,
    ca,
    limits: LIMITS,
  });
  // The body of an error is not passed on: it may repeat the token.
  if (answer.status >= 200 && answer.status <= 299) return answer.body.toString();
  const advice =
    answer.status === 403 ? ": podlog's ServiceAccount needs `create` on tokenreviews, and `list` on pods" : '';
  throw new Error(`the Kubernetes API answers a TokenReview with ${answer.status}${advice}`);
}

function parseAnswer(answer: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(answer);
  } catch {
    throw new Error('the answer to a TokenReview is not JSON');
  }
  return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
}

function parseReview(answer: string): Omit<ReviewedToken, 'node'> & { readonly binding: Binding | undefined } {
  const { status } = parseAnswer(answer);
  if (typeof status !== 'object' || status === null) throw new Error('the answer to a TokenReview has no status');
  const { authenticated, user, audiences } = status as Record<string, unknown>;
  const { username, extra } = typeof user === 'object' && user !== null ? (user as Record<string, unknown>) : {};
  const known = typeof username === 'string' ? username : undefined;
  return {
    authenticated: authenticated === true,
    username: known,
    audiences: Array.isArray(audiences) ? audiences.filter((each) => typeof each === 'string') : [],
    binding: bindingOf(known, extra),
  };
}

function bindingOf(username: string | undefined, extra: unknown): Binding | undefined {
  const [, namespace] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(username ?? '') ?? [];
  const values = typeof extra === 'object' && extra !== null ? (extra as Record<string, unknown>) : {};
  const bound = (what: string): string | undefined => {
    const [value]: readonly unknown[] = [values[`authentication.kubernetes.io/${what}`]].flat();
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const pod = bound('pod-name');
  const uid = bound('pod-uid');
  if (namespace === undefined || pod === undefined || uid === undefined) return undefined;
  return { namespace, pod, uid, node: bound('node-name') };
}
