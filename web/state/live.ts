/**
 * The live tail: one stream of lines, added to the list once a frame. After a cut it goes on after its last line, so that none is
 * missing; what comes twice is known by its cursor.
 */
import { type Backoff, backoffMs } from '../../shared/backoff.ts';
import { effect, signal } from '@preact/signals';
import type { LogRow } from '../../shared/client/answers.ts';
import { AnswerError, followLines } from '../../shared/client/client.ts';
import { podName } from '../../shared/readable-line/pod-name.ts';
import { isLogql } from '../search/is-logql.ts';
import { serverNowMs, zone } from './clock.ts';
import { countArrivals, resetRates } from './live-rates.ts';
import { question, runCount, view } from './navigation.ts';
import { access, connection, noticeRevoked } from './session.ts';
import { seenCursors } from './seen-cursors.ts';

export interface Live {
  readonly state: 'stopped' | 'connecting' | 'following' | 'waiting';
  readonly error: unknown;
  readonly rows: readonly LogRow[];
  /** Lines that have left the list at its start. */
  readonly droppedCount: number;
  readonly searchId: number;
  readonly lastArrivalMs: number;
  readonly note: string;
}

const FIRST_LINES = 200;
/** Older lines leave, and are found in Explore. */
const LINES_MAX = 50_000;
const LINES_DROPPED = 5_000;
const RECONNECT: Backoff = { msMin: 500, msMax: 10_000 };
const HIDDEN_MS_MAX = 300_000;
/** A long list is not laid out at each frame, but as often as one can read. */
const LONG_LIST = 2_000;
const LONG_LIST_PAUSE_MS = 100;
const ENDED = /^(?:container|pod) .* ended: (.*)/;

const STOPPED: Live = {
  state: 'stopped',
  error: undefined,
  rows: [],
  droppedCount: 0,
  searchId: 0,
  lastArrivalMs: 0,
  note: '',
};
export const live = signal<Live>(STOPPED);

let running = new AbortController();
let searchId = 0;

effect(() => {
  void runCount.value;
  const isShown = view.value.kind === 'live' && access.value === 'open';
  running.abort();
  if (isShown) void start(question.peek().q);
});

/** A hidden tab costs the server nothing. */
let hiddenTimer: ReturnType<typeof setTimeout> | undefined;
document.addEventListener('visibilitychange', () => {
  clearTimeout(hiddenTimer);
  if (document.hidden) hiddenTimer = setTimeout(pause, HIDDEN_MS_MAX);
  else if (live.peek().note === PAUSED && view.peek().kind === 'live') void resume();
});
const PAUSED = 'Paused, as the page was hidden';

function pause(): void {
  if (live.peek().state === 'stopped') return;
  running.abort();
  change({ state: 'stopped', note: PAUSED });
}

async function resume(): Promise<void> {
  running.abort();
  running = new AbortController();
  await follow(question.peek().q, running.signal);
}

export function stopLive(): void {
  running.abort();
  change({ state: 'stopped' });
}

async function start(search: string): Promise<void> {
  running = new AbortController();
  resetRates();
  live.value = { ...STOPPED, state: 'connecting', searchId: ++searchId };
  await follow(search, running.signal);
}

async function follow(search: string, ended: AbortSignal): Promise<void> {
  let attempt = 0;
  const seen = seenCursors();
  for (const row of live.peek().rows.slice(-FIRST_LINES)) seen.isNew(row);
  const batch = frameBatch(ended);
  let isFirst = live.peek().rows.length === 0;
  while (!ended.aborted) {
    try {
      for await (const rows of await newLines(search, batch, ended)) {
        if (live.peek().state !== 'following') {
          change({ state: 'following', error: undefined, note: isFirst ? '' : 'Reconnected, nothing missed' });
          isFirst = false;
          attempt = 0;
        }
        batch.add(rows.filter((row) => seen.isNew(row)));
      }
    } catch (error) {
      if (ended.aborted) return;
      noticeRevoked(error);
      const isFinal = error instanceof AnswerError && error.status >= 400 && error.status < 500;
      change({ state: isFinal ? 'stopped' : 'waiting', error });
      if (isFinal) return;
    }
    if (ended.aborted) return;
    change({ state: 'waiting' });
    const waitMs = backoffMs(attempt++, RECONNECT, Math.random());
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

/** Yields the lines after those that are known, as they arrive. */
async function newLines(
  search: string,
  { waiting }: FrameBatch,
  ended: AbortSignal,
): Promise<AsyncIterable<readonly LogRow[]>> {
  if (isLogql(search)) {
    const { followLogql } = await import('./logql-tail.ts');
    return followLogql(search, [...live.peek().rows, ...waiting], FIRST_LINES, ended);
  }
  const cursor = (waiting.at(-1) ?? live.peek().rows.at(-1))?.cursor;
  const begin = cursor === undefined ? { limit: FIRST_LINES } : { cursor };
  return followLines(connection(), { search, samples: false, tz: zone.peek(), ...begin }, ended);
}

interface FrameBatch {
  add(rows: readonly LogRow[]): void;
  readonly waiting: readonly LogRow[];
}

/** Collects what arrives within a frame, so that the page is drawn once a frame whatever the rate. */
function frameBatch(ended: AbortSignal): FrameBatch {
  const startedMs = serverNowMs();
  const batch: { waiting: LogRow[]; add: FrameBatch['add'] } = {
    waiting: [],
    add: (rows) => {
      if (rows.length === 0) return;
      if (batch.waiting.length === 0) schedule(flush);
      batch.waiting.push(...rows);
      countArrivals(rows, startedMs);
    },
  };
  const flush = (): void => {
    const rows = batch.waiting;
    batch.waiting = [];
    if (ended.aborted) return;
    const all = [...live.peek().rows, ...rows];
    const dropped = all.length > LINES_MAX ? all.length - LINES_MAX + LINES_DROPPED : 0;
    const end = rows.findLast(({ labels, line }) => labels['stream'] === 'podlog' && ENDED.test(line));
    change({
      ...(end !== undefined && { note: endText(end) }),
      rows: dropped === 0 ? all : all.slice(dropped),
      droppedCount: live.peek().droppedCount + dropped,
      lastArrivalMs: Date.now(),
    });
  };
  return batch;
}

/** A hidden tab has no frames. */
function schedule(act: () => void): void {
  if (document.hidden) setTimeout(act, 250);
  else if (live.peek().rows.length < LONG_LIST) requestAnimationFrame(act);
  else setTimeout(() => requestAnimationFrame(act), LONG_LIST_PAUSE_MS);
}

/** `payments·w4zvn ended: exit code 137, OOMKilled. Its lines stay.` */
function endText({ labels, line }: LogRow): string {
  return `${podName(labels, false)} ended: ${ENDED.exec(line)![1]!.replace(/\.$/, '')}. Its lines stay.`;
}

function change(changes: Partial<Live>): void {
  live.value = { ...live.peek(), ...changes };
}
