/** Clients that want everything at once. */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, TOKENS } from '../caller.ts';
import { repeated, summary, type Target } from './attack.ts';

const QUERIES = [
  '/logs?limit=100000&format=json',
  '/logs?limit=100000&format=csv',
  '/logs?q=nothing-has-this&limit=1000',
  `/logs?${Array.from({ length: 100 }, (_, i) => `message=*${i}*x*${i}*`).join('&')}`,
  '/aggregate?by=id&by=t&limit=10000',
  '/aggregate?by=f1&by=f2&by=f3&by=f4',
  '/histogram?by=id&step=1s&since=30m',
  `/fields?${Array.from({ length: 90 }, (_, i) => `name=f${i}`).join('&')}`,
  '/fields',
  '/labels',
  '/logs?per=stream&limit=1',
  '/loki/api/v1/series',
  '/loki/api/v1/query_range?query=count_over_time({app=~".+"}[1m])',
  '/loki/api/v1/index/volume?query={app=~".+"}',
];
const TIMES = 8;
const AT_ONCE = 40;
const TAILS = 400;
const TAILS_MS = 10_000;

export async function greedy({ url, progress }: Target): Promise<void> {
  const answers = await repeated(QUERIES.length * TIMES, AT_ONCE, (n) =>
    call(url + QUERIES[n % QUERIES.length]!, { as: 'read' }),
  );
  progress(`  ${answers.length} heavy queries, ${AT_ONCE} at once: ${summary(answers)}`);
  await tails(url, progress);
}

async function tails(url: string, progress: Target['progress']): Promise<void> {
  const counts = { open: 0, refused: 0, bytes: 0 };
  const stop = new AbortController();
  for (let i = 0; i < TAILS; i++) {
    const headers = { authorization: `Bearer ${TOKENS.read}` };
    const tail = request(`${url}/logs?follow=true&n=*${i % 10}`, { agent: false, headers, signal: stop.signal });
    tail.on('error', () => {});
    tail.on('response', (response) => {
      if (response.statusCode === 200) counts.open++;
      else counts.refused++;
      response.on('error', () => {}).on('data', (chunk: Buffer) => (counts.bytes += chunk.length));
    });
    tail.end();
  }
  await sleep(TAILS_MS);
  stop.abort();
  progress(`  ${TAILS} live tails: ${counts.open} open, ${counts.refused} refused, ${counts.bytes} bytes`);
}
