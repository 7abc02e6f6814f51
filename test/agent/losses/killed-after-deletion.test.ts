/** Agents that end when they have stored the last line of files that are deleted, and before they have closed these. */
import { closeSync, mkdirSync, openSync, readdirSync, writeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseLedgerId } from '../../../shared/file-id.ts';
import { NO_RULES } from '../../../shared/rules/rule-set.ts';
import { cri, LIVE, POD, rotated, until, worldOfEachTest } from '../pods.ts';

const world = worldOfEachTest();

/** As the kubelet does: the directory follows up to a minute later. */
function removeFiles(): void {
  for (const name of readdirSync(world.path(''))) world.remove(world.path(name));
}

function removePod(): void {
  world.remove(`${world.podsDir}/${POD}`);
}

/** The next agent has nothing to say, or this, when it has forgotten what is not there any more. */
async function expectMarkersOfNext(markers: readonly string[]): Promise<void> {
  removePod();
  await world.start();
  await until(
    () => world.sink.positions.size === 0,
    () => 'its files are remembered',
  );
  await world.settled();
  expect(world.markers()).toEqual(markers);
}

function isLedger(id: string): boolean {
  return parseLedgerId(id) !== undefined;
}

async function runIsDone(): Promise<void> {
  await until(
    () => [...world.sink.notes].some(([id, { stderr }]) => isLedger(id) && stderr === 1),
    () => 'the run is not done',
  );
}

async function stored(text: string): Promise<void> {
  await until(
    () => world.sink.texts('stdout').includes(text),
    () => `${text} is missing`,
  );
}

test.each([
  ['a pod', removePod],
  ['files of a pod', removeFiles],
])('all that was written is stored, so nothing is missing: %s', async (_what, remove) => {
  world.writeLines(['a']);
  await world.start({ graceMs: 60_000 });
  await stored('a');
  world.writeLines(['last']);
  remove();
  await stored('last');
  await world.stop();
  await expectMarkersOfNext([]);
});

test('the same of a pod with an older run, and with a rotated file that had been closed', async () => {
  world.writeLines(['a']);
  await world.start();
  await stored('a');
  world.write(world.path('1.log'), cri('b'));
  await stored('b');
  world.rename(world.path('1.log'), world.path(rotated(1).replace('0', '1')));
  world.write(world.path('1.log'), cri('c'));
  await stored('c');
  await until(
    () => world.metric('open_files') === 1,
    () => 'the older files stay open',
  );
  world.write(world.path('1.log'), cri('last'));
  removePod();
  await stored('last');
  await world.stop();
  await expectMarkersOfNext([]);
});

test('a silent pod: what the agent has said is in the next batch, however long its grace period is', async () => {
  world.writeLines(['a']);
  await world.start({ graceMs: 60_000 });
  await stored('a');
  await world.settled();
  removeFiles();
  await runIsDone();
  await world.stop();
  await expectMarkersOfNext([]);
});

test('a run that has ended, as the server says, is done while its file is there: it may go while no agent runs', async () => {
  world.sink.rules = { rules: NO_RULES, pods: [{ uid: 'uid', labels: {}, exclude: [], parser: 'auto' }] };
  world.writeLines(['a']);
  await world.start({ rulesAskMs: 20 });
  await stored('a');
  world.writeLines(['last']);
  world.sink.rules = {
    rules: NO_RULES,
    pods: [{ uid: 'uid', labels: {}, exclude: [], parser: 'auto', endedRuns: { app: 1 } }],
  };
  await runIsDone();
  expect(world.sink.texts('stdout')).toEqual(['a', 'last']);
  await world.stop();
  // Should it not have ended, what it writes is read all the same.
  world.writeLines(['more']);
  await world.start();
  await stored('more');
  await world.stop();
  await expectMarkersOfNext([]);
});

test('a file that is written to although it has no name any more: the next agent cannot know what followed', async () => {
  world.writeLines(['a']);
  const writer = openSync(world.path(LIVE), 'a');
  await world.start({ graceMs: 60_000 });
  await stored('a');
  removeFiles();
  await runIsDone();
  // The agent is killed before it could say that nothing more has come.
  world.sink.fault = ({ files }) =>
    files.some(({ file, to }) => isLedger(file) && to.stderr === 1) ? 'hang-up' : undefined;
  writeSync(writer, cri('b'));
  await stored('b');
  await world.stop();
  closeSync(writer);
  world.sink.fault = () => undefined;
  await expectMarkersOfNext(['podlog: lines of 0.log may have been lost: it was deleted while no agent was running']);
});

test.each([true, false])(
  'a directory that goes right after the next agent has found it empty, while the server is up: %s',
  async (isUp) => {
    world.writeLines(['a']);
    world.writeLines(['b'], 'other', 'ns_other_uid-2');
    await world.start();
    await stored('b');
    await world.stop();
    removeFiles();
    world.sink.isDown = !isUp;
    // The server knows nothing of this one.
    mkdirSync(world.path('', 'app', 'ns_new_uid-3'), { recursive: true });
    await world.start();
    removePod();
    world.remove(`${world.podsDir}/ns_new_uid-3`);
    world.writeLines(['c'], 'other', 'ns_other_uid-2');
    await until(
      () => world.metric('retries_total') > 0 || isUp,
      () => 'nothing is tried',
    );
    world.sink.isDown = false;
    await stored('c');
    await until(
      () => world.sink.positions.size === 1,
      () => 'its files are remembered',
    );
    await world.settled();
    const markers = world.sink.lines.filter(({ stream }) => stream === 'podlog');
    expect(markers.map(({ pod, text }) => [pod, text])).toEqual([
      ['new', 'podlog: lines of 0.log may have been lost: it was deleted before it could be opened'],
      ['pod', 'podlog: lines of 0.log may have been lost: it was deleted while no agent was running'],
    ]);
  },
);
