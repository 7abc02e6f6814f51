/** What an attack is given, and what the siege learns of it. */
import type { Bench } from '../../bench/harness.ts';
import type { Answer } from '../caller.ts';

export interface Target extends Pick<Bench, 'progress' | 'report'> {
  readonly url: string;
}

/**
 * Rows of an app that the server has acknowledged, which must all be there at the end, and that were sent: of pushes that
 * were not acknowledged, some or all may be there, once.
 */
export interface PushedRows {
  readonly acknowledged: number;
  readonly sent: number;
}

/** By the value of their label `app`. */
export type Pushed = ReadonlyMap<string, PushedRows>;

export type Attack = (target: Target) => Promise<Pushed | void>;

/** How an attack was answered, for people: `200 × 3, 503 × 1`. */
export function summary(answers: readonly Answer[]): string {
  const counts = new Map<number, number>();
  for (const { status } of answers) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${status === 0 ? 'no answer' : status} × ${count}`).join(', ');
}

/** Runs `work` for 0 … count − 1, so many at once. */
export async function repeated<T>(count: number, atOnce: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) results[index] = await work(index);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
  return results;
}
