/** Checks of a request that HTTP/1.1 requires and Node's parser does not make. */
import type { IncomingMessage } from 'node:http';
import { PodlogError } from '../../shared/errors.ts';

/** @throws PodlogError  the request is not valid, or asks for something unsupported */
export function assertRequest({ httpVersion, headers }: Pick<IncomingMessage, 'httpVersion' | 'headers'>): void {
  if (headers.host === undefined && httpVersion === '1.1') {
    throw new PodlogError(
      'PODLOG_BAD_REQUEST',
      400,
      'host: missing; a request of HTTP/1.1 names the server that it is for',
    );
  }
  const { expect, 'transfer-encoding': coding } = headers;
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    const message = `expect: ${JSON.stringify(expect.slice(0, 100))} is not supported; allowed: 100-continue, none`;
    throw new PodlogError('PODLOG_UNKNOWN_EXPECTATION', 417, message);
  }
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked') {
    const message = `transfer-encoding: ${JSON.stringify(coding.slice(0, 100))} is not supported; allowed: chunked; compress with content-encoding`;
    throw new PodlogError('PODLOG_UNSUPPORTED_CODING', 501, message);
  }
}
