/**
 * `npm run soak:agent -- --minutes 30`: server and agent as users run them, pods that come and go, rotations with gzip every few
 * seconds, and kill -9 for both again and again; now and then the agent may drain. At the end each numbered line of each container
 * is stored once, or a marker stands where it is missing, and no marker stands where nothing is. Exits with 1 when that is not so.
 */
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Random } from '../corpus/random.ts';
import { endPodlog, queryLogs, serverReady, startPodlog, type PodlogProcess } from '../e2e/podlog.ts';
import { until } from '../e2e/until.ts';
import { freePort } from '../free-port.ts';
import { FakePod } from './fake-pod.ts';
import { countLines, type Count, type Written } from './soak-count.ts';

const TICK_MS = 50;
const PODS_MAX = 12;
/** So many stay to the end. */
const STEADY_PODS = 4;
/** An answer of `/logs` has no more than 100,000 lines. */
const POD_LINES_MAX = 90_000;
/** Longer than an agent waits before it says that a file went while none ran. */
const SETTLE_MS = 90_000;
/** On a machine that is busy with much else. */
const START_MS_MAX = 300_000;
const COUNT_MS_MAX = 600_000;
const REPORT_MS = 15_000;
/** Time in which an agent that has a server tells it what has become of a file. */
const SAYING_MS = 5_000;
/** As the kubelet lets directories outlive the files in them, but sooner. */
const DIRECTORY_KEPT_MS_MAX = 10_000;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, seed: { type: 'string', default: String(Date.now() % 1e6) } },
});
const random = new Random(Number(values.seed));
const endMs = Date.now() + Number(values.minutes) * 60_000;
const root = mkdtempSync(join(tmpdir(), 'podlog-soak-'));
const podsDir = join(root, 'pods');
const port = await freePort();
const pods: FakePod[] = [];
const all: FakePod[] = [];
/** Pods whose files are gone, and when their directories are to follow. */
const emptied = new Map<FakePod, number>();
/** When no agent ran: from when one was killed until the next was started. */
const absences: { readonly sinceMs: number; untilMs: number }[] = [];
/** When no server answered: from when one was killed until the next was ready. */
const outages: { readonly sinceMs: number; untilMs: number }[] = [];
const memory = { largest: 0, last: 0 };
let rotations = 0;
let agent: PodlogProcess | undefined;
let server: PodlogProcess | undefined;

/** What happened when, for whoever looks for the cause of a loss: a JSON object a line, beside the pods and the data. */
const timeline = join(root, 'timeline.ndjson');

mkdirSync(podsDir);
say(`seed ${values.seed}, ${values.minutes} minutes, in ${root}`);
try {
  await startServer();
  startAgent();
  await Promise.all([livePods(), killAgents(), killServers(), watchMemory()]);
  const counts = await settleAndCount();
  process.exitCode = report(counts) ? 0 : 1;
} finally {
  for (const each of [agent, server]) if (each !== undefined) await endPodlog(each, 'SIGKILL');
  if (process.exitCode === 0) rmSync(root, { recursive: true });
}

async function startServer(): Promise<void> {
  const listen = `127.0.0.1:${port}`;
  server = startPodlog(['server', '--data-dir', join(root, 'data'), '--listen', listen, '--log-level', 'warn']);
  record('server started', server);
  await serverReady(server, port, START_MS_MAX);
  record('server ready', server);
}

function startAgent(): void {
  const flags = ['--pods-dir', podsDir, '--server', `http://127.0.0.1:${port}`, '--node', 'soak'];
  agent = startPodlog(['agent', ...flags, '--log-level', 'warn']);
  record('agent started', agent);
}

async function livePods(): Promise<void> {
  while (Date.now() < endMs) {
    for (const pod of pods) {
      const rate = pods.indexOf(pod) < STEADY_PODS ? 5 : 20;
      if (pod.lineBytes.length < POD_LINES_MAX) pod.write(random.below(rate));
      // About every four seconds.
      if (pod.mayRotate && random.below(1_000 / TICK_MS) === 0) {
        record('rotated', undefined, { pod: pod.container, nextLine: pod.lineBytes.length, deletedTo: pod.rotate() });
        rotations++;
      }
    }
    if (pods.length < PODS_MAX && random.below(10) === 0 && agent !== undefined) addPod();
    const last = pods.at(-1);
    if (last !== undefined && pods.length > STEADY_PODS && random.below(30) === 0 && (await isKnown(last))) {
      pods.pop();
      last.removeFiles();
      record('files removed', undefined, { pod: last.container, lines: last.lineBytes.length });
      emptied.set(last, Date.now() + random.below(DIRECTORY_KEPT_MS_MAX));
    }
    removeDirectories(Date.now());
    await sleep(TICK_MS);
  }
  for (const pod of pods) pod.end();
  removeDirectories(Infinity);
}

function removeDirectories(nowMs: number): void {
  for (const [pod, dueMs] of emptied) {
    if (dueMs > nowMs) continue;
    pod.removeDirectory();
    emptied.delete(pod);
  }
}

function addPod(): void {
  const pod = new FakePod(podsDir, all.length);
  pods.push(pod);
  all.push(pod);
}

/** Of a pod that goes before the server has a line of it, and whose agent is killed, nothing on the node knows. */
async function isKnown({ container }: FakePod): Promise<boolean> {
  try {
    return (await queryLogs(port, { container, since: '24h', limit: '1' })).length > 0;
  } catch {
    return false; // the server is down
  }
}

async function killAgents(): Promise<void> {
  while (await isTimeFor(random.below(12_000))) {
    const killed = agent!;
    await endPodlog(killed, random.below(4) === 0 ? 'SIGTERM' : 'SIGKILL');
    record('agent ended', killed, { said: killed.stdout + killed.stderr });
    agent = undefined;
    const absence = { sinceMs: Date.now(), untilMs: Infinity };
    absences.push(absence);
    // Seldom so long that the kubelet deletes what was not read.
    await sleep(random.below(12) === 0 ? 15_000 : random.below(2_000));
    absence.untilMs = Date.now();
    startAgent();
  }
}

async function killServers(): Promise<void> {
  while (await isTimeFor(random.below(20_000))) {
    const killed = server!;
    await endPodlog(killed, 'SIGKILL');
    record('server ended', killed, { said: killed.stdout + killed.stderr });
    const outage = { sinceMs: Date.now(), untilMs: Infinity };
    outages.push(outage);
    await sleep(random.below(5_000));
    await startServer();
    outage.untilMs = Date.now();
  }
}

async function isTimeFor(pauseMs: number): Promise<boolean> {
  await sleep(Math.min(pauseMs, Math.max(0, endMs - Date.now())));
  return Date.now() < endMs;
}

async function watchMemory(): Promise<void> {
  while (await isTimeFor(REPORT_MS)) {
    const pid = agent?.child.pid;
    if (pid === undefined) continue;
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    memory.last = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 976.5625;
    memory.largest = Math.max(memory.largest, memory.last);
    const lines = all.reduce((sum, { lineBytes }) => sum + lineBytes.length, 0);
    const counts = `${lines} lines, ${all.length} pods, ${rotations} rotations`;
    say(`${counts}, agent ${memory.last.toFixed(0)} MB, ended: agent ${absences.length}, server ${outages.length}`);
  }
}

/** Both stay up now. Waits until every line is accounted for, or everything has been said that ever will be. */
async function settleAndCount(): Promise<Count[]> {
  say('counting');
  const settledMs = Date.now() + SETTLE_MS;
  let counts: Count[] = [];
  await until('every line to be accounted for', SETTLE_MS + COUNT_MS_MAX, async () => {
    const begunMs = Date.now();
    counts = [];
    for (const pod of all) counts.push(await count(pod));
    // What was counted before may have changed since: counting takes a minute on a busy machine.
    return begunMs > settledMs || counts.every(({ isExact, missing }) => isExact && missing === 0);
  });
  return counts;
}

async function count(pod: FakePod): Promise<Count> {
  const rows = await queryLogs(port, { container: pod.container, since: '24h', order: 'oldest', limit: '100000' });
  const lines = rows.map(({ line }) => line);
  const { container, lineBytes } = pod;
  const isUnknowable = (line: number): boolean => isUnseenEnd(pod, line);
  return countLines({ container, lineBytes, lossesMax: lossesOf(pod), isUnknowable }, lines);
}

/**
 * Whether a line ended a file that was deleted later, and no agent ran for some time between, or none could say before it ended that
 * nothing had followed: the next one cannot know that.
 */
function isUnseenEnd(pod: FakePod, line: number): boolean {
  const time = pod.timeAsLast(line);
  return time !== undefined && (absencesIn(time).length > 0 || !couldSay(time.untilMs));
}

/** Whether the agent that ran at this time had a server for long enough to say what it had seen. */
function couldSay(timeMs: number): boolean {
  const agentEndMs = absences.find(({ sinceMs }) => sinceMs >= timeMs)?.sinceMs ?? Infinity;
  let upMs = timeMs;
  for (const { sinceMs, untilMs } of outages) {
    if (sinceMs > agentEndMs || sinceMs - upMs >= SAYING_MS) break;
    upMs = Math.max(upMs, untilMs);
  }
  return agentEndMs - upMs >= SAYING_MS;
}

/**
 * Each agent that comes after an absence in which files were deleted marks those: where it is killed before it has stored more of the
 * container, and the next files are deleted, too, the markers follow on one another. An agent may also have held the last of the
 * files open when they were deleted, and have been killed before it had read them.
 */
function lossesOf(pod: FakePod): Written['lossesMax'] {
  return (first, end) => {
    const time = pod.timeOf(first, end);
    const last = { sinceMs: time.untilMs, untilMs: time.untilMs };
    const endedWithIt = absencesIn(last).length === 0 && absences.some(({ sinceMs }) => sinceMs > time.untilMs);
    // An agent that is held up loses what comes and goes meanwhile, too.
    return Math.max(1, absencesIn(time).length + Number(endedWithIt));
  };
}

function absencesIn(time: { readonly sinceMs: number; readonly untilMs: number }) {
  return absences.filter(({ sinceMs, untilMs }) => untilMs >= time.sinceMs && sinceMs <= time.untilMs);
}

function report(counts: readonly Count[]): boolean {
  const sum = (of: (count: Count) => number): number => counts.reduce((total, each) => total + of(each), 0);
  for (const each of counts) if (!each.isExact || each.missing > 0) say(JSON.stringify(each));
  say(`${sum(({ written }) => written)} lines of ${counts.length} containers, ${rotations} rotations`);
  say(`ended: agent ${absences.length} times, server ${outages.length} times`);
  say(`doubled ${sum(({ doubled }) => doubled)}, missing ${sum(({ missing }) => missing)}`);
  const [gaps, silent] = [sum((each) => each.gaps), sum((each) => each.silent)];
  say(`gaps ${gaps}, of these without a marker ${silent}; false markers ${sum((each) => each.falseMarkers.length)}`);
  say(`markers of files that went while no agent ran, and had no more: ${sum((each) => each.unknowable)}`);
  say(`agent's memory: largest ${memory.largest.toFixed(0)} MB, last ${memory.last.toFixed(0)} MB`);
  const wrong = counts.filter(({ isExact }) => !isExact);
  say(wrong.length === 0 ? 'exact' : `${wrong.length} containers are wrong; everything is kept in ${root}`);
  return wrong.length === 0;
}

function record(what: string, podlog?: PodlogProcess, details: object = {}): void {
  const event = { time: new Date().toISOString(), what, pid: podlog?.child.pid, ...details };
  appendFileSync(timeline, `${JSON.stringify(event)}\n`);
}

function say(text: string): void {
  process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}
