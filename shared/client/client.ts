/**
 * A client of the HTTP API, for the page and for programs: it uses nothing but `fetch`. A token goes into the header
 * `Authorization`, never into an address, which proxies and browsers keep.
 */
import type { Hint, LogPage, LogRow } from './answers.ts';
import type { Labels } from '../labels.ts';
import { linesAsTheyArrive } from './ndjson.ts';

export interface Connection {
  /** Without a slash at its end; empty for the server that the page is from. */
  readonly url: string;
  readonly token: string | undefined;
}

export type Parameters = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** The server refused a request, or did not understand it. */
export class AnswerError extends Error {
  readonly status: number;
  readonly code: string;
  /** Where a search text is wrong, from 1 on. */
  readonly position: number | undefined;
  readonly length: number | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, error: ErrorAnswer, retryAfterSeconds: number | undefined) {
    super(error.message ?? `the server answered with ${status}`);
    this.name = 'AnswerError';
    this.status = status;
    this.code = error.code ?? 'PODLOG_UNKNOWN';
    this.position = error.position;
    this.length = error.length;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

interface ErrorAnswer {
  readonly code?: string;
  readonly message?: string;
  readonly position?: number;
  readonly length?: number;
}

/** @throws AnswerError */
export async function askJson<Answer>(
  connection: Connection,
  path: string,
  parameters: Parameters | URLSearchParams = {},
  signal?: AbortSignal,
): Promise<Answer> {
  const response = await ask(connection, path, parameters, signal);
  return (await response.json()) as Answer;
}

/** Asks for one page of lines. @throws AnswerError */
export async function askLines(
  connection: Connection,
  parameters: Parameters | URLSearchParams,
  signal?: AbortSignal,
): Promise<LogPage> {
  const response = await ask(connection, '/logs', parameters, signal);
  const rows: LogRow[] = [];
  for await (const lines of linesAsTheyArrive(response.body!)) for (const json of lines) rows.push(rowOf(json));
  return { rows, next: nextOf(response.headers.get('link')) };
}

/**
 * Yields the lines of a live tail as they arrive, those that arrive together as one array.
 * @throws AnswerError  also where the tail ends with an error
 */
export async function* followLines(
  connection: Connection,
  parameters: Parameters,
  signal: AbortSignal,
): AsyncGenerator<readonly LogRow[]> {
  const response = await ask(connection, '/logs', { ...parameters, follow: true }, signal);
  yield [];
  for await (const lines of linesAsTheyArrive(response.body!)) yield lines.map(rowOf);
}

/** Puts something in place, opens a session, or removes it. @throws AnswerError */
export async function change(
  connection: Connection,
  method: 'PUT' | 'POST' | 'DELETE',
  path: string,
  parameters: Parameters = {},
  body?: object,
): Promise<void> {
  await ask(connection, path, parameters, undefined, { method, ...(body && { body: JSON.stringify(body) }) });
}

/** The same of a change that has an answer. @throws AnswerError */
export async function changeJson<Answer>(
  connection: Connection,
  method: 'POST' | 'DELETE',
  path: string,
  parameters: Parameters = {},
  signal?: AbortSignal,
): Promise<Answer> {
  const response = await ask(connection, path, parameters, signal, { method });
  return (await response.json()) as Answer;
}

/** Asks, and leaves the body to be read. @throws AnswerError */
export async function ask(
  { url, token }: Connection,
  path: string,
  parameters: Parameters | URLSearchParams,
  signal?: AbortSignal,
  init: Pick<RequestInit, 'method' | 'body'> & { readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Response> {
  const query = queryOf(parameters).toString();
  const response = await fetch(`${url}${path}${query === '' ? '' : `?${query}`}`, {
    ...init,
    // With `podlog-client`, a browser asks for no password where a token is missing.
    headers: {
      ...init.headers,
      'podlog-client': 'page',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    // A browser that has another password must not send it instead.
    credentials: 'same-origin',
    cache: 'no-store',
    ...(signal && { signal }),
  });
  if (response.ok) return response;
  throw await errorOf(response);
}

async function errorOf(response: Response): Promise<AnswerError> {
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  let error: ErrorAnswer = {};
  try {
    // Loki's API answers with the message alone; a proxy's page says nothing that the status does not.
    if (response.headers.get('content-type')?.startsWith('text/plain')) error = { message: await response.text() };
    else error = ((await response.json()) as { error?: ErrorAnswer }).error ?? {};
  } catch {}
  return new AnswerError(response.status, error, Number.isNaN(retryAfter) ? undefined : retryAfter);
}

export function queryOf(parameters: Parameters | URLSearchParams): URLSearchParams {
  if (parameters instanceof URLSearchParams) return parameters;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || value === '') continue;
    for (const each of Array.isArray(value) ? value : [value]) query.append(name, String(each));
  }
  return query;
}

/** @throws AnswerError  the line is the error with which a live tail ends */
function rowOf(json: string): LogRow {
  const row = JSON.parse(json) as Omit<LogRow, 'json'> & { readonly error?: ErrorAnswer; fields?: unknown };
  if (row.error !== undefined && row.line === undefined) throw new AnswerError(503, row.error, undefined);
  // `fields` are read from a text where they are shown: from the line itself, if it is an object.
  const { fields, ...rest } = row;
  const isInLine = fields === undefined || row.line.startsWith('{');
  return { ...rest, labels: sharedLabels(row.labels), json: isInLine ? '' : json };
}

const LABELS_KEPT_MAX = 1_000;
const keptLabels = new Map<string, Labels>();

/** Lines of one stream have the same object of labels, as 100,000 of them are held. */
function sharedLabels(labels: Labels): Labels {
  const key = JSON.stringify(labels);
  const known = keptLabels.get(key);
  if (known !== undefined) return known;
  if (keptLabels.size >= LABELS_KEPT_MAX) keptLabels.clear();
  keptLabels.set(key, labels);
  return labels;
}

function nextOf(link: string | null): URLSearchParams | undefined {
  const target = /<[^>?]*\?([^>]*)>;\s*rel="next"/.exec(link ?? '')?.[1];
  return target === undefined ? undefined : new URLSearchParams(target);
}

export function parametersOf({ parameters = '' }: Hint): URLSearchParams {
  return new URLSearchParams(parameters);
}
