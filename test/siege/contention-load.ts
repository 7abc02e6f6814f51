/** The readers of contention.ts, in a thread of their own, so that taking their answers delays no measurement. */
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

export interface LoadStart {
  readonly url: string;
  readonly heavyQueries: number;
  readonly tails: number;
  /** Before all lines. */
  readonly since: string;
}

export interface LoadCounts {
  readonly queries: number;
  readonly refusedQueries: number;
  /** Milliseconds of queries that cost little, asked one at a time. */
  readonly light: readonly number[];
  readonly openTails: number;
  readonly tailLines: number;
  readonly endedTails: number;
  /** The last answer that was an error. */
  readonly problem: string;
}

const REPORT_MS = 200;
const REFUSED_PAUSE_MS = 1000;
const LIGHT_PAUSE_MS = 200;

const { url, heavyQueries, tails, since } = workerData as LoadStart;
const counts = {
  queries: 0,
  refusedQueries: 0,
  light: [] as number[],
  openTails: 0,
  tailLines: 0,
  endedTails: 0,
  problem: '',
};

/** Each reads all lines in its own way. */
const HEAVY: readonly ((run: number) => string)[] = [
  (run) => `/logs?${query({ q: `deadbeef${run}` })}`,
  (run) => `/logs?${query({ q: `no such text ${run}` })}`,
  () => `/aggregate?${query({ by: 'path', of: 'latency_ms' })}`,
  () => `/aggregate?${query({ by: 'request_id', limit: '10' })}`,
  () => `/histogram?${query({ by: 'level' })}`,
  () => `/logs?${query({ limit: '100000', format: 'raw' })}`,
  () => `/fields?${query({})}`,
  (run) => `/logs?${query({ q: `x${run % 10}`, latency_ms: '*7*', limit: '1000' })}`,
];

/** Some share a predicate, some have one of their own; most match something of what comes. */
const TAILED: readonly ((tail: number) => string)[] = [
  () => query({ level: 'error' }),
  (tail) => query({ user_id: String(tail) }),
  (tail) => query({ q: `needle ${tail}` }),
  (tail) => query({ status: `5*`, path: `*${tail % 10}*` }),
  () => query({ app: 'contention*' }),
];

function query(parameters: Readonly<Record<string, string>>): string {
  return new URLSearchParams({ since, ...parameters }).toString();
}

async function askHeavy(client: number): Promise<void> {
  for (let run = client; ; run++) {
    const answer = await read(HEAVY[run % HEAVY.length]!(run));
    if (answer === 200) {
      counts.queries++;
      continue;
    }
    counts.refusedQueries++;
    await sleep(REFUSED_PAUSE_MS);
  }
}

async function askLight(): Promise<void> {
  for (let run = 0; ; run++) {
    const startMs = performance.now();
    await read(`/logs?${query({ level: 'error', limit: '10' })}`);
    counts.light.push(performance.now() - startMs);
    await sleep(LIGHT_PAUSE_MS);
  }
}

/** Takes an answer without keeping it, and gives its status: 0 when there was none, or not the whole of it. */
async function read(path: string): Promise<number> {
  try {
    const response = await fetch(`${url}${path}`);
    if (response.ok) await response.body?.pipeTo(new WritableStream());
    else counts.problem = await response.text();
    return response.status;
  } catch (error) {
    counts.problem = String(error);
    return 0;
  }
}

function follow(tail: number): void {
  const filters = TAILED[tail % TAILED.length]!(tail);
  let isAnswered = false;
  const request = get(`${url}/logs?follow=true&limit=0&${filters}`, (response: IncomingMessage) => {
    isAnswered = true;
    if (response.statusCode !== 200) {
      response.on('data', (text: Buffer) => (counts.problem = text.toString()));
      counts.endedTails++;
      return;
    }
    counts.openTails++;
    response.on('data', (text: Buffer) => {
      for (let at = text.indexOf(10); at !== -1; at = text.indexOf(10, at + 1)) counts.tailLines++;
    });
    response.once('close', () => counts.endedTails++);
  });
  request.on('error', (error) => {
    counts.problem = error.message;
    if (!isAnswered) counts.endedTails++;
  });
}

for (let tail = 0; tail < tails; tail++) follow(tail);
for (let client = 0; client < heavyQueries; client++) void askHeavy(client);
void askLight();
const port = parentPort!;
setInterval(() => port.postMessage(counts, []), REPORT_MS);
