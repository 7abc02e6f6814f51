/** Much of everything that is kept: labels, streams, keys, positions, connections, and requests that lead nowhere. */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { batchOf, range } from '../../server/engines/embedded/batches.ts';
import { call, NODE } from '../caller.ts';
import { type Pushed, repeated, summary, type Target } from './attack.ts';

const PUSHES = 20_000;
const AT_ONCE = 16;
const POSITIONS_BATCHES = 40;
const FILES_A_BATCH = 2000;
const CONNECTIONS = 3000;
const CONNECTIONS_MS = 10_000;
const STRAY_REQUESTS = 3000;

export async function floods(target: Target): Promise<Pushed> {
  const pushed = await labels(target);
  await positions(target);
  await connections(target);
  await strays(target);
  return pushed;
}

/** A line each, under eight labels of 900 bytes that no other has. */
async function labels({ url, progress }: Target): Promise<Pushed> {
  const answers = await repeated(PUSHES, AT_ONCE, (n) => {
    const long = Array.from({ length: 8 }, (_, i) => `l${i}=${`${n}-${i}-`.padEnd(900, 'v')}`);
    const headers = { 'content-type': 'text/plain', 'idempotency-key': `flood-${n}` };
    return call(`${url}/ingest?app=flood-labels&${long.join('&')}`, {
      method: 'POST',
      as: 'ingest',
      headers,
      body: 'x\n',
    });
  });
  progress(`  labels: ${summary(answers)}`);
  const acknowledged = answers.filter(({ status }) => status === 200).length;
  return new Map([['flood-labels', { acknowledged, sent: PUSHES }]]);
}

/** Files that no pod has. */
async function positions({ url, progress }: Target): Promise<void> {
  const answers = await repeated(POSITIONS_BATCHES, 4, (n) => {
    const files = Array.from({ length: FILES_A_BATCH }, (_, i) =>
      range(`flood-${n}-${i}/c/0@2026-01-01T00:00:00Z`, 0, 1),
    );
    return call(`${url}/agent/batch`, { method: 'POST', as: 'agent', body: batchOf({ node: NODE, files }) });
  });
  progress(`  positions: ${summary(answers)}`);
}

/** Held open without a word. */
async function connections({ url, progress }: Target): Promise<void> {
  const { hostname, port } = new URL(url);
  const open: Socket[] = [];
  await repeated(CONNECTIONS, 100, async () => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    open.push(socket);
    await Promise.race([once(socket, 'connect'), once(socket, 'close'), sleep(2000)]).catch(() => {});
  });
  await sleep(CONNECTIONS_MS);
  progress(`  connections: ${open.filter((socket) => !socket.destroyed).length} of ${CONNECTIONS} still open`);
  for (const socket of open) socket.destroy();
}

/** Without a token, or to nowhere. */
async function strays({ url, progress }: Target): Promise<void> {
  const paths = ['/nope', '/logs', '/ingest', '/agent/batch', '/../etc/passwd', '/%00', `/${'a'.repeat(4000)}`];
  const answers = await repeated(STRAY_REQUESTS, 50, (n) =>
    call(url + paths[n % paths.length]!, {
      method: n % 2 === 0 ? 'GET' : 'POST',
      ...(n % 2 === 1 && { body: 'x'.repeat(1000) }),
    }),
  );
  progress(`  strays: ${summary(answers)}`);
}
