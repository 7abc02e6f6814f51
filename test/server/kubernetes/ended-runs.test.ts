/** Runs that have ended, as the API shows it: if their files go while no agent runs, nothing of them can be missing. */
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { DONE } from '../../../agent/send/run-ledger.ts';
import { ledgerId } from '../../../shared/file-id.ts';
import type { RulesAnswer } from '../../../shared/rules/rule-set.ts';
import { eventually } from '../../eventually.ts';
import { podObject, PODS } from '../../kubernetes/objects.ts';
import { nodeOfEachTest } from './node-in-cluster.ts';

const node = nodeOfEachTest();

const TERMINATED = { exitCode: 0, reason: 'Completed', finishedAt: new Date().toISOString() };

const directoryOf = (name: string): string => `shop_${name}_uid-of-${name}`;
const ledgerOf = (name: string): string =>
  ledgerId({ uid: `uid-of-${name}`, container: 'api', namespace: 'shop', pod: name });

/** Writes a line, and waits until it is stored. */
async function say(name: string): Promise<void> {
  node.write(directoryOf(name), 'api', 'a line');
  await node.expectFound(`pod=${name}`, ['a line']);
}

function deleteLogs(name: string): void {
  rmSync(dirname(dirname(node.path(directoryOf(name), 'api'))), { recursive: true });
}

test('a pod that had ended has no marker, one that may have written has', async () => {
  const names = ['done-1', 'runs-1'];
  for (const name of names) node.api.put(PODS, podObject(name));
  await node.start();
  for (const name of names) await say(name);
  const state = { name: 'api', restartCount: 0, state: { terminated: TERMINATED } };
  node.api.put(PODS, podObject('done-1', { status: { containerStatuses: [state] } }));
  await eventually(async () => expect((await node.position(ledgerOf('done-1')))?.[DONE]).toBe(1));
  expect((await node.position(ledgerOf('runs-1')))?.[DONE]).toBe(0);
  await node.stopAgent();
  for (const name of names) deleteLogs(name);
  await node.startAgent({ rescanMs: 100 });
  await eventually(async () => {
    for (const name of names) expect(await node.position(ledgerOf(name))).toBeUndefined();
  });
  await node.expectFound('stream=podlog&pod=runs-1', [
    'podlog: lines of 0.log may have been lost: it was deleted while no agent was running',
  ]);
  await node.expectFound('stream=podlog&pod=done-1', ['container api ended: exit code 0, Completed, restart 0']);
});

test.each([
  ['runs', [{ state: { running: {} } }], undefined],
  ['has ended', [{ state: { terminated: TERMINATED } }], { a: 1 }],
  ['runs again', [{ restartCount: 3, state: { running: {} }, lastState: { terminated: TERMINATED } }], { a: 3 }],
  ['is to run again', [{ restartCount: 1, state: { waiting: {} }, lastState: { terminated: TERMINATED } }], { a: 2 }],
  [
    'has ended again',
    [{ restartCount: 1, state: { terminated: TERMINATED }, lastState: { terminated: TERMINATED } }],
    { a: 2 },
  ],
])('agents hear how many runs of a container have ended: one that %s', async (_what, [changes], want) => {
  const status = { name: 'a', restartCount: 0, ...changes };
  node.api.put(PODS, podObject('api-1', { status: { containerStatuses: [status] } }));
  await node.startServer();
  await eventually(async () => {
    const answer = (await (await fetch(`${node.url}/agent/rules?node=worker-1`)).json()) as RulesAnswer;
    expect(answer.pods!.map(({ endedRuns }) => endedRuns)).toEqual([want]);
  });
});
