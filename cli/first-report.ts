/** What `podlog up` says of its agent once: that everything is stored which the node has, or how much is still unread. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentStatus } from '../shared/agent-status.ts';
import { counted } from '../shared/counted.ts';

const POLL_MS = 250;
/** A node with a backlog of gigabytes takes longer. */
const WAIT_MS_MAX = 10_000;

/** Waits until nothing is unread, for at most WAIT_MS_MAX, and returns the report; undefined if it is aborted. */
export async function firstReport(
  node: string,
  status: () => AgentStatus,
  signal: AbortSignal,
): Promise<string | undefined> {
  const untilMs = performance.now() + WAIT_MS_MAX;
  for (;;) {
    const { lines, lagBytes } = status();
    if ((lines > 0 && lagBytes === 0) || performance.now() >= untilMs) return reportOf(node, status());
    await sleep(POLL_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return undefined;
  }
}

export function reportOf(node: string, { lines, lagBytes, lagMs, losses }: AgentStatus): string {
  const unread =
    lagBytes === 0 ? 'nothing unread' : `${counted(lagBytes, 'byte')} unread for ${Math.round(lagMs / 1000)} s`;
  const lost = Object.entries(losses).map(
    ([reason, { times, bytes }]) => `${times} × ${reason} (${counted(bytes, 'byte')})`,
  );
  const summary = lost.length === 0 ? 'nothing lost' : `lost: ${lost.join(', ')}`;
  return `agent ${node}: ${counted(lines, 'line')} stored, ${unread}, ${summary}; later: GET /agents`;
}
