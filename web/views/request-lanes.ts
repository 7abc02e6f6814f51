/** Places of a request's lines on its time axis: a lane for each pod, bars for what took time, hatching for silence. */
import type { RequestAnswer } from '../../shared/client/answers.ts';

export interface Lane {
  readonly pod: string;
  readonly container: string;
  readonly marks: readonly Mark[];
  /** From when to when a line of this pod says that something ran; shares of the axis. */
  readonly bars: readonly { readonly from: number; readonly to: number; readonly line: number }[];
  /** Times without a line in any pod, which a line of this one ended. */
  readonly gaps: readonly { readonly from: number; readonly to: number; readonly ms: number }[];
}

export interface Mark {
  readonly at: number;
  readonly line: number;
}

export interface Lanes {
  readonly lanes: readonly Lane[];
  readonly ticks: readonly { readonly at: number; readonly ms: number }[];
  readonly endMs: number;
}

/** A gap of this share of the request is drawn. */
const GAP_SHARE = 0.2;
const TICKS_MAX = 9;

/** @param isEven  lines are equally far apart, so that those of one instant can be distinguished */
export function lanesOf({ lines, pods }: Pick<RequestAnswer, 'lines' | 'pods'>, isEven = false): Lanes {
  if (isEven) return evenLanes({ lines, pods });
  const lastMs = lines.at(-1)?.offset_ms ?? 0;
  const endMs = lastMs === 0 ? 1 : lastMs * 1.04;
  const share = (ms: number): number => Math.min(1, Math.max(0, ms / endMs));
  const lanes = pods.map(({ labels }) => {
    const { pod = '', container = '' } = labels;
    const own = lines.flatMap((each, line) =>
      (each.labels['pod'] ?? '') === pod && (each.labels['container'] ?? '') === container ? [{ each, line }] : [],
    );
    const marks = own.map(({ each, line }) => ({ at: share(each.offset_ms), line }));
    const bars = own
      .filter(({ each }) => each.duration_ms !== undefined && each.duration_ms > 0)
      .map(({ each, line }) => ({
        from: share(each.offset_ms - each.duration_ms!),
        to: share(each.offset_ms),
        line,
      }));
    const gaps = own
      .filter(({ each: { gap_ms } }) => lastMs > 0 && gap_ms >= lastMs * GAP_SHARE)
      .map(({ each: { offset_ms, gap_ms } }) => ({
        from: share(offset_ms - gap_ms),
        to: share(offset_ms),
        ms: gap_ms,
      }));
    return { pod, container, marks, bars, gaps };
  });
  return { lanes, ticks: ticksOf(endMs), endMs };
}

function evenLanes({ lines, pods }: Pick<RequestAnswer, 'lines' | 'pods'>): Lanes {
  const lanes = pods.map(({ labels: { pod = '', container = '' } }) => ({
    pod,
    container,
    marks: lines.flatMap((each, line) =>
      (each.labels['pod'] ?? '') === pod && (each.labels['container'] ?? '') === container
        ? [{ at: (line + 0.5) / lines.length, line }]
        : [],
    ),
    bars: [],
    gaps: [],
  }));
  return { lanes, ticks: [], endMs: lines.at(-1)?.offset_ms ?? 0 };
}

function ticksOf(endMs: number): Lanes['ticks'] {
  const magnitude = 10 ** Math.floor(Math.log10(endMs / TICKS_MAX));
  const step = [1, 2, 5, 10].map((each) => each * magnitude).find((each) => endMs / each <= TICKS_MAX)!;
  return Array.from({ length: Math.floor(endMs / step) + 1 }, (_, i) => ({ ms: i * step, at: (i * step) / endMs }));
}
