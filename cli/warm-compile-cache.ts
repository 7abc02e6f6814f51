/**
 * Fills the compile cache that podlog.js reads, for an image whose file system is read-only later: runs a server and
 * an agent until a line has gone through a worker thread, so that each has loaded all its modules.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ADDRESS = '127.0.0.1:3199';
/** Has no listener; the modules for a cluster are loaded all the same. */
const UNREACHABLE_API = 'http://127.0.0.1:9';
const TRIES_MAX = 100;

const folder = mkdtempSync(join(tmpdir(), 'podlog-warm-'));
const children = [
  start('server', '--data-dir', join(folder, 'data'), '--listen', ADDRESS, '--kubernetes', UNREACHABLE_API),
  start('agent', '--pods-dir', folder, '--server', `http://${ADDRESS}`),
];
try {
  for (let tries = 1; !(await tryToPush()); tries++) {
    if (tries === TRIES_MAX) throw new Error(`no server on ${ADDRESS} after ${tries} tries`);
    await sleep(100);
  }
} finally {
  // The agent first: without a server it would wait for one.
  for (const child of children.toReversed()) {
    child.kill();
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true });
}

function start(...args: string[]): ReturnType<typeof spawn> {
  const command = fileURLToPath(new URL('podlog.js', import.meta.url));
  return spawn(process.execPath, [command, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}

async function tryToPush(): Promise<boolean> {
  try {
    const { ok } = await fetch(`http://${ADDRESS}/ingest?app=warm`, { method: 'POST', body: '{"level":"info"}\n' });
    return ok;
  } catch {
    return false;
  }
}
