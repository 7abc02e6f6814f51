/** Which agents are up, and for how long those that are gone are listed. */
import { beforeEach, expect, test } from 'vitest';
import { KnownAgents } from '../../../server/ingest/known-agents.ts';
import { Positions } from '../../../server/ingest/positions.ts';
import { AGENT_GONE_KEPT_MS, AGENT_SILENT_MS_MAX, AGENTS_KEPT_MAX } from '../../../server/limits.ts';
import { CLUSTER_NODE, PUSH_NODE } from '../../../server/store/positions.ts';
import { type AgentStatus, encodeAgentStatus } from '../../../shared/agent-status.ts';
import { CAUGHT_UP_ID } from '../../../shared/file-id.ts';

let nowMs: number;
let positions: Positions;
let agents: KnownAgents;

beforeEach(() => {
  nowMs = 1_700_000_000_000;
  positions = new Positions(() => nowMs);
  agents = new KnownAgents(positions, () => nowMs);
});

function says(lines: number, changes: Partial<AgentStatus> = {}): string {
  return encodeAgentStatus({ version: '1.2.3', startedMs: 5, lagBytes: 0, lagMs: 0, lines, losses: {}, ...changes });
}

function caughtUp(node: string, ms: number): void {
  const zero = { stdout: 0, stderr: 0 };
  positions.apply({
    node,
    files: [{ file: CAUGHT_UP_ID, from: zero, to: { stdout: ms, stderr: 0 } }],
    gone: [],
    rowGroup: new Uint8Array(),
  });
}

const states = (): [string, string][] => agents.list().map((agent) => [agent.node, agents.stateOf(agent)]);

test('an agent is up while it reports, then gone, and forgotten a day later', () => {
  agents.seen('b', says(1));
  agents.seen('a');
  expect(states()).toEqual([
    ['a', 'up'],
    ['b', 'up'],
  ]);
  nowMs += AGENT_SILENT_MS_MAX;
  agents.seen('a', says(2));
  expect(states()).toEqual([
    ['a', 'up'],
    ['b', 'up'],
  ]);
  nowMs += 1;
  expect(states()).toEqual([
    ['a', 'up'],
    ['b', 'gone'],
  ]);
  nowMs += AGENT_GONE_KEPT_MS - AGENT_SILENT_MS_MAX - 1;
  expect(states()).toEqual([
    ['a', 'gone'],
    ['b', 'gone'],
  ]);
  nowMs += 1;
  expect(states()).toEqual([['a', 'gone']]);
});

test('what an agent last said stays, also when it says nothing with another request or something else', () => {
  agents.seen('a', says(7, { lagBytes: 3 }));
  agents.seen('a');
  agents.seen('a', 'nonsense');
  agents.seen('a', [says(8), says(9)]);
  expect(agents.list()[0]).toMatchObject({ status: { lines: 7, lagBytes: 3, version: '1.2.3' } });
});

test('lines a second are those of the last minute, since the start of the agent', () => {
  const rate = (): number | undefined => agents.list()[0]!.linesPerSecond;
  agents.seen('a', says(1000));
  expect(rate()).toBeUndefined();
  for (let seconds = 2; seconds <= 600; seconds += 2) {
    nowMs += 2000;
    agents.seen('a', says(1000 + seconds * 10));
    expect(rate()).toBeCloseTo(10);
  }
  for (let seconds = 2; seconds <= 80; seconds += 2) {
    nowMs += 2000;
    agents.seen('a', says(7000));
  }
  expect(rate()).toBe(0);
  // Its successor counts from zero.
  nowMs += 2000;
  agents.seen('a', says(0, { startedMs: 6 }));
  expect(rate()).toBeUndefined();
});

test('nodes whose positions are known are listed after a restart of the server, for a day after they had caught up', () => {
  caughtUp('old', nowMs - AGENT_GONE_KEPT_MS - 1);
  caughtUp('recent', nowMs - 1000);
  caughtUp('seen', nowMs - 500);
  for (const node of [PUSH_NODE, CLUSTER_NODE]) caughtUp(node, nowMs);
  agents.seen('seen');
  expect(agents.list().map(({ node, lastSeenMs, caughtUpMs }) => [node, lastSeenMs, caughtUpMs])).toEqual([
    ['recent', undefined, nowMs - 1000],
    ['seen', nowMs, nowMs - 500],
  ]);
  expect(states()).toEqual([
    ['recent', 'gone'],
    ['seen', 'up'],
  ]);
});

test('of too many, those are forgotten that are silent for longest', () => {
  for (let n = 0; n < AGENTS_KEPT_MAX + 10; n++) agents.seen(`node-${n}`);
  agents.seen('node-10');
  agents.seen('another');
  const nodes = new Set(agents.list().map(({ node }) => node));
  expect([nodes.size, nodes.has('node-9'), nodes.has('node-10'), nodes.has('node-11'), nodes.has('another')]).toEqual([
    AGENTS_KEPT_MAX,
    false,
    true,
    false,
    true,
  ]);
});

test('a node that has pods and no agent is missing one', () => {
  const nodes = new Set(['worker-1', 'worker-2']);
  agents = new KnownAgents(
    positions,
    () => nowMs,
    () => nodes,
  );
  agents.seen('worker-1', says(1));
  expect(states()).toEqual([
    ['worker-1', 'up'],
    ['worker-2', 'missing'],
  ]);
  nodes.clear();
  expect(states()).toEqual([['worker-1', 'up']]);
  nowMs += AGENT_GONE_KEPT_MS + 1;
  nodes.add('worker-1');
  expect(states()).toEqual([['worker-1', 'missing']]);
});
