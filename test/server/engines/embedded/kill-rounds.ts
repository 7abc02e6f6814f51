/**
 * kill -9 of a real process at random points, again and again in the same folder: no line lost, none doubled. Ten rounds
 * in the tests, a hundred in `npm run soak:kill`.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { Positions } from '../../../../server/ingest/positions.ts';
import { realDisk } from '../../../../server/engines/embedded/platform/disk.ts';
import { flush } from '../../../../server/engines/embedded/core/flush.ts';
import { Store } from '../../../../server/engines/embedded/core/store.ts';
import { Metrics } from '../../../../shared/metrics.ts';
import { linesAsRead, numberedLines, readLines } from './batches.ts';

const FILES = ['a', 'b', 'c', 'd'];
const BATCHES_MAX = 300;
const script = fileURLToPath(new URL('./kill-server.ts', import.meta.url));

/** @param onRound  told how many batches a round acknowledged, and how many lines there are now */
export async function killAgainAndAgain(
  dataDir: string,
  rounds: number,
  onRound: (batches: number, lines: number) => void = () => {},
): Promise<void> {
  const acknowledged = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    const batches = 1 + Math.floor(Math.random() * BATCHES_MAX);
    await runAndKill(dataDir, batches, acknowledged);
    onRound(batches, await checkLines(dataDir, acknowledged));
  }
}

/** Kills the child after so many acknowledged batches. Adds what was acknowledged to `acknowledged`. */
async function runAndKill(dataDir: string, batches: number, acknowledged: Map<string, number>): Promise<void> {
  const child: ChildProcess = spawn(process.execPath, [script, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  let count = 0;
  for await (const line of createInterface({ input: child.stdout! })) {
    const [file, to] = line.split(' ');
    acknowledged.set(file!, Number(to));
    if (++count === batches) child.kill('SIGKILL');
  }
  assert.deepEqual(await exit, [null, 'SIGKILL']);
}

/** @returns how many lines there are */
async function checkLines(dataDir: string, acknowledged: ReadonlyMap<string, number>): Promise<number> {
  const positions = new Positions(Date.now);
  const store = await Store.open({
    dataDir,
    indexedFields: [],
    state: positions,
    flush: (input) => flush(realDisk, input),
    now: Date.now,
    log: pino({ level: 'silent' }),
    metrics: new Metrics(),
  });
  for (const file of FILES) assert.ok(positions.known('node-1', file).stdout >= (acknowledged.get(file) ?? 0), file);
  const snapshot = store.snapshot();
  const want = FILES.flatMap((file) => numberedLines(file, 0, positions.known('node-1', file).stdout));
  assert.deepEqual(readLines(snapshot.rowGroups), linesAsRead(want));
  assert.equal(store.stats().quarantinedCount, 0);
  snapshot.release();
  await store.close();
  return want.length;
}
