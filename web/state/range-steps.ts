/** Steps through time: the range before or after the one that is shown, and that around a line. */
import type { LogRow } from '../../shared/client/answers.ts';
import { serverNowMs } from './clock.ts';
import { ask, question, view } from './navigation.ts';
import { asked, bars } from './search.ts';
import { frozenRange, instantMs } from './time-range.ts';

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The range of the lines in sight; what only the server knows, such as `yesterday`, is that of the bars. */
export function shownSpan(): Span | undefined {
  // Views of their own ask for themselves: the search is that of Explore.
  const isExplore = view.value.kind === 'explore';
  const typed = question.value;
  const { since, until } = isExplore ? asked.value : frozenRange(typed.since, typed.until, serverNowMs());
  const none = { buckets: [], step_seconds: 0 };
  const { buckets, step_seconds: step } = (isExplore ? bars.value.value?.histogram : undefined) ?? none;
  const [first, last] = [buckets[0], buckets.at(-1)].map((bucket) => Date.parse(bucket?.time ?? ''));
  const orElse = (ms: number, otherwise: number): number => (Number.isNaN(ms) ? otherwise : ms);
  const fromMs = orElse(instantMs(since), first!);
  const toMs = orElse(instantMs(until), last! + step * 1e3);
  return fromMs < toMs ? { fromMs, toMs } : undefined;
}

/** @param direction  -1: the time before */
export function shiftRange(direction: 1 | -1): void {
  const span = shownSpan();
  if (span === undefined) return;
  const shiftMs = direction * (span.toMs - span.fromMs);
  // There are no lines of the future.
  if (span.toMs > serverNowMs() - 1_000 && direction > 0) return;
  askSpan({ fromMs: span.fromMs + shiftMs, toMs: span.toMs + shiftMs });
}

function askSpan({ fromMs, toMs }: Span): void {
  ask({ since: new Date(fromMs).toISOString(), until: new Date(toMs).toISOString() });
}

/** Shows the same search in the time before and after a line. */
export function aroundLine({ time }: LogRow, eachSideMs: number): void {
  const ms = Date.parse(time);
  askSpan({ fromMs: ms - eachSideMs, toMs: ms + eachSideMs + 1 });
}
