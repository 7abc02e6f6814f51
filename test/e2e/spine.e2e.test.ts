/**
 * The promise of podlog, tested whole: real containers under a real containerd log through rotation, deletion and
 * restarts, while agent and server are killed again and again; afterwards `/logs` holds what the containers wrote, each
 * line once, in order.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from 'vitest';
import { freePort } from '../free-port.ts';
import { containerdUnavailable, startContainerd, type Containerd } from './containerd.ts';
import { BUSYBOX_IMAGE } from './images.ts';
import { containerStatus, removePod, restartContainer, rotateLog, runPod, type Pod, type PodSpec } from './pods.ts';
import {
  endPodlog,
  followLogs,
  hasEnded,
  queryLogs,
  serverReady,
  startPodlog,
  type LogRow,
  type PodlogProcess,
} from './podlog.ts';
import { until } from './until.ts';
import {
  LINES_A_ROUND,
  openRound,
  requestIdOf,
  userIdOf,
  workload,
  workloadLines,
  type WrittenLine,
} from './workload.ts';

const unavailable = containerdUnavailable();
const NAMESPACE = 'shop';
const NODE = 'node-1';
/** The most that `/logs` takes, and more than all pods write together. */
const NO_LIMIT = '100000';

/** Rounds that each pod writes, from 0. gamma is the one that is deleted, beta's container restarts in the middle. */
const ROUNDS = { alpha: 11, beta: 11, gamma: 6 } as const;
const BETA_RESTART_ROUND = 4;

describe.skipIf(unavailable !== undefined)(`the spine${unavailable === undefined ? '' : ` (${unavailable})`}`, () => {
  let containerd: Containerd;
  let podsDir: string;
  let controlDir: string;
  let port: number;
  let server: PodlogProcess;
  let agent: PodlogProcess;
  const said: string[] = [];

  beforeAll(async () => {
    containerd = await startContainerd();
    podsDir = join(containerd.dir, 'pods');
    controlDir = join(containerd.dir, 'control');
    mkdirSync(podsDir);
    mkdirSync(controlDir);
    port = await freePort();
  }, 60_000);

  afterAll(async () => {
    for (const podlog of [agent, server]) if (podlog !== undefined) await endPodlog(podlog, 'SIGKILL');
    await containerd.stop();
  }, 60_000);

  beforeEach(() => {
    onTestFailed(() => console.error([...said, outputOf(agent), outputOf(server)].join('\n').slice(-8000)));
  });

  async function startServer(): Promise<void> {
    server = startPodlog(['server', '--data-dir', join(containerd.dir, 'data'), '--listen', `127.0.0.1:${port}`]);
    await serverReady(server, port);
  }

  function startAgent(): void {
    agent = startPodlog(['agent', '--pods-dir', podsDir, '--server', `http://127.0.0.1:${port}`], {
      PODLOG_NODE: NODE,
    });
  }

  /** As a power cut ends it. What ended by itself before is a failure of its own. */
  async function kill(podlog: PodlogProcess): Promise<void> {
    const early = hasEnded(podlog);
    await endPodlog(podlog, 'SIGKILL');
    said.push(outputOf(podlog));
    expect(early, `it ended before it was killed: ${outputOf(podlog)}`).toBe(false);
  }

  function podSpec(name: string, first: number, last: number, control = controlDir): PodSpec {
    const work = workload(name, first, last, control);
    return { namespace: NAMESPACE, name, container: 'app', image: BUSYBOX_IMAGE, ...work };
  }

  function ended(pod: Pod): Promise<boolean> {
    return until(`${pod.spec.name} to end`, 30_000, async () => {
      const { state } = await containerStatus(containerd, pod);
      return state === 'CONTAINER_EXITED';
    });
  }

  /** Opens a round and waits until the first of its lines that carries a request id is found in the store. */
  async function flowing(round: number, pods: readonly string[]): Promise<void> {
    openRound(controlDir, round);
    const seq = round * LINES_A_ROUND + 1;
    for (const pod of pods) {
      await until(`line ${seq} of ${pod} in the store`, 20_000, async () => {
        const rows = await queryLogs(port, { request_id: requestIdOf(seq), pod });
        return rows.length === 1;
      });
    }
  }

  test('each line that the containers wrote is stored once, in order', async () => {
    await startServer();
    startAgent();
    const alpha = await runPod(containerd, podsDir, podSpec('alpha', 0, ROUNDS.alpha));
    const beta = await runPod(containerd, podsDir, podSpec('beta', 0, BETA_RESTART_ROUND));
    const gamma = await runPod(containerd, podsDir, podSpec('gamma', 0, ROUNDS.gamma));
    await flowing(0, ['alpha', 'beta', 'gamma']);

    // The agent dies while lines flow, and starts where its last acknowledged batch ended.
    await flowing(1, ['alpha', 'beta', 'gamma']);
    await kill(agent);
    startAgent();

    // The server dies while lines flow; the agent waits for it.
    await flowing(2, ['alpha', 'beta', 'gamma']);
    await kill(server);
    await startServer();

    // Rotation under load: twice for alpha, so that its older file becomes .gz.
    await flowing(3, ['alpha', 'beta', 'gamma']);
    for (const pod of [alpha, beta, gamma, alpha]) await rotateLog(containerd, pod);

    // Without an agent: rotation, compression of what it had read in part, and a container that starts again.
    await ended(beta);
    await flowing(4, ['alpha', 'gamma']);
    await kill(agent);
    for (const pod of [alpha, gamma, alpha, gamma]) await rotateLog(containerd, pod);
    await restartContainer(containerd, beta, podSpec('beta', BETA_RESTART_ROUND, ROUNDS.beta));
    startAgent();

    // A pod goes, with its files, right after its last line and while no server takes them: only the agent has them.
    await flowing(5, ['alpha', 'beta', 'gamma']);
    await kill(server);
    await ended(gamma);
    await removePod(containerd, gamma);
    await startServer();
    await until("the deleted pod's last line", 30_000, async () => {
      const seq = ROUNDS.gamma * LINES_A_ROUND - 1;
      const rows = await queryLogs(port, { request_id: requestIdOf(seq), pod: 'gamma' });
      return rows.length === 1;
    });

    // Both at once, the agent back first.
    await flowing(6, ['alpha', 'beta']);
    await Promise.all([kill(agent), kill(server)]);
    await rotateLog(containerd, alpha);
    startAgent();
    await startServer();

    // A server that never lives long, then an agent that doesn't.
    await flowing(7, ['alpha', 'beta']);
    for (let i = 0; i < 3; i++) {
      await kill(server);
      await rotateLog(containerd, beta);
      await startServer();
    }
    for (const round of [8, 9, 10]) {
      await flowing(round, ['alpha', 'beta']);
      await kill(agent);
      startAgent();
    }

    await Promise.all([ended(alpha), ended(beta)]);
    const expected = Object.entries(ROUNDS).flatMap(([pod, rounds]) => written(pod, workloadLines(pod, 0, rounds)));
    const rows = await until(`${expected.length} lines`, 60_000, async () => {
      const stored = await queryLogs(port, { namespace: NAMESPACE, order: 'oldest', limit: NO_LIMIT });
      if (stored.length >= expected.length) return stored;
      throw new Error(`${stored.length} of ${expected.length}; ${describeMissing(expected, stored)}`);
    });
    expectTimeOrder(rows);
    expectLines(rows, expected);
    expect(rows).toHaveLength(expected.length);
    await Promise.all([removePod(containerd, alpha), removePod(containerd, beta)]);
  }, 220_000);

  test('a user is followed through all pods, also those that are gone', async () => {
    const rows = await queryLogs(port, { user_id: '1003', order: 'oldest', limit: NO_LIMIT });
    const expected = Object.entries(ROUNDS).flatMap(([pod, rounds]) =>
      written(
        pod,
        workloadLines(pod, 0, rounds)
          .filter(hasFields)
          .filter((row) => userIdOf(row.seq) === 1003),
      ),
    );
    expectLines(rows, expected);
    expectTimeOrder(rows);
  });

  test('a request id finds its one line in each pod', async () => {
    const rows = await queryLogs(port, { request_id: requestIdOf(2345) });
    expect(rows).toHaveLength(3);
    expect(new Set(rows.map((row) => row.labels['pod']))).toEqual(new Set(['alpha', 'beta', 'gamma']));
    expect(rows.every((row) => row.line.includes('"seq":2345,'))).toBe(true);
  });

  test('labels say where a line comes from', async () => {
    const rows = await queryLogs(port, { pod: 'gamma', level: 'error', limit: NO_LIMIT });
    expect(rows).toHaveLength(workloadLines('gamma', 0, ROUNDS.gamma).filter(isError).length);
    const labels = { namespace: NAMESPACE, pod: 'gamma', container: 'app', stream: 'stderr', node: NODE };
    expect(rows[0]?.labels).toEqual(labels);
  });

  test('newest first by default, and no more than the limit', async () => {
    const rows = await queryLogs(port, { pod: 'alpha', stream: 'stdout', limit: '5' });
    const expected = workloadLines('alpha', 0, ROUNDS.alpha)
      .filter((row) => row.stream === 'stdout')
      .slice(-5);
    expect(rows.map((row) => row.line)).toEqual(expected.toReversed().map((row) => row.line));
  });

  test('follow gives each new line once, through rotation', async () => {
    const control = join(containerd.dir, 'control-delta');
    const expected = written('delta', workloadLines('delta', 0, 2));
    const client = new AbortController();
    const rows: LogRow[] = [];
    const following = (async () => {
      for await (const row of followLogs(port, { pod: 'delta' }, client.signal)) rows.push(row);
    })();
    mkdirSync(control);
    const delta = await runPod(containerd, podsDir, podSpec('delta', 0, 2, control));
    openRound(control, 0);
    await until('the first followed line', 20_000, () => rows.length > 0);
    await rotateLog(containerd, delta);
    openRound(control, 1);
    await ended(delta);
    await removePod(containerd, delta);
    await until(`${expected.length} followed lines`, 30_000, () => rows.length >= expected.length);
    client.abort();
    await expect(following).rejects.toThrow(/abort/i);
    expectLines(rows, expected);
  });

  test('both drain and end on SIGTERM, and all is there after it', async () => {
    const before = await queryLogs(port, { namespace: NAMESPACE, order: 'oldest', limit: NO_LIMIT });
    expect(await endPodlog(agent, 'SIGTERM')).toEqual({ code: 0, signal: null });
    expect(await endPodlog(server, 'SIGTERM')).toEqual({ code: 0, signal: null });
    await startServer();
    const after = await queryLogs(port, { namespace: NAMESPACE, order: 'oldest', limit: NO_LIMIT });
    expect(after.length).toBe(before.length);
    expect(after).toEqual(before);
  });
});

/** For whoever looks at a failure. */
function outputOf(podlog: PodlogProcess | undefined): string {
  return podlog === undefined ? '' : `${podlog.child.spawnargs[2]}:\n${podlog.stdout}${podlog.stderr}`;
}

interface PodLine extends WrittenLine {
  readonly pod: string;
}

function written(pod: string, lines: readonly WrittenLine[]): PodLine[] {
  return lines.map((line) => ({ ...line, pod }));
}

/** Every 50th line is plain text. */
function hasFields(row: WrittenLine): boolean {
  return row.seq % 50 !== 0;
}

function isError(row: WrittenLine): boolean {
  return hasFields(row) && row.stream === 'stderr';
}

/**
 * The rows are the expected lines: none missing, none twice, in order within each output of each pod. Between the two
 * outputs of a pod the runtime keeps no order.
 */
function expectLines(rows: readonly LogRow[], expected: readonly PodLine[]): void {
  const stored = Map.groupBy(rows, ({ labels }) => `${labels['pod']} ${labels['stream']}`);
  const wanted = Map.groupBy(expected, ({ pod, stream }) => `${pod} ${stream}`);
  expect(new Set(stored.keys())).toEqual(new Set(wanted.keys()));
  for (const [stream, lines] of wanted) {
    const want = lines.map(({ line }) => line);
    const got = (stored.get(stream) ?? []).map(({ line }) => line);
    // First by number: a diff of whole lines of 32 KiB tells nobody anything.
    expect(got.map(seqOf), stream).toEqual(want.map(seqOf));
    expect(got, stream).toEqual(want);
  }
}

function seqOf(line: string): string {
  return /"seq":(\d+)|lost order (\d+)/.exec(line)?.[0] ?? line.slice(0, 80);
}

function describeMissing(expected: readonly PodLine[], rows: readonly LogRow[]): string {
  const stored = new Set(rows.map(({ line }) => line));
  const missing = expected.filter(({ line }) => !stored.has(line));
  const first = missing.slice(0, 5).map(({ pod, stream, seq }) => `${pod} ${stream} ${seq}`);
  return `${missing.length} distinct lines are missing, first ${first.join(', ')}`;
}

/** Times are RFC 3339 with nine digits, so that their text sorts as they do. */
function expectTimeOrder(rows: readonly LogRow[]): void {
  const early = rows.findIndex((row, i) => i > 0 && row.time < rows[i - 1]!.time);
  expect(rows.slice(Math.max(early, 1) - 1, early + 1)).toEqual([]);
}
