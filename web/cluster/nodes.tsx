/** Nodes with their agents: whether each is up, how far behind, and what it has lost. */
import type { NodeAgent } from '../../shared/client/answers.ts';
import { durationText, sizeText } from '../../shared/readable-line/measures.ts';
import { Icon, LevelIcon } from '../parts/icon.tsx';
import { count } from '../../shared/counted.ts';
import { fullText, serverNowMs } from '../state/clock.ts';
import type { Usage, Use } from './usage.ts';
import { CpuUse, MemoryUse, UseHeads } from './use.tsx';
import type { PodCounts } from './workloads.ts';

const STATES: Readonly<Record<NodeAgent['state'], string>> = { up: '', gone: 'silent', missing: 'no agent' };

export function Nodes({
  agents,
  pods,
  usage,
}: {
  readonly agents: readonly NodeAgent[];
  readonly pods: readonly PodCounts[];
  readonly usage: Usage | undefined;
}) {
  const hasUsage = usage !== undefined && usage.nodes.size > 0;
  if (agents.length === 0) {
    return (
      <section aria-label="Nodes and agents">
        <h2>Nodes and agents</h2>
        <p class="dim">No agent reports to this server: its lines come by /ingest.</p>
      </section>
    );
  }
  return (
    <section aria-label="Nodes and agents">
      <h2>Nodes and agents</h2>
      <div class="table-box" tabIndex={0} role="region" aria-label="Agents by node">
        <table class="table">
          <thead>
            <tr>
              <th scope="col" class="left">
                Node
              </th>
              <th scope="col" class="left">
                Agent
              </th>
              <th scope="col" class="left not-phone">
                Seen
              </th>
              <th scope="col" class="not-phone">
                Pods
              </th>
              <th scope="col">Behind</th>
              <th scope="col" class="not-phone">
                Unread
              </th>
              <th scope="col" title="Since the agent started">
                Lost
              </th>
              <th scope="col" class="not-phone">
                Lines/s
              </th>
              {hasUsage && <UseHeads />}
            </tr>
          </thead>
          <tbody>
            {agents.map((agent) => (
              <Row
                key={agent.node}
                agent={agent}
                pods={pods.filter(({ node }) => node === agent.node).length}
                hasUsage={hasUsage}
                use={usage?.nodes.get(agent.node)}
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Row({
  agent,
  pods,
  hasUsage,
  use,
}: {
  readonly agent: NodeAgent;
  readonly pods: number;
  readonly hasUsage: boolean;
  readonly use: Use | undefined;
}) {
  const { node, state, version, last_seen: seen, lag, lost, lines_per_second: rate } = agent;
  const isLate = (lag?.seconds ?? 0) >= 10;
  return (
    <tr>
      <th scope="row" class="left">
        {node}
      </th>
      <td class={`left agent-state${state === 'up' ? '' : ' tone-error'}`}>
        {state === 'up' ? <Icon name="check" /> : <LevelIcon level="error" />} {STATES[state]}{' '}
        <span class={state === 'up' ? undefined : 'dim'}>{version ?? ''}</span>
      </td>
      <td class="left dim not-phone" title={seen === null ? undefined : fullText(seen)}>
        {seen === null ? 'not since the server started' : agoText(seen)}
      </td>
      <td class="not-phone">{pods}</td>
      <td class={isLate ? 'tone-warn' : undefined}>{lag === null ? '' : durationText(lag.seconds * 1e9)}</td>
      <td class="not-phone">{lag === null ? '' : sizeText(lag.bytes)}</td>
      <td
        class={lost !== null && lost.times > 0 ? 'tone-warn' : 'dim'}
        title={lost === null ? undefined : `${count(lost.times)} times`}
      >
        {lost === null ? '' : lost.times === 0 ? '0' : `${sizeText(lost.bytes)} · ${count(lost.times)}×`}
      </td>
      <td class="not-phone">{rate === null ? '' : rate.toFixed(1)}</td>
      {hasUsage && (
        <>
          <td class="not-phone">
            <CpuUse cores={use?.cpuCores} limit={use?.cpuLimitCores} />
          </td>
          <td class="not-phone">
            <MemoryUse bytes={use?.memoryBytes} limit={use?.memoryLimitBytes} />
          </td>
        </>
      )}
    </tr>
  );
}

function agoText(time: string): string {
  const seconds = Math.max(0, Math.round((serverNowMs() - Date.parse(time)) / 1e3));
  return seconds === 0 ? 'now' : `${durationText(seconds * 1e9)} ago`;
}
