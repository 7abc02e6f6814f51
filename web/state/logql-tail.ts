/**
 * The live tail of a LogQL query: Loki's, by WebSocket, whose lines have no cursors. After a cut, everything since shortly before the
 * last line that is known is asked for again, and what is known is left out.
 */
import type { ExplainAnswer, LogRow } from '../../shared/client/answers.ts';
import { AnswerError, askJson } from '../../shared/client/client.ts';
import type { Labels } from '../../shared/labels.ts';
import { OF_STREAMS } from '../search/logql-edit.ts';
import { located } from '../search/logql-place.ts';
import { serverNowMs } from './clock.ts';
import { askLogql } from './logql-answer.ts';
import { rowOf } from './logql-row.ts';
import { connection } from './session.ts';

/** The newest lines of this time are what a tail begins with. */
const BEGIN_MS = 24 * 3_600_000;
/** Lines of several nodes arrive out of order by up to this. */
const OVERLAP_MS = 10_000;
const MISSED_PAGE_LINES = 1_000;
/** Messages that wait while what was missed is loaded. With more, it is asked for once more instead. */
const MESSAGES_MAX = 10_000;

interface TailMessage {
  readonly streams: readonly {
    readonly stream: Labels;
    readonly values: readonly (readonly [timeNs: string, line: string])[];
  }[];
  /** Lines that the server has left out, as they came too fast. */
  readonly dropped_entries?: readonly object[];
}

/**
 * Yields once it is connected, then lines as they arrive.
 * @param known  those of before a cut, oldest first
 * @param limit  of the lines that it begins with, if none is known
 * @throws AnswerError  the query is wrong, or it is a metric
 */
export async function* followLogql(
  query: string,
  known: readonly LogRow[],
  limit: number,
  ended: AbortSignal,
): AsyncGenerator<readonly LogRow[]> {
  await assertFollowable(query, ended);
  const openedMs = serverNowMs();
  const last = known.at(-1);
  const startMs = last === undefined ? openedMs - BEGIN_MS : openedMs;
  const parameters = new URLSearchParams({ query, limit: String(limit), start: `${startMs}000000` });
  const messages = messagesOf(`/loki/api/v1/tail?${parameters.toString()}`, ended);
  // Open before what was missed is asked for: there is no gap between the two, but lines that both have.
  await messages.next();
  yield [];
  const inBoth = new Repeats();
  if (last !== undefined) {
    const sinceMs = Date.parse(last.time) - OVERLAP_MS;
    const before = new Repeats();
    for (const row of since(known, sinceMs)) before.add(row);
    for await (const rows of missed(query, sinceMs, ended)) {
      for (const row of since(rows, openedMs - OVERLAP_MS)) inBoth.add(row);
      yield rows.filter((row) => !before.take(row));
    }
  }
  for await (const texts of messages) {
    yield texts.flatMap((text) => rowsOf(JSON.parse(text) as TailMessage)).filter((row) => !inBoth.take(row));
  }
}

/** A WebSocket that is refused does not say why. */
async function assertFollowable(query: string, ended: AbortSignal): Promise<void> {
  let kind: ExplainAnswer['kind'];
  try {
    ({ kind } = await askJson<ExplainAnswer>(connection(), '/explain', { query, run: false }, ended));
  } catch (error) {
    throw error instanceof AnswerError ? located(error, query) : error;
  }
  if (kind === 'metric') throw new AnswerError(400, { message: 'a metric has no lines to follow' }, undefined);
}

/** Yields arrays of messages; the first one, which is empty, once the connection is open. */
async function* messagesOf(path: string, ended: AbortSignal): AsyncGenerator<readonly string[]> {
  const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + path);
  let waiting: string[] = [];
  let cut: Error | undefined;
  let wake = (): void => {};
  const end = (): void => {
    socket.close();
    wake();
  };
  const opened = new Promise<void>((resolve) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('close', ({ reason }) => {
      cut ??= new Error(reason === '' ? 'the connection was cut' : reason);
      resolve();
      wake();
    });
  });
  socket.addEventListener('message', ({ data }) => {
    waiting.push(String(data));
    if (waiting.length > MESSAGES_MAX) {
      cut = new Error('lines came too fast');
      socket.close();
    }
    wake();
  });
  ended.addEventListener('abort', end);
  try {
    await opened;
    if (cut === undefined) yield [];
    while (!ended.aborted) {
      if (cut !== undefined) throw cut;
      const texts = waiting;
      waiting = [];
      if (texts.length > 0) yield texts;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    ended.removeEventListener('abort', end);
    socket.close();
  }
}

async function* missed(query: string, sinceMs: number, ended: AbortSignal): AsyncGenerator<readonly LogRow[]> {
  // Lines may have times that are ahead of the server's clock.
  const [from, to] = [sinceMs, serverNowMs() + OVERLAP_MS].map((ms) => new Date(ms).toISOString());
  let page = await askLogql({ search: query, since: from, until: to }, 'oldest', MISSED_PAGE_LINES, ended);
  yield page.rows;
  while (page.next !== undefined) {
    page = await page.next(MISSED_PAGE_LINES, ended);
    yield page.rows;
  }
}

function since(rows: readonly LogRow[], fromMs: number): readonly LogRow[] {
  return rows.filter(({ time }) => Date.parse(time) >= fromMs);
}

/** @throws Error  lines are missing: they are found by asking for what was missed */
function rowsOf({ streams, dropped_entries: dropped = [] }: TailMessage): LogRow[] {
  if (dropped.length > 0) throw new Error('lines came too fast');
  return streams.flatMap(({ stream, values }) => {
    // A tail does not say which labels are those of the stream, and which a parser has made.
    const { detected_level: level = '', ...others } = stream;
    const of = (isOfStream: boolean): Labels =>
      Object.fromEntries(Object.entries(others).filter(([name]) => OF_STREAMS.has(name) === isOfStream));
    const own = { structuredMetadata: { detected_level: level }, parsed: of(false) };
    return values.map(([ns, line]) => rowOf(BigInt(ns), line, of(true), own));
  });
}

/** Lines that may come again, each as often as it was added. */
class Repeats {
  readonly #counts = new Map<string, number>();

  add(row: LogRow): void {
    const key = keyOf(row);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** Whether a line is one of them. */
  take(row: LogRow): boolean {
    const count = this.#counts.get(keyOf(row)) ?? 0;
    if (count > 0) this.#counts.set(keyOf(row), count - 1);
    return count > 0;
  }
}

function keyOf({ time, line, labels: { namespace, pod, container, stream } }: LogRow): string {
  return JSON.stringify([time, line, namespace, pod, container, stream]);
}
