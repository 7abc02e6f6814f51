/**
 * Checks of test/agent/CHECKS.md whose cause is another program's: what a real containerd writes, and what a kernel that
 * has no inotify watches left answers. The agent is a process of its own, its server the tests' sink.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FLAG_PARTIAL } from '../../shared/row-group/format.ts';
import { worldOfEachTest } from '../agent/pods.ts';
import { Sink, type SunkLine } from '../agent/sink.ts';
import { containerdUnavailable, startContainerd, type Containerd } from './containerd.ts';
import { BUSYBOX_IMAGE } from './images.ts';
import { endPodlog, REPOSITORY, startPodlog, type PodlogProcess } from './podlog.ts';
import { containerStatus, removePod, restartContainer, rotateLog, runPod, type Pod, type PodSpec } from './pods.ts';
import { until } from './until.ts';

const noContainerd = containerdUnavailable();

describe.skipIf(noContainerd !== undefined)(
  `containerd${noContainerd === undefined ? '' : ` (${noContainerd})`}`,
  () => {
    let containerd: Containerd;
    let podsDir: string;
    let sink: Sink;
    let agent: PodlogProcess;

    beforeAll(async () => {
      containerd = await startContainerd();
      podsDir = join(containerd.dir, 'pods');
      mkdirSync(podsDir);
      sink = new Sink();
      agent = startPodlog(['agent', '--pods-dir', podsDir, '--server', await sink.listen(), '--node', 'node-1']);
    }, 60_000);

    afterAll(async () => {
      await endPodlog(agent, 'SIGKILL');
      await sink.close();
      await containerd.stop();
    }, 60_000);

    function podSpec(name: string, script: string): PodSpec {
      const command = ['/bin/sh', '-c', script];
      return { namespace: 'shop', name, container: 'app', image: BUSYBOX_IMAGE, command };
    }

    function ended(pod: Pod): Promise<boolean> {
      return until(`${pod.spec.name} to end`, 30_000, async () => {
        const { state } = await containerStatus(containerd, pod);
        return state === 'CONTAINER_EXITED';
      });
    }

    function linesOf(name: string, count: number): Promise<SunkLine[]> {
      return until(`${count} lines of ${name}`, 45_000, () => {
        const lines = sink.lines.filter(({ pod }) => pod === name);
        return lines.length >= count && lines;
      });
    }

    test('last words without a newline stay apart from the next run', async () => {
      const spec = podSpec('dying', 'echo one; printf "last words"');
      const pod = await runPod(containerd, podsDir, spec);
      await ended(pod);
      await restartContainer(containerd, pod, podSpec('dying', 'echo reborn'));
      await ended(pod);
      const lines = await linesOf('dying', 3);
      expect(lines.map(({ text }) => text).toSorted()).toEqual(['last words', 'one', 'reborn']);
      expect(lines.find(({ text }) => text === 'last words')!.flags).toBe(FLAG_PARTIAL);
      await removePod(containerd, pod);
    });

    test('a line that is begun before a rotation and ended after it is one line', async () => {
      const script = 'echo begin; printf "first half, "; sleep 3; echo "second half"';
      const pod = await runPod(containerd, podsDir, podSpec('split', script));
      await linesOf('split', 1);
      await rotateLog(containerd, pod);
      await ended(pod);
      const lines = await linesOf('split', 2);
      expect(lines.map(({ text }) => text)).toEqual(['begin', 'first half, second half']);
      await removePod(containerd, pod);
    });

    test('a pod that is removed right after its last line', async () => {
      const pod = await runPod(containerd, podsDir, podSpec('short', 'for i in $(seq 1 500); do echo line $i; done'));
      await ended(pod);
      await removePod(containerd, pod);
      const lines = await linesOf('short', 500);
      expect(lines.map(({ text }) => text)).toEqual(Array.from({ length: 500 }, (_, i) => `line ${i + 1}`));
    });
  },
);

/** Watches are counted for each user namespace, so that a limit of its own hurts nobody else. */
const LIMITED = 'echo 64 > /proc/sys/user/max_inotify_watches && exec "$0" "$@"';

async function canLimitWatches(): Promise<boolean> {
  const child = spawn('unshare', ['--user', '--map-root-user', 'sh', '-c', LIMITED, 'true'], { stdio: 'ignore' });
  const [code] = await Promise.race([once(child, 'exit'), once(child, 'error')]);
  return code === 0;
}

const noNamespace = (await canLimitWatches()) ? undefined : 'no user namespace with a limit of its own here';

describe.skipIf(noNamespace !== undefined)(`inotify${noNamespace === undefined ? '' : ` (${noNamespace})`}`, () => {
  const world = worldOfEachTest();

  test('a kernel without watches: warns once, and finds new pods by listing', async () => {
    const write = (i: number): void => world.writeLines([`line ${i}`], 'app', `ns_pod-${i}_uid-${i}`);
    for (let i = 0; i < 200; i++) write(i);
    const flags = ['--pods-dir', world.podsDir, '--server', world.url, '--node', 'node-1'];
    const command = [process.execPath, 'cli/podlog.js', 'agent', ...flags];
    const child = spawn('unshare', ['--user', '--map-root-user', 'sh', '-c', LIMITED, ...command], { cwd: REPOSITORY });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const exited = once(child, 'exit');
    await until('the first lines', 20_000, () => world.sink.lines.length === 200);
    for (let i = 200; i < 210; i++) write(i);
    await until('the lines of new pods', 20_000, () => world.sink.lines.length === 210);
    child.kill('SIGTERM');
    await exited;
    expect(output.match(/no inotify watches left/g)).toHaveLength(1);
  });
});
