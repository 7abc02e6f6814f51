/**
 * Which agents there are, and what each last said about itself. Only in memory: agents report every few seconds, and those
 * that are silent since a start of the server are known by the positions of their nodes.
 */
import { type AgentStatus, decodeAgentStatus } from '../../shared/agent-status.ts';
import { CAUGHT_UP_ID } from '../../shared/file-id.ts';
import {
  AGENT_GONE_KEPT_MS,
  AGENT_RATE_MS,
  AGENT_RATE_STEP_MS,
  AGENT_SILENT_MS_MAX,
  AGENTS_KEPT_MAX,
} from '../limits.ts';
import { CLUSTER_NODE, PUSH_NODE, type StoredPositions } from '../store/positions.ts';

export interface KnownAgent {
  readonly node: string;
  /** Since this start of the server; undefined where only its positions are known. */
  readonly lastSeenMs: number | undefined;
  /** Everything that was on the node at this time is stored. */
  readonly caughtUpMs: number | undefined;
  /** Undefined for an agent that is too old to say it. */
  readonly status: AgentStatus | undefined;
  readonly linesPerSecond: number | undefined;
}

/** `missing`: the node has pods, and no agent. */
export type AgentState = 'up' | 'gone' | 'missing';

function missingAgent(node: string): KnownAgent {
  return { node, lastSeenMs: undefined, caughtUpMs: undefined, status: undefined, linesPerSecond: undefined };
}

/** Lines that an agent had stored at a time. */
interface Sample {
  readonly atMs: number;
  readonly lines: number;
}

interface Entry {
  lastSeenMs: number;
  status: AgentStatus | undefined;
  /** Oldest first. */
  samples: readonly Sample[];
}

export class KnownAgents {
  readonly #positions: Pick<StoredPositions, 'nodes' | 'known'>;
  readonly #now: () => number;
  readonly #clusterNodes: () => ReadonlySet<string>;
  /** By node; the one that was seen last is the last. */
  readonly #agents = new Map<string, Entry>();

  /** @param clusterNodes  returns the nodes that have pods, and so should have an agent */
  constructor(
    positions: Pick<StoredPositions, 'nodes' | 'known'>,
    now: () => number,
    clusterNodes: () => ReadonlySet<string> = () => new Set(),
  ) {
    this.#positions = positions;
    this.#now = now;
    this.#clusterNodes = clusterNodes;
  }

  /** @param said  the header of its request; @see AGENT_STATUS_HEADER */
  seen(node: string, said?: string | readonly string[]): void {
    const nowMs = this.#now();
    const known = this.#agents.get(node) ?? { lastSeenMs: nowMs, status: undefined, samples: [] };
    known.lastSeenMs = nowMs;
    const status = typeof said === 'string' ? decodeAgentStatus(said) : undefined;
    if (status !== undefined) {
      const isRestarted = known.status?.startedMs !== status.startedMs;
      known.samples = sampled(isRestarted ? [] : known.samples, { atMs: nowMs, lines: status.lines });
      known.status = status;
    }
    this.#agents.delete(node);
    this.#agents.set(node, known);
    this.#forget(nowMs);
  }

  /** By node. */
  list(): KnownAgent[] {
    const nowMs = this.#now();
    this.#forget(nowMs);
    const agents = [...this.#agents].map(([node, { lastSeenMs, status, samples }]): KnownAgent => {
      return { node, lastSeenMs, caughtUpMs: this.#caughtUpMs(node), status, linesPerSecond: rateOf(samples) };
    });
    for (const node of this.#positions.nodes()) {
      if (this.#agents.has(node) || node === PUSH_NODE || node === CLUSTER_NODE) continue;
      const caughtUpMs = this.#caughtUpMs(node);
      if (caughtUpMs === undefined || nowMs - caughtUpMs > AGENT_GONE_KEPT_MS) continue;
      agents.push({ node, lastSeenMs: undefined, caughtUpMs, status: undefined, linesPerSecond: undefined });
    }
    const known = new Set(agents.map(({ node }) => node));
    for (const node of this.#clusterNodes()) if (!known.has(node)) agents.push(missingAgent(node));
    return agents.toSorted((a, b) => (a.node < b.node ? -1 : 1));
  }

  stateOf({ lastSeenMs, caughtUpMs }: KnownAgent): AgentState {
    if (lastSeenMs === undefined && caughtUpMs === undefined) return 'missing';
    return lastSeenMs !== undefined && this.#now() - lastSeenMs <= AGENT_SILENT_MS_MAX ? 'up' : 'gone';
  }

  #caughtUpMs(node: string): number | undefined {
    const { stdout: ms } = this.#positions.known(node, CAUGHT_UP_ID);
    return ms === 0 ? undefined : ms;
  }

  #forget(nowMs: number): void {
    for (const [node, { lastSeenMs }] of this.#agents) {
      if (nowMs - lastSeenMs <= AGENT_GONE_KEPT_MS && this.#agents.size <= AGENTS_KEPT_MAX) break;
      this.#agents.delete(node);
    }
  }
}

/** Keeps one sample an interval, and the last one. */
function sampled(samples: readonly Sample[], last: Sample): readonly Sample[] {
  const recent = samples.filter(({ atMs }) => last.atMs - atMs <= AGENT_RATE_MS);
  const [beforeLast, previous] = recent.slice(-2);
  const isExtra = previous !== undefined && previous.atMs - beforeLast!.atMs < AGENT_RATE_STEP_MS;
  return [...(isExtra ? recent.slice(0, -1) : recent), last];
}

function rateOf(samples: readonly Sample[]): number | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return undefined;
  return (last.lines - first.lines) / ((last.atMs - first.atMs) / 1000);
}
