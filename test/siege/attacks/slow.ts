/** Clients that take their time: bodies that do not come, answers that are not read. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { TOKENS } from '../caller.ts';
import type { Target } from './attack.ts';

const EACH = 40;
const HELD_MS = 30_000;
const DRIP_MS = 1000;

export async function slow({ url, progress }: Target): Promise<void> {
  const { hostname, port, host } = new URL(url);
  const sockets: Socket[] = [];
  const open = (head: readonly string[], body = ''): Socket => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.write(`${[...head, `host: ${host}`].join('\r\n')}\r\n\r\n${body}`);
    sockets.push(socket);
    return socket;
  };
  const bearer = (as: keyof typeof TOKENS): string => `authorization: Bearer ${TOKENS[as]}`;
  const drips: Socket[] = [];
  for (let i = 0; i < EACH; i++) {
    // Large bodies of which a byte comes: of strangers, and of those who may push.
    open(['POST /nope HTTP/1.1', 'content-length: 16777216'], 'x');
    open(['POST /ingest HTTP/1.1', 'content-length: 16777216'], 'x');
    drips.push(open(['POST /ingest?app=slow HTTP/1.1', bearer('ingest'), 'content-length: 16777216'], 'x'));
    // Bodies where none belongs.
    open(['GET /logs?follow=true HTTP/1.1', bearer('read'), 'transfer-encoding: chunked']);
    open(['GET /logs HTTP/1.1', bearer('read'), 'content-length: 1000000'], 'x');
    // A head that never ends.
    drips.push(connect(Number(port), hostname).on('error', () => {}));
    drips.at(-1)!.write('GET /healthz HTTP/1.1\r\nx: ');
    // Answers that are not read.
    open(['GET /logs?limit=100000 HTTP/1.1', bearer('read')]).pause();
  }
  sockets.push(...drips);
  for (const endMs = performance.now() + HELD_MS; performance.now() < endMs; await sleep(DRIP_MS)) {
    for (const socket of drips) if (!socket.destroyed) socket.write('x');
  }
  progress(
    `  ${sockets.filter((socket) => !socket.destroyed).length} of ${sockets.length} slow connections still open`,
  );
  for (const socket of sockets) socket.destroy();
}
