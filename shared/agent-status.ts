/**
 * What an agent says about itself each time it asks for its rules, which is every few seconds whatever it has to send: a
 * header of that request. A server that does not know it ignores it, as does a server the absence of one.
 */

export const AGENT_STATUS_HEADER = 'podlog-agent-status';

/** Length of a status. Beyond: ignored. */
const STATUS_CHARS_MAX = 4096;
const VERSION = /^[\w.+-]{1,64}$/;
const REASON = /^[a-z-]{1,32}$/;
const REASONS_MAX = 32;

export interface AgentStatus {
  readonly version: string;
  /** Epoch milliseconds. */
  readonly startedMs: number;
  /** Bytes in open log files that are not stored yet, and how long ago the oldest of them were first seen. */
  readonly lagBytes: number;
  readonly lagMs: number;
  /** Since its start: lines that are stored, and what was lost. */
  readonly lines: number;
  readonly losses: Losses;
}

/** By reason: how often, and how many bytes as far as they are known. */
export type Losses = Readonly<Record<string, { readonly times: number; readonly bytes: number }>>;

/** Returns text for a header: ASCII without line breaks. */
export function encodeAgentStatus(status: AgentStatus): string {
  return JSON.stringify(status);
}

/** Returns undefined for anything but a status: what an agent says about itself must not keep its lines out. */
export function decodeAgentStatus(text: string): AgentStatus | undefined {
  if (text.length > STATUS_CHARS_MAX) return undefined;
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof said !== 'object' || said === null) return undefined;
  const { version, startedMs, lagBytes, lagMs, lines, losses } = said as Partial<Record<keyof AgentStatus, unknown>>;
  const counts = { startedMs, lagBytes, lagMs, lines };
  if (typeof version !== 'string' || !VERSION.test(version) || !Object.values(counts).every(isCount)) return undefined;
  const known = decodeLosses(losses);
  return known && { version, ...(counts as Record<keyof typeof counts, number>), losses: known };
}

function decodeLosses(said: unknown): Losses | undefined {
  if (typeof said !== 'object' || said === null) return undefined;
  const entries = Object.entries(said);
  const areValid = entries.every(([reason, loss]) => {
    const { times, bytes } = (loss ?? {}) as { times?: unknown; bytes?: unknown };
    return REASON.test(reason) && isCount(times) && isCount(bytes);
  });
  if (!areValid || entries.length > REASONS_MAX) return undefined;
  return Object.fromEntries(
    (entries as [string, Losses[string]][]).map(([reason, { times, bytes }]) => [reason, { times, bytes }]),
  );
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
