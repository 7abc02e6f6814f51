/** The times of a range that was typed. */
import type { Histogram } from '../../shared/client/answers.ts';
import { askJson, type Parameters } from '../../shared/client/client.ts';
import { connection } from './session.ts';

export interface AskedRange {
  readonly fromMs: number;
  readonly toMs: number;
}

const HOUR_MS = 3_600e3;

/** The times of a range, which only the server knows where it has words. */
export async function askRange(filters: Parameters, ended: AbortSignal): Promise<AskedRange> {
  const [fromMs, toMs] = [Date.parse(String(filters['since'])), Date.parse(String(filters['until']))];
  if (!Number.isNaN(fromMs) && !Number.isNaN(toMs)) return { fromMs, toMs };
  const { buckets, step_seconds } = await askJson<Histogram>(connection(), '/histogram', filters, ended);
  const [first, last] = [buckets[0], buckets.at(-1)];
  if (first === undefined || last === undefined) return { fromMs: toMs - HOUR_MS, toMs };
  return { fromMs: Date.parse(first.time), toMs: Date.parse(last.time) + step_seconds * 1e3 };
}
