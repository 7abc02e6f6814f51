/** How many lines have arrived in each second of the last minute, by what they are, and from which pods. */
import { signal } from '@preact/signals';
import type { LogRow } from '../../shared/client/answers.ts';
import type { Labels } from '../../shared/labels.ts';
import { podName } from '../../shared/readable-line/pod-name.ts';

export interface Second {
  readonly error: number;
  readonly warn: number;
  readonly other: number;
}

export interface LivePod {
  readonly name: string;
  /** The labels of one of its lines. */
  readonly labels: Labels;
  /** Lines since the tail began. */
  readonly count: number;
}

export const SECONDS = 60;
/** More pods are not distinguished by their names. */
const PODS_MAX = 100;
const NOTHING: Second = { error: 0, warn: 0, other: 0 };

/** The oldest first. */
export const seconds = signal<readonly Second[]>([]);
/** In the order in which they were first heard of, so that none moves. */
export const livePods = signal<readonly LivePod[]>([]);

let now = { error: 0, warn: 0, other: 0 };
let pods = new Map<string, { name: string; labels: Labels; count: number }>();

export function resetRates(): void {
  now = { error: 0, warn: 0, other: 0 };
  pods = new Map();
  seconds.value = Array.from({ length: SECONDS }, () => NOTHING);
  livePods.value = [];
}

/** @param sinceMs  lines of before are not news: those that a tail begins with */
export function countArrivals(rows: readonly LogRow[], sinceMs: number): void {
  for (const { level, labels, time } of rows) {
    if (Date.parse(time) >= sinceMs) now[kindOf(level)]++;
    const { pod } = labels;
    if (pod === undefined) continue;
    const known = pods.get(pod);
    if (known !== undefined) known.count++;
    else if (pods.size < PODS_MAX) pods.set(pod, { name: podName(labels, false), labels, count: 1 });
  }
}

function kindOf(level: string | undefined): keyof Second {
  if (level === 'error' || level === 'fatal') return 'error';
  return level === 'warn' ? 'warn' : 'other';
}

/** To be called once a second, while the tail is shown. */
export function endSecond(): void {
  seconds.value = [...seconds.peek().slice(1 - SECONDS), now];
  now = { error: 0, warn: 0, other: 0 };
  livePods.value = [...pods.values()].map((pod) => ({ ...pod }));
}
