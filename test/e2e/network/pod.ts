/**
 * What a pod of the lab is: a process in a network namespace of its own that answers at the ports of the table, and does what
 * lab.ts asks of it.
 */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { ALLOWED, REFUSED } from '../../manifests/connections.ts';
import type { PolicyPort } from '../../manifests/manifests.ts';

/** What is dropped is never answered. */
const ANSWER_MS_MAX = 1_000;

export type Request =
  /** Sets up the network from inside. */
  { readonly kind: 'ip'; readonly commands: readonly string[] } | ({ readonly kind: 'connect' } & Target);

interface Target extends PolicyPort {
  readonly address: string;
}

/** The first answer, without a request, says that it listens. */
export interface Answer {
  readonly id: number;
  /** Of `connect`: something answered. */
  readonly isThrough: boolean;
}

const ports = new Set([...ALLOWED, ...REFUSED].map(([, , port]) => port));
const tcp = [...ports].map((port) => createServer((socket) => socket.end()).listen(port, '0.0.0.0'));
const udp = createSocket('udp4').bind(53, '0.0.0.0');
udp.on('message', (message, { address, port }) => udp.send(message, port, address));
await Promise.all([...tcp, udp].map((listener) => once(listener, 'listening')));

process.on('message', ({ id, request }: { readonly id: number; readonly request: Request }) => {
  void carryOut(request).then((isThrough) => process.send!({ id, isThrough } satisfies Answer));
});
process.send!({ id: 0, isThrough: true } satisfies Answer);

async function carryOut(request: Request): Promise<boolean> {
  if (request.kind === 'ip') {
    for (const command of request.commands) execFileSync('ip', command.split(' '));
    return true;
  }
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  const answered = request.protocol === 'TCP' ? connectsTo(request, signal) : echoes(request, signal);
  return answered.then(
    () => true,
    () => false,
  );
}

async function connectsTo({ address, port }: Target, signal: AbortSignal): Promise<void> {
  const socket = connect(port, address);
  try {
    await once(socket, 'connect', { signal });
  } finally {
    socket.destroy();
  }
}

async function echoes({ address, port }: Target, signal: AbortSignal): Promise<void> {
  const socket = createSocket('udp4');
  try {
    socket.send('?', port, address);
    await once(socket, 'message', { signal });
  } finally {
    socket.close();
  }
}
