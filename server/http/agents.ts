/** `GET /agents`: whether each node's agent is up, how far behind it is, and what it has lost; and the same as metrics. */
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../../shared/metrics.ts';
import { formatInstant, instantOfMs } from '../../shared/time.ts';
import type { AgentState, KnownAgent, KnownAgents } from '../ingest/known-agents.ts';

export function registerAgents(app: FastifyInstance, { agents }: { readonly agents: KnownAgents }): void {
  app.get('/agents', async () => ({ agents: agents.list().map((agent) => answerOf(agent, agents.stateOf(agent))) }));
}

function answerOf({ node, lastSeenMs, caughtUpMs, status, linesPerSecond }: KnownAgent, state: AgentState) {
  return {
    node,
    state,
    last_seen: timeOf(lastSeenMs),
    caught_up: timeOf(caughtUpMs),
    version: status?.version ?? null,
    started: timeOf(status?.startedMs),
    lag: status === undefined ? null : { bytes: status.lagBytes, seconds: status.lagMs / 1000 },
    lines: status?.lines ?? null,
    lines_per_second: linesPerSecond === undefined ? null : Math.round(linesPerSecond * 1000) / 1000,
    lost: status === undefined ? null : { ...lostOf(status.losses), reasons: status.losses },
  };
}

type Losses = NonNullable<KnownAgent['status']>['losses'];

function lostOf(losses: Losses): { times: number; bytes: number } {
  const all = Object.values(losses);
  return {
    times: all.reduce((sum, { times }) => sum + times, 0),
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : formatInstant(instantOfMs(ms));
}

/** By node. The agents' own metrics have more, such as losses by container. */
export function reportAgents(metrics: Metrics, agents: KnownAgents): void {
  const gauge = (name: string, help: string, read: (agent: KnownAgent) => number | undefined): void => {
    metrics.gauge(`podlog_node_${name}`, help).readAllFrom(() =>
      agents.list().flatMap((agent) => {
        const value = read(agent);
        return value === undefined ? [] : [[{ node: agent.node }, value] as const];
      }),
    );
  };
  gauge('agent_up', '1 while the agent of the node reports.', (agent) => (agents.stateOf(agent) === 'up' ? 1 : 0));
  gauge('agent_last_seen_seconds', 'When the agent of the node last reported, since 1970.', ({ lastSeenMs }) =>
    lastSeenMs === undefined ? undefined : lastSeenMs / 1000,
  );
  gauge('lag_bytes', 'Bytes in log files of the node that are not stored yet.', ({ status }) => status?.lagBytes);
  gauge('lag_seconds', 'Age of the oldest of them.', ({ status }) => status && status.lagMs / 1000);
  metrics
    .gauge('podlog_node_lost_bytes', 'Bytes lost since the start of the agent of the node, by reason.')
    .readAllFrom(() => lossesOf(agents, ({ bytes }) => bytes));
  metrics
    .gauge('podlog_node_losses', 'Times that something was or may have been lost since then, by reason.')
    .readAllFrom(() => lossesOf(agents, ({ times }) => times));
}

function lossesOf(agents: KnownAgents, read: (loss: Losses[string]) => number) {
  return agents
    .list()
    .flatMap(({ node, status }) =>
      Object.entries(status?.losses ?? {}).map(([reason, loss]) => [{ node, reason }, read(loss)] as const),
    );
}
