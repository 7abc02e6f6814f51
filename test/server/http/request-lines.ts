/** Requests as several programs log them, with what each line says of them: the truth that answers are compared with. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Server } from '../../../server/main.ts';
import type { Labels } from '../../../shared/labels.ts';
import { formatInstant, MS_PER_DAY } from '../../../shared/time.ts';
import { batchOf, type Line, TODAY } from '../engines/embedded/batches.ts';
import type { Random } from '../../corpus/random.ts';
import { startQuietServer } from '../quiet-server.ts';

export interface Said {
  readonly instant: bigint;
  readonly labels: Labels;
  readonly text: string;
  readonly requestId?: string;
  readonly traceId?: string;
  readonly userId?: string;
  readonly level?: string;
  readonly method?: string;
  readonly path?: string;
  readonly status?: number;
  readonly durationMs?: number;
  readonly message?: string;
}

export const DAY_START = BigInt(TODAY) * BigInt(MS_PER_DAY) * 1_000_000n;
const NS_PER_MS_BIG = 1_000_000n;

function pod(namespace: string, name: string, stream = 'stdout'): Labels {
  return { namespace, pod: `${name}-1`, container: name, stream, node: 'node-1' };
}

/** Traefik, an API in zerolog, payments in pino, a worker in logfmt: each in its own names. */
const INGRESS = pod('kube-system', 'traefik');
const API = pod('shop', 'api');
const PAYMENTS = pod('shop', 'payments', 'stderr');
const WORKER = pod('jobs', 'worker');

/** Returns the lines of one request, which takes up to two seconds, in the order of time. */
export function requestLines(random: Random, id: string, userId: string, startMs: number): Said[] {
  const failed = random.unit() < 0.3;
  const tookMs = 5 + Math.floor(random.unit() * 1000);
  const status = failed ? 502 : 200;
  const level = failed ? 'error' : 'info';
  const path = `/api/orders/${random.below(50)}`;
  const at = (ms: number): bigint => DAY_START + BigInt(startMs + ms) * NS_PER_MS_BIG;
  const ids = { requestId: id, userId };
  const lines: Said[] = [
    {
      ...ids,
      instant: at(1),
      labels: API,
      level: 'debug',
      message: 'query',
      text: `{"level":"debug","query":"SELECT 1","user_id":${userId},"request_id":"${id}","message":"query"}`,
    },
    {
      ...ids,
      instant: at(tookMs - 1),
      labels: API,
      level,
      method: 'GET',
      path,
      status,
      durationMs: tookMs - 2,
      message: 'request',
      text: `{"level":"${level}","method":"GET","path":"${path}","status":${status},"latency_ms":${tookMs - 2},"user_id":${userId},"request_id":"${id}","message":"request"}`,
    },
    {
      requestId: id,
      instant: at(tookMs),
      labels: INGRESS,
      level: 'info',
      method: 'GET',
      path,
      status,
      durationMs: tookMs,
      text: `{"Duration":${tookMs}000000,"DownstreamStatus":${status},"RequestMethod":"GET","RequestPath":"${path}","level":"info","request_X-Request-Id":"${id}"}`,
    },
  ];
  if (failed) {
    lines.push({
      ...ids,
      instant: at(tookMs - 2),
      labels: PAYMENTS,
      level: 'error',
      message: 'charge failed: deadline exceeded',
      text: `{"level":50,"req":{"id":"${id}"},"userId":"${userId}","msg":"charge failed: deadline exceeded"}`,
    });
  }
  if (random.unit() < 0.4) {
    lines.push({
      ...ids,
      instant: at(tookMs + 300),
      labels: WORKER,
      level: 'info',
      durationMs: 12.5,
      message: 'sent',
      text: `level=info msg=sent request_id=${id} user_id=${userId} duration=12.5ms status=ok`,
    });
  }
  return lines.toSorted((a, b) => (a.instant < b.instant ? -1 : 1));
}

/** A batch of an agent with these lines. */
export function batchOfSaid(said: readonly Said[]): Uint8Array<ArrayBuffer> {
  const lines = said.map(({ text, labels, instant }): Line => {
    return { text, labels, day: TODAY, timeNs: Number(instant - DAY_START) };
  });
  return new Uint8Array(batchOf({ lines }));
}

/** What every answer has of a line. */
export function shown({ instant, labels, text }: Said): { time: string; labels: Labels; line: string } {
  return { time: formatInstant(instant), labels, line: text };
}

export const ADMIN = 'admin-token-0123456789';
/** Each of the namespace that it is called. */
export const SHOP = 'shop-token-0123456789';
export const JOBS = 'jobs-token-0123456789';
const TOKENS = [
  { name: 'admin', token: ADMIN, scopes: ['admin'] },
  { name: 'shop', token: SHOP, scopes: ['read'], namespaces: ['shop'] },
  { name: 'jobs', token: JOBS, scopes: ['read'], namespaces: ['jobs'] },
];

export function as(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/**
 * Starts a server that has these lines.
 * @param mixed  in several batches, also those of one request
 * @param last  in one batch after them
 */
export async function startWithLines(
  folder: string,
  indexedFields: readonly string[],
  mixed: readonly Said[],
  last: readonly Said[],
): Promise<Server> {
  const tokensFile = join(folder, 'tokens.yaml');
  await writeFile(tokensFile, JSON.stringify(TOKENS));
  const server = await startQuietServer(join(folder, 'data'), { access: { tokensFile }, indexedFields });
  for (const some of [...Map.groupBy(mixed, (_, n) => n % 3).values(), last]) {
    const request = { method: 'POST', headers: as(ADMIN), body: batchOfSaid(some) };
    const response = await fetch(`${server.url}/agent/batch`, request);
    expect(response.status, await response.text()).toBe(200);
  }
  return server;
}
