/** `npm run soak:kill [-- rounds]`: kill -9 a hundred times, with exact counts after each. Exits with 1 at the first wrong one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killAgainAndAgain } from './kill-rounds.ts';

const rounds = Number(process.argv[2] ?? 100);
const folder = await mkdtemp(join(tmpdir(), 'podlog-kill-'));
let round = 0;
await killAgainAndAgain(join(folder, 'data'), rounds, (batches, lines) => {
  process.stdout.write(`${++round} of ${rounds}: killed after ${batches} batches, ${lines} lines, all there once\n`);
});
await rm(folder, { recursive: true });
