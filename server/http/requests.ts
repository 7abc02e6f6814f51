/** `GET /requests/{request_id}`: all lines of a request over all pods, and what they say of it together. */
import type { FastifyInstance } from 'fastify';
import { ParameterError } from '../../shared/errors.ts';
import { formatInstant } from '../../shared/time.ts';
import { REQUEST_LINES_MAX, TEXT_BYTES_MAX } from '../limits.ts';
import type { QueryEngine } from '../query/engine.ts';
import { oneOf, parseCount, parseFilters, type QueryString } from '../query/parameters.ts';
import { readableLines, requestNames, requestOf } from '../query/request.ts';
import { requestText } from '../query/request-text.ts';
import type { TimeRange } from '../store/predicate.ts';
import { hinted, hintHeaders, understood } from './advice.ts';
import { errorBody } from './errors.ts';

export interface RequestRoutes {
  readonly engine: QueryEngine;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const OWN_NAMES: readonly string[] = ['limit', 'format'];

export function registerRequests(app: FastifyInstance, { engine, now }: RequestRoutes): void {
  app.get<{ Querystring: QueryString; Params: { id: string } }>('/requests/:id', async (request, reply) => {
    const id = parseId(request.params.id, 'requests/f14cb053-088b-4a5c-9c39-0d2f0b7e6a1d');
    const nowMs = now();
    const predicate = parseFilters(request, nowMs, OWN_NAMES);
    const format = oneOf(request.query, 'format', ['json', 'text'], 'json');
    const limit = parseCount(request.query, 'limit', 1, REQUEST_LINES_MAX, REQUEST_LINES_MAX);
    const asked = { id, predicate, limit };
    const { asker, nameHints, foundHints } = await understood(engine, request, reply, { ownNames: OWN_NAMES, nowMs });
    const { answer } = await engine.run(asker, async (view, query) => {
      const found = await requestOf(asked, view, query);
      if (found === undefined || format === 'json') return found;
      return requestText(found, await readableLines(asked, found, nowMs, view, query));
    });
    if (answer !== undefined) {
      const hints = await foundHints();
      if (typeof answer !== 'string') return hinted(reply, answer, hints);
      return reply.headers(hintHeaders(hints)).type('text/plain; charset=utf-8').send(answer);
    }
    const message = `no line has the request id ${JSON.stringify(id)}; an id is looked for as a whole, in the fields that looked_for lists, and in the lines that the filters and the time range leave`;
    const lookedFor = { names: requestNames(), ...rangeOf(predicate) };
    const none = { ...errorBody('PODLOG_NO_REQUEST', message), id, looked_for: lookedFor, lines: [] };
    return reply.code(404).send(hinted(reply, none, await nameHints()));
  });
}

/** @throws ParameterError */
export function parseId(id: string, example: string): string {
  if (id !== '' && Buffer.byteLength(id) <= TEXT_BYTES_MAX) return id;
  throw new ParameterError('id', 'empty or too long', `an id of up to ${TEXT_BYTES_MAX} bytes`, `GET /${example}`);
}

function rangeOf({ from, to }: TimeRange): { since: string | null; until: string | null } {
  return {
    since: from === undefined ? null : formatInstant(from),
    until: to === undefined ? null : formatInstant(to),
  };
}
