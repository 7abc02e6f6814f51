/** `GET /logs`: lines by label, field, text and time; and the live tail over the same filters. */
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PodlogError } from '../../shared/errors.ts';
import type { AuditLog } from '../audit/audit-log.ts';
import { ANSWER_STALLED_MS_MAX, AUDITED_LINES_MIN } from '../limits.ts';
import type { Answer, Asker, QueryEngine } from '../query/engine.ts';
import { parseForm } from '../query/answer-form.ts';
import { AROUND_NAMES, parseAround, searchAround } from '../query/around.ts';
import { searchPer } from '../query/per.ts';
import { LOGS_NAMES, parseLogsRequest } from '../query/parameters.ts';
import type { LogsRequest, QueryString } from '../query/parameters.ts';
import type { Hint } from '../query/hint.ts';
import { isOfName } from '../store/columns.ts';
import { csvHeader } from '../store/csv.ts';
import { namesOf } from '../store/erasure-status.ts';
import { type AnswerFormat, JSON_LINE_END, type TextSink } from '../store/sink.ts';
import { freeMemory } from '../../shared/own-memory.ts';
import { cutOffStalled } from './stalled-answers.ts';
import { errorBody } from './errors.ts';
import { hintHeaders, understood, type Understood } from './advice.ts';
import { by, CLIENT_GONE } from './asker.ts';
import { sayUntil } from './until.ts';
import { pageHeaders } from './page-headers.ts';

export interface LogsOptions {
  readonly engine: QueryEngine;
  readonly audit: Pick<AuditLog, 'record'>;
  readonly now: () => number;
  /** Aborted when the server closes, with an error for clients: live tails end then, and other answers break off. */
  readonly closing: AbortSignal;
  readonly stalledMsMax?: number;
}

/** Which lines are wanted, and in which form. */
interface LogsQuestion extends LogsRequest {
  readonly sink: TextSink;
}

const CONTENT_TYPES: Readonly<Record<AnswerFormat, string>> = {
  ndjson: 'application/x-ndjson; charset=utf-8',
  raw: 'text/plain; charset=utf-8',
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  'csv-exact': 'text/csv; charset=utf-8',
  text: 'text/plain; charset=utf-8',
};

export function registerLogs(app: FastifyInstance, options: LogsOptions): void {
  app.get<{ Querystring: QueryString }>('/logs', async (request, reply) => {
    if (request.query['around'] !== undefined) return sendAround(request, reply, options);
    const { engine } = options;
    const nowMs = options.now();
    const question = parseLogsRequest(request, nowMs, engine.cursorKey);
    const wanted = { ...question, sink: { ...parseForm(request.query, question, nowMs), cursorKey: engine.cursorKey } };
    if (!wanted.follow) sayUntil(reply, wanted.plan, nowMs);
    // Any other answer ends soon by itself.
    const isLong = wanted.follow || wanted.plan.limit === Infinity;
    const ends = isLong && request.revoked !== undefined ? [request.revoked] : [];
    const ownNames = LOGS_NAMES;
    const { asker, hints, foundHints } = await understood(engine, request, reply, {
      ownNames,
      nowMs,
      ends: [options.closing, ...ends],
    });
    if (!wanted.follow && wanted.plan.limit >= AUDITED_LINES_MIN) await recordExport(request, wanted, options);
    const { pieces, page } = answerTo(wanted, options, asker);
    let isEmpty = wanted.plan.after === undefined;
    const lines = onFirst(endedByAbort(pieces, asker.signal, wanted.follow), () => (isEmpty = false));
    return send(reply, framed(lines, wanted.sink), wanted, options, async () => ({
      // What is cut for each has no next page.
      ...(wanted.per === undefined && pageHeaders(request.url, wanted.plan, page, engine.cursorKey)),
      ...hintHeaders(isEmpty ? await hints() : await foundHintsIn(wanted, foundHints)),
    }));
  });
}

function recordExport(request: FastifyRequest, { plan, sink }: LogsQuestion, { audit }: LogsOptions): Promise<void> {
  const limit = plan.limit === Infinity ? 'all' : plan.limit;
  const details = { filters: namesOf(plan), limit, format: sink.format };
  return audit.record({ action: 'lines exported', ...by(request), details });
}

/** Advice about names that no line has, in columns, too; once, with the first page. */
async function foundHintsIn(
  { plan, sink: { columns = [] } }: LogsQuestion,
  foundHints: Understood['foundHints'],
): Promise<readonly Hint[]> {
  const names = columns.filter(isOfName).map((asked) => ({ asked, wants: 'value' }) as const);
  return plan.after === undefined ? foundHints(names) : [];
}

/** The answer has the lines that were asked for, so that there is no next page. */
async function sendAround(
  request: FastifyRequest<{ Querystring: QueryString }>,
  reply: FastifyReply,
  options: LogsOptions,
): Promise<FastifyReply> {
  const { engine } = options;
  const nowMs = options.now();
  const wanted = parseAround(request, nowMs, engine.cursorKey);
  const ownNames = [...LOGS_NAMES, ...AROUND_NAMES];
  const { asker } = await understood(engine, request, reply, { ownNames, nowMs, ends: [options.closing] });
  const { pieces } = engine.stream(asker, (view, query) => searchAround(view, query, wanted));
  const text = framed(endedByAbort(pieces, asker.signal, false), wanted.sink);
  return send(reply, text, { sink: wanted.sink, follow: false }, options, async () => ({}));
}

/** @throws UnavailableError  there are too many live tails; a later failure is the last line of the text */
function answerTo(
  { plan, sink, follow, per }: LogsQuestion,
  { engine, now }: LogsOptions,
  asker: Asker,
): Answer<Uint8Array> {
  if (per !== undefined) return engine.stream(asker, (view, query) => searchPer(view, query, { plan, per, sink }));
  if (plan.limit === Infinity) return engine.streamAll(asker, plan, sink, now());
  if (!follow) return engine.stream(asker, (view, query) => view.search(plan, sink, query));
  const answer = engine.follow(asker, plan, sink);
  return { ...answer, pieces: endingWithReason(answer.pieces, sink.format, asker.signal) };
}

/** An answer that has begun cannot become an error response: the reason why it ends is its last line. */
async function* endingWithReason(
  lines: AsyncGenerator<Uint8Array>,
  format: AnswerFormat,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* lines;
  } catch (error) {
    if (signal.aborted || !(error instanceof PodlogError)) throw error;
    const reason =
      format === 'ndjson' ? JSON.stringify(errorBody(error.code, error.message)) : `podlog: ${error.message}`;
    yield Buffer.from(`${reason}\n`);
  }
}

/** Adds what surrounds the lines, from the first of them on: the header of CSV, the brackets of JSON. */
async function* framed(text: AsyncGenerator<Uint8Array>, { format, columns }: TextSink): AsyncGenerator<Uint8Array> {
  try {
    const lines = startingWith(await text.next(), text);
    if (format === 'csv' || format === 'csv-exact') yield Buffer.from(csvHeader(columns));
    if (format === 'json') yield* bracketed(lines);
    else yield* lines;
  } finally {
    await text.return(undefined);
  }
}

async function* bracketed(text: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // Every piece ends as its last line does; the last line of the array must not, so its end is held back.
  const separator = Buffer.from(JSON_LINE_END);
  yield Buffer.from('[\n');
  let some = false;
  for await (const piece of text) {
    if (some) yield separator;
    yield piece.subarray(0, piece.length - separator.length);
    some = true;
  }
  yield Buffer.from(some ? '\n]\n' : ']\n');
}

/**
 * Waits for the first piece, so that a failure before it is an error response and not a broken stream.
 * @param headers  of an answer that ends, known with its first piece
 */
async function send(
  reply: FastifyReply,
  text: AsyncGenerator<Uint8Array>,
  { sink: { format }, follow: live }: Pick<LogsQuestion, 'sink' | 'follow'>,
  { stalledMsMax = ANSWER_STALLED_MS_MAX }: LogsOptions,
  headers: () => Promise<Record<string, string | string[]>>,
): Promise<FastifyReply> {
  void reply.header('content-type', CONTENT_TYPES[format]).header('cache-control', 'no-store');
  cutOffStalled(reply.raw, stalledMsMax);
  if (live) {
    // Proxies buffer streams unless this header forbids it.
    void reply.header('x-accel-buffering', 'no').send(Readable.from(text, { objectMode: false }));
    // The first line may take long: the headers show the client that its request was accepted.
    reply.raw.flushHeaders();
    return reply;
  }
  const stream = Readable.from(freedOnceSent(startingWith(await text.next(), text)), { objectMode: false });
  // If the client leaves before it has read anything, nothing else ends the answer.
  stream.once('close', () => void text.return(undefined));
  return reply.headers(await headers()).send(stream);
}

async function* onFirst<Piece>(pieces: AsyncGenerator<Piece>, act: () => void): AsyncGenerator<Piece> {
  try {
    const first = await pieces.next();
    if (first.done === true) return;
    act();
    yield first.value;
    yield* pieces;
  } finally {
    await pieces.return(undefined);
  }
}

async function* startingWith(
  first: IteratorResult<Uint8Array>,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (first.done !== true) yield first.value;
  yield* rest;
}

/**
 * Frees each large piece once it was sent, instead of with the next collection of garbage: V8 collects it often because of
 * them. A stream asks for a piece when the last but one is sent, as each fills its buffer.
 */
async function* freedOnceSent(text: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let before: Uint8Array | undefined;
  for await (const piece of text) {
    yield piece;
    if (before !== undefined && before.length >= PIECE_FREED_BYTES_MIN) freeMemory(before);
    before = piece;
  }
}

/** More than a stream buffers. */
const PIECE_FREED_BYTES_MIN = 256 * 1024;

/**
 * Ends without an error when the client is gone; a live tail also when its client may not read any more, or the server
 * closes: the next request gets the reason. Any other answer must not look complete when it is not.
 */
async function* endedByAbort(
  text: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  isLive: boolean,
): AsyncGenerator<Uint8Array> {
  try {
    yield* text;
  } catch (error) {
    if (!signal.aborted) throw error;
    if (!isLive && signal.reason !== CLIENT_GONE) throw signal.reason;
  }
}
