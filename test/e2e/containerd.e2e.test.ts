/**
 * The harness on its own: if these fail, the machine or the harness is at fault, not podlog.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { containerdUnavailable, startContainerd, type Containerd } from './containerd.ts';
import { BUSYBOX_IMAGE } from './images.ts';
import { containerStatus, logFile, removePod, restartContainer, rotateLog, runPod, type Pod } from './pods.ts';
import { until } from './until.ts';
import { LINES_A_ROUND, openRound, workload, workloadLines } from './workload.ts';

const unavailable = containerdUnavailable();

describe.skipIf(unavailable !== undefined)(`containerd${unavailable === undefined ? '' : ` (${unavailable})`}`, () => {
  let containerd: Containerd;
  let podsDir: string;
  let controlDir: string;

  beforeAll(async () => {
    containerd = await startContainerd();
    podsDir = join(containerd.dir, 'pods');
    controlDir = join(containerd.dir, 'control');
    mkdirSync(podsDir);
    mkdirSync(controlDir);
  }, 60_000);
  afterAll(() => containerd.stop(), 120_000);

  const ended = (pod: Pod) =>
    until('the container to end', 30_000, async () => {
      const { state, exit_code: exitCode } = await containerStatus(containerd, pod);
      return state === 'CONTAINER_EXITED' && { exitCode };
    });

  test("the workload's log files hold what workloadLines says, through rotation and restart", async () => {
    const pod = await runPod(containerd, podsDir, {
      namespace: 'shop',
      name: 'alpha',
      container: 'app',
      image: BUSYBOX_IMAGE,
      ...workload('alpha', 0, 2, controlDir),
    });
    openRound(controlDir, 0);
    const live = logFile(pod);
    await until('the first lines', 20_000, () => readFileSync(live).length > 0);
    await rotateLog(containerd, pod);
    openRound(controlDir, 1);
    await until('the new file', 20_000, () => readFileSync(live).length > 0);
    await rotateLog(containerd, pod);
    expect(await ended(pod)).toEqual({ exitCode: 0 });
    const files = readdirSync(dirname(live)).toSorted();
    expect(files.map((name) => name.replace(/\d{8}-\d{6}/, 'DATE'))).toEqual(['0.log', '0.log.DATE.gz', '0.log.DATE']);

    const [plain, ...rotated] = files.map((name) => readFileSync(join(dirname(live), name)));
    const older = rotated.map((bytes, i) => (files[i + 1]!.endsWith('.gz') ? gunzipSync(bytes) : bytes));
    const written = readCri(Buffer.concat([...older, plain!]));
    const expected = workloadLines('alpha', 0, 2);
    expect(expected).toHaveLength(2 * LINES_A_ROUND);
    for (const stream of ['stdout', 'stderr'] as const) {
      const lines = expected.filter((row) => row.stream === stream).map((row) => row.line);
      expect(written[stream]).toEqual(lines);
    }

    await restartContainer(containerd, pod, pod.spec);
    expect(logFile(pod)).toMatch(/app\/1\.log$/);
    await until('the log of the second attempt', 10_000, () => existsSync(logFile(pod)));
    await removePod(containerd, pod);
    expect(readdirSync(podsDir)).toEqual([]);
  }, 90_000);
});

/** A second, slower and simpler CRI reader than the agent's: fragments joined per stream. */
function readCri(bytes: Buffer): Readonly<Record<string, string[]>> {
  const lines: Record<string, string[]> = {};
  const pending: Record<string, string> = {};
  for (const fragment of bytes.toString('latin1').split('\n').slice(0, -1)) {
    const [, stream = '', tag, text = ''] = /^\S+ (stdout|stderr) ([FP]) (.*)$/.exec(fragment) ?? [];
    pending[stream] = (pending[stream] ?? '') + text;
    if (tag === 'P') continue;
    (lines[stream] ??= []).push(Buffer.from(pending[stream], 'latin1').toString());
    pending[stream] = '';
  }
  return lines;
}
