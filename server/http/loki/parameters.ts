/** Parameters that several routes of Loki's API have: times, limits, directions, steps. */
import { instantOfMs, NS_PER_MS } from '../../../shared/time.ts';
import { LOGQL_LINES_DEFAULT } from '../../limits.ts';
import type { LogqlLimits } from '../../query/logql/query-limits.ts';
import { goDuration, parsePrometheusDuration, prometheusDuration } from '../../query/logql/syntax/durations.ts';
import type { Direction } from '../../store/search-plan.ts';
import { type Form, LokiRequestError } from './form.ts';

const NS = 1_000_000_000n;
const HOUR_NS = 3600n * NS;
/** Digits of an integer that is in seconds; longer ones are in nanoseconds. */
const SECONDS_DIGITS_MAX = 10;
const POINTS_DEFAULT = 250n;

/** Instants, ns since 1970. */
export interface Bounds {
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * Parses an instant: seconds (with a fraction, or of up to ten digits), nanoseconds, or RFC 3339.
 * @throws LokiRequestError
 */
export function parseTime(form: Form, name: string, fallback: bigint): bigint {
  const text = form.get(name);
  if (text === undefined) return fallback;
  if (/^[-+]?\d*\.\d*(?:[eE][-+]?\d+)?$/.test(text)) return nsOfSeconds(text);
  if (/^[-+]?\d{1,20}$/.test(text)) return text.length <= SECONDS_DIGITS_MAX ? BigInt(text) * NS : BigInt(text);
  const instant = parseRfc3339(text);
  if (instant !== undefined) return instant;
  const problem = parsingProblem('ParseInt', text);
  // A time of its own is not named, those of a range are.
  throw new LokiRequestError(name === 'time' ? problem : `could not parse '${name}' parameter: ${problem}`);
}

/** Returns what Go says of a text that it cannot read as a whole number. */
function parsingProblem(parser: 'ParseInt' | 'Atoi', text: string): string {
  const isNumber = /^[-+]?\d+$/.test(text);
  return `strconv.${parser}: parsing ${JSON.stringify(text)}: ${isNumber ? 'value out of range' : 'invalid syntax'}`;
}

/** Rounds to milliseconds: a float of seconds is not more exact. */
function nsOfSeconds(text: string): bigint {
  return BigInt(Math.round(Number(text) * 1000)) * BigInt(NS_PER_MS);
}

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d{1,9})\d*)?(Z|[-+]\d\d:\d\d)$/i;

function parseRfc3339(text: string): bigint | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, base, fraction = '', zone] = match;
  const ms = Date.parse(`${base}${zone}`);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * BigInt(NS_PER_MS) + BigInt(fraction.padEnd(9, '0'));
}

export const BACKWARDS = 'end timestamp must not be before or equal to start time';

/**
 * Start and end; the last hour by default.
 * @param backwards  what is said of an end before the start
 * @throws LokiRequestError
 */
export function parseBounds(form: Form, nowMs: number, backwards = BACKWARDS): Bounds {
  const now = instantOfMs(nowMs);
  const end = parseTime(form, 'end', now);
  const since = form.get('since');
  const sinceNs = since === undefined ? HOUR_NS : parsePrometheusDuration(since);
  if (sinceNs === undefined) {
    throw new LokiRequestError(
      `could not parse 'since' parameter: not a valid duration string: ${JSON.stringify(since)}`,
    );
  }
  const start = parseTime(form, 'start', (end > now ? now : end) - sinceNs);
  if (end < start) throw new LokiRequestError(backwards);
  return { start, end };
}

/** @throws LokiRequestError */
export function assertRange({ start, end }: Bounds, { rangeMsMax }: Pick<LogqlLimits, 'rangeMsMax'>): void {
  assertLength(end - start, rangeMsMax);
}

/**
 * The windows before the first step count, too.
 * @throws LokiRequestError
 */
export function assertReach(bounds: Bounds, windowNs: bigint, { rangeMsMax }: Pick<LogqlLimits, 'rangeMsMax'>): void {
  if (windowNs > 0n) assertLength(bounds.end - bounds.start + windowNs + 1n, rangeMsMax);
}

function assertLength(ns: bigint, rangeMsMax: number): void {
  if (rangeMsMax === Infinity) return;
  const nsMax = BigInt(rangeMsMax) * BigInt(NS_PER_MS);
  if (ns <= nsMax) return;
  throw new LokiRequestError(
    `the query time range exceeds the limit (query length: ${goDuration(ns)}, limit: ${prometheusDuration(nsMax)})`,
  );
}

/** @throws LokiRequestError */
export function parseLines(form: Form): number {
  return parsePositive(form.get('limit'), LOGQL_LINES_DEFAULT);
}

/** @throws LokiRequestError */
export function parsePositive(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^[-+]?\d{1,15}$/.test(text)) {
    throw new LokiRequestError(parsingProblem('Atoi', text));
  }
  if (Number(text) <= 0) throw new LokiRequestError('limit must be a positive value');
  return Number(text);
}

/** Checks a limit of lines, which metrics do not have. @throws LokiRequestError */
export function assertLines(limit: number, { linesMax }: Pick<LogqlLimits, 'linesMax'>): void {
  if (limit <= linesMax) return;
  throw new LokiRequestError(
    `max entries limit per query exceeded, limit > max_entries_limit_per_query (${limit} > ${linesMax})`,
  );
}

/** @throws LokiRequestError */
export function parseDirection(form: Form): Direction {
  const text = form.get('direction') ?? 'backward';
  const lower = text.toLowerCase();
  if (lower === 'forward' || lower === 'backward') return lower;
  throw new LokiRequestError(`invalid direction '${text}'`);
}

/** Parses seconds or a duration of whole units: `60`, `1.5`, `60000ms`, `1h30m`. */
function parseSecondsOrDuration(text: string): bigint {
  if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(text)) return BigInt(Math.round(Number(text) * 1e9));
  const ns = parsePrometheusDuration(text);
  if (ns === undefined) throw new LokiRequestError(`cannot parse ${JSON.stringify(text)} to a valid duration`);
  return ns;
}

/** Two hundred and fifty steps by default, of whole seconds. @throws LokiRequestError */
export function parseStep(form: Form, { start, end }: Bounds, { pointsMax }: Pick<LogqlLimits, 'pointsMax'>): bigint {
  const text = form.get('step');
  const seconds = (end - start) / POINTS_DEFAULT / NS;
  const stepNs = text === undefined ? (seconds > 1n ? seconds : 1n) * NS : parseSecondsOrDuration(text);
  if (stepNs <= 0n) {
    throw new LokiRequestError(
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  }
  if ((end - start) / stepNs > BigInt(pointsMax)) {
    throw new LokiRequestError(
      `exceeded maximum resolution of ${pointsMax.toLocaleString('en-US')} points per time series. Try increasing the value of the step parameter`,
    );
  }
  return stepNs;
}

/** @throws LokiRequestError */
export function parseInterval(form: Form): bigint {
  const text = form.get('interval');
  const ns = text === undefined ? 0n : parseSecondsOrDuration(text);
  if (ns < 0n) throw new LokiRequestError('interval must be >= 0');
  return ns;
}

const CATEGORIZE = 'categorize-labels';

/** Whether the answer gives a line's own labels with the line. */
export function isCategorized(header: string | string[] | undefined): boolean {
  return [header ?? ''].flat().some((each) => each.split(',').some((flag) => flag.trim() === CATEGORIZE));
}
