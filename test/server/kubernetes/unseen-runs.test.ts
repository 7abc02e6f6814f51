/** Runs that no agent has seen, with an agent, a server and an API that go and come: one marker each, and no other. */
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { EventObject } from '../../../server/kubernetes/objects.ts';
import { Positions } from '../../../server/ingest/positions.ts';
import { CLUSTER_NODE } from '../../../server/store/positions.ts';
import { PodTable } from '../../../server/kubernetes/pod-table.ts';
import type { Entry } from '../../../server/kubernetes/recorder.ts';
import { UnseenRuns } from '../../../server/kubernetes/unseen-runs.ts';
import { GONE_FILE_KEPT_MS, UNSEEN_GRACE_MS } from '../../../server/limits.ts';
import { CAUGHT_UP_ID } from '../../../shared/file-id.ts';
import { NO_RULES } from '../../../shared/rules/rule-set.ts';
import { POSITION_START } from '../../../shared/wire.ts';
import { eventually } from '../../eventually.ts';
import { eventObject, EVENTS, podObject, PODS } from '../../kubernetes/objects.ts';
import { nodeOfEachTest } from './node-in-cluster.ts';

const node = nodeOfEachTest();

/** The server's own. On a slow machine an agent may have come to its own by then, of files that went while none ran. */
const MARKERS = 'stream=podlog&q=saw';
const markerOf = (files = '0.log'): string =>
  `podlog: lines of ${files} may have been lost: no agent saw the container run`;

const isVouched = (sinceMs = 1): Promise<void> =>
  eventually(async () => expect(await node.vouchedMs()).toBeGreaterThanOrEqual(sinceMs));

/** Server and agent run and know the node; then both are gone. */
async function outage(changes: Parameters<typeof node.start>[0] = {}): Promise<void> {
  await node.start(changes);
  await isVouched();
  await node.stopAgent();
  await node.stopServer();
}

/** What is left of a pod that ran and is deleted, as the kubelet says it. */
function ran(name: string, changes: Partial<EventObject> = {}): void {
  const involvedObject = {
    kind: 'Pod',
    namespace: 'shop',
    name,
    uid: `uid-of-${name}`,
    fieldPath: `spec.containers{api}`,
  };
  const event = eventObject(`${name}.started`, { type: 'Normal', reason: 'Started', involvedObject, ...changes });
  node.api.put(EVENTS, event);
}

/** A run that begins now has its marker: whatever was before it is judged. */
async function allJudged(): Promise<void> {
  ran('last');
  await node.expectFound(`${MARKERS}&pod=last`, [markerOf()]);
}

const write = (name: string, text: string): void => node.write(`shop_${name}_uid-of-${name}`, 'api', text);
const deleteLogs = (name: string): void =>
  rmSync(dirname(dirname(node.path(`shop_${name}_uid-of-${name}`, 'api'))), { recursive: true });

test('a pod that was born and deleted in an outage has one marker, also after a restart of the server', async () => {
  await outage();
  ran('api-1');
  await node.start();
  await node.expectFound(`${MARKERS}&namespace=shop&pod=api-1&container=api&node=worker-1`, [markerOf()]);
  await node.stopServer();
  await node.startServer();
  await allJudged();
  await node.expectFound(`${MARKERS}&pod=api-1`, [markerOf()]);
});

test('what an agent has had in hand has no marker: neither lines nor an empty log', async () => {
  await node.start();
  await isVouched();
  write('api-1', 'stored');
  await node.expectFound('pod=api-1', ['stored']);
  ran('api-1');
  node.touch('shop_api-2_uid-of-api-2', 'api');
  ran('api-2');
  await eventually(async () => expect(await node.knows('uid-of-api-2/api/runs:shop/api-2')).toBe(true));
  await node.stopAgent();
  await node.stopServer();
  deleteLogs('api-1');
  deleteLogs('api-2');
  await node.start();
  await allJudged();
  await node.expectFound(`${MARKERS}&pod=api-1`, []);
  await node.expectFound(`${MARKERS}&pod=api-2`, []);
});

test('an agent that outlives the server delivers what it holds, and there is no marker of it', async () => {
  await node.start();
  await isVouched();
  await node.stopServer();
  write('api-1', 'held');
  ran('api-1');
  await eventually(() => expect(node.holds('shop_api-1_uid-of-api-1', 'api')).toBe(true));
  deleteLogs('api-1');
  await node.startServer();
  await node.expectFound('pod=api-1&stream=stdout', ['held']);
  await allJudged();
  await node.expectFound(`${MARKERS}&pod=api-1`, []);
});

test('excluded containers have none: by the rules, by an annotation of a pod that the API still shows', async () => {
  const rulesPath = join(node.root, 'rules.yaml');
  writeFileSync(rulesPath, 'exclude: [{ pod: "noisy-*" }, { labels: { team: secret } }]\n');
  await outage({ rulesPath });
  const started = new Date().toISOString();
  const terminated = { exitCode: 137, reason: 'Evicted', startedAt: started, finishedAt: started };
  const status = {
    phase: 'Failed',
    containerStatuses: [{ name: 'api', restartCount: 0, state: { terminated } }],
  };
  ran('noisy-1');
  node.api.put(PODS, podObject('quiet', { status, annotations: { 'podlog.io/exclude': 'true' } }));
  node.api.put(PODS, podObject('secret', { status, labels: { team: 'secret' } }));
  node.api.put(PODS, podObject('evicted', { status, labels: { app: 'shop' } }));
  await node.start({ rulesPath });
  await node.expectFound(`${MARKERS}&pod=evicted&app=shop&q=podlog`, [markerOf()]);
  await node.expectFound(`${MARKERS}&q=podlog:`, [markerOf()]);
});

test('a new install has none, whatever ran before it', async () => {
  ran('api-1');
  await node.start();
  await isVouched();
  await allJudged();
  await node.expectFound(`${MARKERS}&pod=api-1`, []);
});

test('the API is away when server and agent are back: the marker comes later', async () => {
  await outage();
  ran('api-1');
  await node.api.stop();
  await node.start();
  await isVouched(Date.now());
  await node.api.start();
  await node.expectFound(MARKERS, [markerOf()]);
});

test('a pod that the API still shows is not over, and one marker says how often a container was started', async () => {
  await outage();
  node.api.put(PODS, podObject('api-1'));
  ran('api-1', { count: 3, firstTimestamp: new Date().toISOString() });
  await node.start();
  await allJudged();
  await node.expectFound(`${MARKERS}&pod=api-1`, []);
  node.api.remove(PODS, podObject('api-1'));
  await node.expectFound(`${MARKERS}&pod=api-1`, [markerOf('0.log to 2.log')]);
});

const NOW = Date.parse('2026-11-23T15:00:00Z');
const STARTED = NOW - 60_000;

/** A server's part alone, which knows that `worker-1` was vouched for a second before the run. */
class Judge {
  nowMs = NOW;
  isFollowing = true;
  readonly entries: Entry[] = [];
  readonly forgotten: string[] = [];
  readonly positions = new Positions(() => this.nowMs);
  readonly pods = new PodTable(
    [],
    () => {},
    () => this.nowMs,
  );
  readonly runs: UnseenRuns;

  constructor() {
    this.know(CAUGHT_UP_ID, STARTED - 1000);
    this.runs = new UnseenRuns({
      positions: this.positions,
      pods: this.pods,
      recorder: {
        add: async (entry) => {
          this.entries.push(entry);
          this.know(entry.file, entry.offset, CLUSTER_NODE);
        },
        files: () => this.positions.ofNode(CLUSTER_NODE).positions.map(({ file }) => file),
        forget: (files) => this.forgotten.push(...files),
      },
      rules: () => NO_RULES,
      isFollowing: () => this.isFollowing,
      now: () => this.nowMs,
    });
  }

  know(file: string, stdout: number, of = 'worker-1'): void {
    const to = { stdout, stderr: 0 };
    this.positions.apply({
      node: of,
      files: [{ file, from: POSITION_START, to }],
      gone: [],
      rowGroup: new Uint8Array(),
    });
  }

  noteStart(uid = 'u', startedMs = STARTED, count = 1): void {
    const involvedObject = { kind: 'Pod', namespace: 'shop', name: 'api-1', uid, fieldPath: 'spec.containers{api}' };
    const time = new Date(startedMs).toISOString();
    const times = { firstTimestamp: time, lastTimestamp: time };
    this.runs.noteEvent(eventObject('e', { reason: 'Started', involvedObject, count, ...times }));
  }

  vouch(timeMs = STARTED + UNSEEN_GRACE_MS): void {
    this.know(CAUGHT_UP_ID, timeMs);
  }

  lines(): string[] {
    return this.entries.map(({ line }) => line);
  }
}

test.each<[what: string, id: string, stdout: number, of: string, want: string[]]>([
  ['a ledger', 'u/api/runs:shop/api-1', 2, 'worker-1', []],
  ['a ledger of the first run', 'u/api/runs:shop/api-1', 1, 'worker-1', [markerOf('1.log')]],
  ['a file, of an agent without ledgers', 'u/api/1@2026-11-23T14:59:00Z', 7, 'worker-1', []],
  ['a marker of an agent', 'u/api/1@lost-1795445940000', 1, 'worker-1', []],
  ['a marker of an agent that knew no container', 'u//0@lost-1795445940000', 1, 'worker-1', []],
  ['another container', 'u/proxy/runs:shop/api-1', 2, 'worker-1', [markerOf('0.log to 1.log')]],
  ['another pod of that name', 'u2/api/runs:shop/api-1', 2, 'worker-1', [markerOf('0.log to 1.log')]],
  ['another node', 'u/api/runs:shop/api-1', 2, 'worker-2', [markerOf('0.log to 1.log')]],
])('of two runs, there is a trace: %s', async (_what, id, stdout, of, want) => {
  const judge = new Judge();
  judge.noteStart('u', STARTED, 2);
  judge.know(id, stdout, of);
  judge.vouch();
  await judge.runs.sweep();
  expect(judge.lines()).toEqual(want);
});

test('a trace counts when its file has gone, too', async () => {
  const judge = new Judge();
  const file = 'u/api/0@2026-11-23T14:59:00Z';
  judge.know(file, 7);
  judge.positions.apply({ node: 'worker-1', files: [], gone: [file], rowGroup: new Uint8Array() });
  judge.noteStart();
  judge.vouch();
  await judge.runs.sweep();
  expect(judge.lines()).toEqual([]);
});

test('nothing is said while the agent may still deliver, nor while the API is not followed', async () => {
  const judge = new Judge();
  judge.noteStart();
  judge.vouch(STARTED + UNSEEN_GRACE_MS - 1);
  await judge.runs.sweep();
  expect(judge.lines()).toEqual([]);
  judge.isFollowing = false;
  judge.vouch();
  await judge.runs.sweep();
  expect(judge.lines()).toEqual([]);
  judge.isFollowing = true;
  await judge.runs.sweep();
  await judge.runs.sweep();
  expect(judge.lines()).toEqual([markerOf()]);
});

test('a run that began before an agent was known, or before the last one vouched for its node, has none', async () => {
  const judge = new Judge();
  judge.noteStart('u', STARTED - 1000);
  judge.vouch();
  await judge.runs.sweep();
  expect(judge.lines()).toEqual([]);
});

test('a marker is remembered for an hour after it was first seen, and then forgotten', async () => {
  const judge = new Judge();
  judge.noteStart();
  judge.vouch();
  await judge.runs.sweep();
  for (const want of [[], ['kubernetes/unseen/u/api']]) {
    judge.nowMs += GONE_FILE_KEPT_MS;
    await judge.runs.sweep();
    expect(judge.forgotten).toEqual(want);
  }
  judge.noteStart();
  await judge.runs.sweep();
  expect(judge.lines()).toEqual([markerOf()]);
});
