/** kill -9 of a real process at random points, again and again in the same folder: no line lost, none doubled. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Positions } from '../../../server/ingest/positions.ts';
import { linesAsRead, numberedLines } from './batches.ts';
import { closeStore, linesOf, newFolder, openStore } from './open-store.ts';

const ROUNDS = 8;
const script = fileURLToPath(new URL('./kill-server.ts', import.meta.url));

/** Kills the child after so many acknowledged batches. Adds what was acknowledged to `acknowledged`. */
async function runAndKill(dataDir: string, batchCount: number, acknowledged: Map<string, number>): Promise<void> {
  const child: ChildProcess = spawn(process.execPath, [script, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  let count = 0;
  for await (const line of createInterface({ input: child.stdout! })) {
    const [file, to] = line.split(' ');
    acknowledged.set(file!, Number(to));
    if (++count === batchCount) child.kill('SIGKILL');
  }
  expect(await exit).toEqual([null, 'SIGKILL']);
}

test('killed at random points', { timeout: 60_000 }, async () => {
  const dataDir = join(await newFolder(), 'data');
  const acknowledged = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round++) {
    const batchCount = 1 + Math.floor(Math.random() * 300);
    await runAndKill(dataDir, batchCount, acknowledged);
    const positions = new Positions(Date.now);
    const open = await openStore({ dataDir, state: positions });
    const files = ['a', 'b', 'c', 'd'];
    for (const file of files) {
      expect(positions.known(file).stdout).toBeGreaterThanOrEqual(acknowledged.get(file) ?? 0);
    }
    const want = files.flatMap((file) => numberedLines(file, 0, positions.known(file).stdout));
    expect(linesOf(open.store), `killed after ${batchCount} batches`).toEqual(linesAsRead(want));
    expect(open.store.stats().quarantinedCount).toBe(0);
    await closeStore(open);
  }
});
