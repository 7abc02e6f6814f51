/** What is said of a container's directory in which files are missing, or cannot be opened. */
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { reconcileContainer } from '../../agent/discover/container.ts';
import { Containers } from '../../agent/discover/containers.ts';
import { createDescriptors } from '../../agent/files/descriptors.ts';
import { KnownPositions } from '../../agent/send/known-positions.ts';
import { closeLogFile } from '../../agent/files/log-file.ts';
import { LogOpener } from '../../agent/files/log-opener.ts';
import { LostFiles } from '../../agent/losses/lost-files.ts';
import { ReadyQueue } from '../../agent/files/ready-queue.ts';
import { CAUGHT_UP_ID, ledgerId } from '../../shared/file-id.ts';
import type { PositionsAnswer } from '../../shared/wire.ts';
import { cri, LIVE, rotated, until } from './pods.ts';

const log = pino({ level: 'silent' });
const LEDGER = ledgerId({ uid: 'uid', container: 'app', namespace: 'ns', pod: 'pod' });

let podsDir: string;
let path: string;

beforeEach(() => {
  podsDir = mkdtempSync(join(tmpdir(), 'podlog-lost-'));
  path = join(podsDir, 'ns_pod_uid', 'app');
  mkdirSync(path, { recursive: true });
});

afterEach(() => rmSync(podsDir, { recursive: true }));

/** Makes and deletes a file until the directory's time is later than the one at which it was made. */
async function leaveTrace(): Promise<void> {
  await until(
    () => {
      writeFileSync(join(path, LIVE), cri('a'));
      rmSync(join(path, LIVE));
      const { mtimeMs, birthtimeMs } = statSync(path);
      return mtimeMs > birthtimeMs;
    },
    () => 'the time of the directory does not change',
  );
}

type Positions = PositionsAnswer['positions'];

/**
 * Why lines are said to be missing, when `meanwhile` happens between the listing of the directory and the judgement.
 * @param positions  what the server knows
 */
async function reasonsAfter(meanwhile: () => Promise<void> | void, positions: Positions = []) {
  return (await filesAfter(meanwhile, positions)).map(({ loss }) => loss?.reason);
}

/** The identities of what is said to be missing. */
async function lostHeads(positions: Positions) {
  const files = await filesAfter(() => undefined, positions);
  return files.filter(({ loss }) => loss !== undefined).map(({ head }) => head);
}

/** An agent's look at the container's directory. */
function look() {
  const containers = new Containers({ podsDir, node: 'node', log, rescanMs: 1, watch, missed: () => undefined });
  const known = new KnownPositions(1);
  const descriptors = createDescriptors({ openFilesMax: 100 }, new LogOpener({ podsDir, log }));
  const lost = new LostFiles({ podsDir, log, ready: new ReadyQueue(), known, containers, descriptors, goneMs: 1 });
  lost.start(0);
  const container = containers.take({ namespace: 'ns', pod: 'pod', uid: 'uid', container: 'app', path }, 1);
  const list = (): void => {
    reconcileContainer(container, descriptors, Date.now(), () => undefined);
    lost.examine(container, Date.now(), false);
  };
  return { containers, known, lost, container, list };
}

async function filesAfter(meanwhile: () => Promise<void> | void, positions: Positions) {
  const { containers, known, lost, container, list } = look();
  known.replace(positions);
  list();
  await meanwhile();
  lost.judge(container, Date.now());
  known.noteMissing(containers.ids(), 0);
  lost.judgeMissing(Infinity);
  const files = [...container.chains.values()].flatMap((chain) => chain.files);
  for (const file of files) closeLogFile(file);
  return files;
}

test('a file that came and went before the directory was listed', async () => {
  await leaveTrace();
  expect(await reasonsAfter(() => undefined)).toEqual(['never-opened']);
});

test('one that comes after it is still to be found, and nothing is missing', async () => {
  expect(await reasonsAfter(leaveTrace)).toEqual([]);
});

test('a file that the server knows and that goes between being listed and being opened', async () => {
  // Listed, and nothing is there to be opened.
  symlinkSync('nowhere', join(path, LIVE));
  const positions = [
    { file: 'uid/app/0@2026-01-01T00:00:00Z', stdout: 40, stderr: 40 },
    { file: LEDGER, stdout: 1, stderr: 0 },
  ];
  expect(await reasonsAfter(() => undefined, positions)).toEqual(['deleted-while-down']);
});

test.each(['@lost-2026-01-01T00:00:00Z', '@lost-after-2026-01-01T00:00:00Z', '@lost-0'])(
  'a lost file (%s) is not missing itself while its run is there',
  async (head) => {
    const positions = [
      { file: `uid/app/0${head}`, stdout: 1, stderr: 1 },
      { file: LEDGER, stdout: 1, stderr: 0 },
    ];
    writeFileSync(join(path, LIVE), cri('a'));
    expect(await reasonsAfter(() => undefined, positions)).toEqual([undefined]);
    rmSync(join(path, LIVE));
    expect(await reasonsAfter(() => undefined, positions)).toEqual(['deleted-while-down']);
  },
);

test('what is missing before an empty file is the same, whenever it is found', async () => {
  const positions = [{ file: 'uid/app/0@2026-01-01T00:00:00Z', stdout: 40, stderr: 40 }];
  writeFileSync(join(path, LIVE), '');
  const heads = await lostHeads(positions);
  expect(heads).toHaveLength(1);
  utimesSync(join(path, LIVE), 1, 1);
  expect(await lostHeads(positions)).toEqual(heads);
});

describe('an agent that is held up while the kubelet rotates a file away, and the one after it', () => {
  function rename(n: number): void {
    renameSync(join(path, LIVE), join(path, rotated(n)));
  }

  /** From the n-th rotation on; of the first one the live file may be renamed already. */
  function rotateAway(isRenamed: boolean): void {
    for (let n = 0; n < 6; n++) {
      if (n > 0 || !isRenamed) rename(n);
      writeFileSync(join(path, LIVE), cri(`${n}`));
    }
    for (const n of [0, 1]) rmSync(join(path, rotated(n)));
  }

  test.each([
    ['before the server has told its positions', false],
    ['after a look between two steps of a rotation', true],
  ])('%s: what it has missed has a marker', (_, isBetween) => {
    const { known, lost, container, list } = look();
    const caughtUp = [{ file: CAUGHT_UP_ID, stdout: Date.now(), stderr: 0 }];
    const judge = (): void => {
      list();
      lost.judge(container, Date.now());
    };
    writeFileSync(join(path, LIVE), cri('first'));
    if (isBetween) {
      known.replace(caughtUp);
      judge();
      rename(0);
      judge();
    } else list();
    rotateAway(isBetween);
    if (!isBetween) {
      list();
      known.replace(caughtUp);
    }
    judge();
    const files = [...container.chains.values()].flatMap((chain) => chain.files);
    for (const file of files) closeLogFile(file);
    expect(files.map(({ loss }) => loss?.reason)).toEqual([undefined, 'never-opened', ...Array(5).fill(undefined)]);
  });
});
