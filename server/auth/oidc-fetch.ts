/** Requests to an identity provider, within limits of time and size. Redirects are not followed. */
import type { CustomFetch } from 'openid-client';
import { boundedRequest } from '../../shared/bounded-request.ts';
import { OIDC_ANSWER_BYTES_MAX, OIDC_REQUEST_MS_MAX } from '../limits.ts';

const LIMITS = {
  connectMs: OIDC_REQUEST_MS_MAX / 2,
  silenceMs: OIDC_REQUEST_MS_MAX / 2,
  requestMs: OIDC_REQUEST_MS_MAX,
  answerBytes: OIDC_ANSWER_BYTES_MAX,
};

export const boundedFetch: CustomFetch = async (url, { method, headers, body: sent, signal }) => {
  // The library sends forms, or nothing.
  const body = sent instanceof URLSearchParams || typeof sent === 'string' ? Buffer.from(sent.toString()) : undefined;
  const answer = await boundedRequest({
    url: new URL(url),
    method: method === 'POST' ? 'POST' : 'GET',
    headers: { ...headers, ...(body !== undefined && { 'content-length': body.length }) },
    body,
    connection: false,
    signal,
    limits: LIMITS,
  });
  const contentType = answer.headers['content-type'];
  return new Response(answer.body.length === 0 ? null : new Uint8Array(answer.body), {
    status: answer.status,
    headers: contentType === undefined ? {} : { 'content-type': contentType },
  });
};
