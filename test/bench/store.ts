/**
 * The server from batches to answers: intake with flushes and compaction beside it, kill -9 in the midst of it, what is
 * on disk afterwards, queries to a server that has just started. The same for two million lines and for a hundred.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ANSWER_ROWS_HELD_MAX, HOUSEKEEPING_MS, LIMIT_MAX } from '../../server/limits.ts';
import { type Bench, Child, folderBytes, waitFor } from './harness.ts';
import { watchServer } from './watch.ts';
import { fetchAway, fetchStats, type ServerProcess, startServerProcess } from './podlog.ts';
import { benchQueries } from './queries.ts';
import { type Sending, sendSpools } from './send.ts';
import { type Spooled, spoolBatches } from './spool.ts';
import { TARGETS } from './targets.ts';

/** Of log time: 2 M lines are an hour, 100 M are two days and more. */
const LINES_PER_SECOND = 500;
/** What is sent before the server is killed: the rest is so much that it is in the midst of it. */
const SHARE_BEFORE_KILL = 0.97;
/** A server that takes less than this share of a core for so long has nothing left to do: it looks for work in between. */
const IDLE_CORE_SHARE = 0.05;
const IDLE_MS = 2 * HOUSEKEEPING_MS + 1_000;
const SETTLE_MS_MAX = 3_600_000;
/** As many as the server answers at once. */
const LONG_ANSWERS = ANSWER_ROWS_HELD_MAX / LIMIT_MAX;

export async function benchStore(bench: Bench): Promise<void> {
  const { dir, lineCount, isLarge, progress, report } = bench;
  const [dataDir, spoolDir] = [join(dir, 'data'), join(dir, 'spool')];
  mkdirSync(spoolDir);
  const endMs = Date.now();
  const startMs = endMs - (lineCount / LINES_PER_SECOND) * 1000;
  progress(`store: encoding the batches of ${lineCount} lines`);
  const spooled = await spoolBatches(bench, spoolDir, startMs, LINES_PER_SECOND);

  const peaks: number[] = [];
  const first = await startServerProcess(dataDir);
  const sending: Sending = { acknowledgedRows: 0, waits: 0, stopped: false };
  await benchIntake(bench, first, spooled, sending);
  const second = await benchKill(bench, first, dataDir, spooled, sending);
  peaks.push(first.child.peakMegabytes(), second.child.peakMegabytes());
  await second.child.stop();
  const flusher = new Child(['test/bench/flush-all.ts', dataDir]);
  await waitFor(async () => !flusher.running, { what: 'the rest of the WAL is flushed', msMax: SETTLE_MS_MAX });
  if (!flusher.succeeded) throw new Error(`the rest of the WAL was not flushed:\n${flusher.output}`);
  const sizeBytes = folderBytes(dataDir);
  report({ name: 'store: size', value: sizeBytes / lineCount, unit: 'bytes/line', target: TARGETS.diskBytesPerLine });

  const reader = await startServerProcess(dataDir);
  report({ name: 'store: start', value: reader.startMs, unit: 'ms' });
  const { requestIds } = spooled;
  await benchQueries(bench, reader, { startMs: startMs - 60_000, endMs: endMs + 60_000, requestIds });
  peaks.push(reader.child.peakMegabytes());
  progress(`query: ${LONG_ANSWERS} long answers at once`);
  const longest = `${reader.url}/logs?since=${new Date(startMs).toISOString()}&limit=${LIMIT_MAX}`;
  await Promise.all(Array.from({ length: LONG_ANSWERS }, () => fetchAway(longest)));
  peaks.push(reader.child.peakMegabytes());
  // Of a hundred million, a quarter of an hour; and each line costs what it costs here.
  if (!isLarge) {
    await benchAll(bench, reader, startMs);
    peaks.push(reader.child.peakMegabytes());
  }
  await reader.child.stop();
  for (const spool of spooled.spools) spool.close();
  const { serverMegabytesPeak, serverMegabytesPeakLarge } = TARGETS;
  const target = isLarge ? serverMegabytesPeakLarge : serverMegabytesPeak;
  const phases = ['intake', 'after the kill', 'queries', `${LONG_ANSWERS} long answers`, 'all lines'];
  for (const [index, value] of peaks.entries()) {
    report({ name: `server, ${phases[index]}: peak memory`, value, unit: 'MB', target });
  }
}

/** Every line, in order, as a client takes it: as it was written, and as an object with its fields and its cursor. */
async function benchAll(
  { lineCount, progress, report }: Bench,
  { url, child }: ServerProcess,
  startMs: number,
): Promise<void> {
  const forms = [
    { name: 'all lines', format: 'raw', target: TARGETS.allLinesPerSecond },
    { name: 'all lines as NDJSON', format: 'ndjson', target: undefined },
  ];
  for (const { name, format, target } of forms) {
    progress(`query: ${name}`);
    const cpuBefore = child.cpuSeconds();
    const beganMs = performance.now();
    await fetchAway(`${url}/logs?since=${new Date(startMs).toISOString()}&order=oldest&limit=all&format=${format}`);
    const seconds = (performance.now() - beganMs) / 1e3;
    report({ name: `query, ${name}: a second`, value: lineCount / seconds, unit: 'lines', target });
    const perMillion = ((child.cpuSeconds() - cpuBefore) * 1000) / (lineCount / 1e6);
    report({ name: `query, ${name}: CPU a million lines`, value: perMillion, unit: 'ms' });
  }
}

/** Acknowledged lines a second, and what they cost until the last flush and compaction is done. */
async function benchIntake(
  { lineCount, isLarge, progress, report }: Bench,
  { url, child }: ServerProcess,
  { spools }: Spooled,
  sending: Sending,
): Promise<void> {
  progress(`store: sending, on ${spools.length} connections`);
  const watch = watchServer(url, child, sending, progress);
  const cpuBefore = child.cpuSeconds();
  const startMs = performance.now();
  const untilRows = lineCount * SHARE_BEFORE_KILL;
  const stopper = setInterval(() => (sending.stopped = sending.acknowledgedRows >= untilRows), 1);
  await sendSpools(spools, url, sending);
  clearInterval(stopper);
  const sentSeconds = (performance.now() - startMs) / 1e3;
  const rows = sending.acknowledgedRows;
  report({
    name: 'server, batches: acknowledged a second',
    value: rows / sentSeconds,
    unit: 'lines',
    target: TARGETS.serverLinesPerSecond,
  });
  report({ name: 'server, batches: answers "wait"', value: sending.waits, unit: '' });

  await waitUntilIdle(url, child);
  const settledSeconds = Math.max(sentSeconds, (performance.now() - startMs - IDLE_MS) / 1e3);
  const most = watch.stop();
  report({
    name: 'server, batches: a CPU-second, compaction included',
    value: rows / (child.cpuSeconds() - cpuBefore),
    unit: 'lines',
  });
  report({
    name: 'server, batches: compacted a second',
    value: rows / settledSeconds,
    unit: 'lines',
    // Of few lines, most of that time is the pause before the server looks for work.
    target: isLarge ? TARGETS.serverLinesPerSecond : undefined,
  });
  report({ name: 'server, batches: most WAL files', value: most.walFiles, unit: '' });
  report({ name: 'server, batches: most segments', value: most.segments, unit: '' });
  report({ name: 'store: segments when compacted', value: (await fetchStats(url)).segments, unit: '' });
}

/** Kills the server while it takes batches, starts another, sends the rest, and counts. Gives back the other. */
async function benchKill(
  { lineCount, progress, report }: Bench,
  { url, child }: ServerProcess,
  dataDir: string,
  { spools }: Spooled,
  sending: Sending,
): Promise<ServerProcess> {
  progress('store: kill -9 while batches come in');
  const half = (sending.acknowledgedRows + lineCount) / 2;
  sending.stopped = false;
  const sent = sendSpools(spools, url, sending);
  await waitFor(async () => sending.acknowledgedRows >= half, { what: 'half of the rest is sent', child, pauseMs: 1 });
  sending.stopped = true;
  await child.kill();
  await sent;
  const walBytes = folderBytes(join(dataDir, 'wal'));
  const server = await startServerProcess(dataDir);
  report({ name: 'store: WAL when killed', value: walBytes / 1e6, unit: 'MB' });
  report({ name: 'store: start after kill -9', value: server.startMs, unit: 'ms', target: TARGETS.startAfterKillMs });
  sending.stopped = false;
  await sendSpools(spools, server.url, sending);
  await waitUntilIdle(server.url, server.child);
  const { rows } = await fetchStats(server.url);
  const value = Math.abs(rows - lineCount);
  report({ name: 'store: lines lost or doubled', value, unit: '', target: TARGETS.linesLostOrDoubled });
  return server;
}

/** Waits until all but the newest WAL file are flushed, and nothing is compacted any more. */
export async function waitUntilIdle(url: string, child: Child): Promise<void> {
  const spent: { atMs: number; cpuSeconds: number }[] = [];
  const isIdle = async (): Promise<boolean> => {
    const { walFiles } = await fetchStats(url);
    const now = { atMs: performance.now(), cpuSeconds: child.cpuSeconds() };
    spent.push(now);
    while (spent.length > 1 && now.atMs - spent[1]!.atMs >= IDLE_MS) spent.shift();
    const wallMs = now.atMs - spent[0]!.atMs;
    const cpuMs = (now.cpuSeconds - spent[0]!.cpuSeconds) * 1000;
    return walFiles <= 1 && wallMs >= IDLE_MS && cpuMs < wallMs * IDLE_CORE_SHARE;
  };
  await waitFor(isIdle, { what: 'flushes and compaction are done', child, msMax: SETTLE_MS_MAX, pauseMs: 200 });
}
