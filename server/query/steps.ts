/** Time steps in which lines are counted: their length, their offset, and the number of steps in a window. */
import { parseDurationMs } from '../../shared/duration.ts';
import { ParameterError } from '../../shared/errors.ts';
import { formatInstant, INSTANT_MIN, MS_PER_DAY, NS_PER_MS } from '../../shared/time.ts';
import { HISTOGRAM_STEP_MS_MAX, WINDOW_STEPS_MAX } from '../limits.ts';
import type { TimeRange } from '../store/predicate.ts';
import { type QueryString, single, timeZoneOf } from './parameters.ts';

/** As in the query, in milliseconds. */
export interface Steps {
  /** Undefined where the query does not set it. */
  readonly stepMs: number | undefined;
  /** Less than a step; 0 where the query does not set it, nor the step. */
  readonly offsetMs: number;
  /** What the clocks of the query's time zone show, minus UTC. */
  readonly zoneOffsetMs?: number;
  /** 1 for steps that do not overlap. */
  readonly windowSteps: number;
}

/** Names of the parameters that `parseSteps` reads. */
export const STEP_NAMES = ['step', 'offset', 'window'] as const;

/**
 * @param range  of the query: its time zone's clocks are those at its beginning, or now
 * @throws ParameterError
 */
export function parseSteps(query: QueryString, { from }: TimeRange, nowMs: number): Steps {
  const stepMs = parseWholeMs(query, 'step', 'step=5m');
  const zoneOffsetMs = timeZoneOf(query).offsetMsAt(from === undefined ? nowMs : Number(from / BigInt(NS_PER_MS)));
  const asked = parseWholeMs(query, 'offset', 'step=1d&offset=22h');
  const offsetMs = asked ?? (stepMs === undefined ? 0 : alignedOffsetMs(zoneOffsetMs, stepMs));
  const windowMs = parseWholeMs(query, 'window', 'step=1m&window=5m');
  if (stepMs === undefined) {
    const alone = offsetMs > 0 ? 'offset' : windowMs === undefined ? undefined : 'window';
    if (alone !== undefined) throw new ParameterError(alone, 'given without a step', `${alone} with step`, 'step=5m');
    return { stepMs, offsetMs: 0, zoneOffsetMs, windowSteps: 1 };
  }
  if (offsetMs >= stepMs) {
    throw new ParameterError('offset', 'it is not shorter than a step', 'a shorter duration', 'step=1d&offset=22h');
  }
  const windowSteps = (windowMs ?? stepMs) / stepMs;
  if (!Number.isInteger(windowSteps) || windowSteps > WINDOW_STEPS_MAX) {
    const problem = `"${single(query, 'window')}" is not a whole number of steps`;
    throw new ParameterError('window', problem, `1 to ${WINDOW_STEPS_MAX} steps`, 'step=1m&window=5m');
  }
  return { stepMs, offsetMs, zoneOffsetMs, windowSteps };
}

/** Returns the offset of steps that begin when the clocks of a time zone show whole steps: days at midnight. */
export function alignedOffsetMs(zoneOffsetMs: number, stepMs: number): number {
  return ((-zoneOffsetMs % stepMs) + stepMs) % stepMs;
}

function parseWholeMs(query: QueryString, name: (typeof STEP_NAMES)[number], example: string): number | undefined {
  const text = single(query, name);
  if (text === undefined) return undefined;
  const ms = parseDurationMs(text);
  if (ms !== undefined && Number.isInteger(ms) && ms >= 1 && ms <= HISTOGRAM_STEP_MS_MAX) return ms;
  const allowed = `a duration of whole milliseconds, up to ${HISTOGRAM_STEP_MS_MAX / MS_PER_DAY}d`;
  throw new ParameterError(name, `"${text}" is not a valid ${name}`, allowed, example);
}

export function nsOf(ms: number): bigint {
  return BigInt(ms) * BigInt(NS_PER_MS);
}

/** Returns the start of a step. */
export function stepTime(bucket: number, stepNs: bigint, offsetNs: bigint): string {
  const start = BigInt(bucket) * stepNs + offsetNs;
  return formatInstant(start < INSTANT_MIN ? INSTANT_MIN : start);
}
