/** What an import takes: times, a selector, names of tenants. */
import { parseDurationMs } from '../../shared/duration.ts';
import { Rfc3339Parser } from '../../shared/rfc3339.ts';
import { isTenantName } from '../../shared/tenant-name.ts';
import { instantOf, instantOfMs } from '../../shared/time.ts';

/** A time, or a time ago. */
export type GivenTime =
  { readonly kind: 'ago'; readonly ms: number } | { readonly kind: 'at'; readonly instant: bigint };

const ALLOWED = 'an age such as 12h or 30d, or a time such as 2026-11-23T00:00:00Z';

export function parseSince(text: string): GivenTime {
  const ms = parseDurationMs(text);
  if (ms !== undefined) return { kind: 'ago', ms };
  const bytes = Buffer.from(text);
  const parser = new Rfc3339Parser();
  if (parser.parse(bytes, 0, bytes.length) !== bytes.length) throw new RangeError(`must be ${ALLOWED}`);
  return { kind: 'at', instant: instantOf(parser.day, parser.timeNs) };
}

export function parseUntil(text: string): GivenTime {
  return text === 'now' ? { kind: 'ago', ms: 0 } : parseSince(text);
}

export function instantOfGiven(time: GivenTime, nowMs: number): bigint {
  return time.kind === 'at' ? time.instant : instantOfMs(nowMs - time.ms);
}

/** Stages after a selector would change the lines, so they are not taken. The rest is checked by Loki. */
export function parseSelector(text: string): string | undefined {
  if (text === 'all') return undefined;
  if (!/^\{.*\}$/s.test(text)) throw new RangeError('must be a stream selector, such as {namespace="shop"}; or all');
  return text;
}

export function parseOrgId(text: string): string | undefined {
  if (text === 'none') return undefined;
  if (!isTenantName(text)) throw new RangeError('must be the name of a tenant, as X-Scope-OrgID has it');
  return text;
}
