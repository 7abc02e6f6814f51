/** The part of the histogram that was chosen last, which can be compared with the rest of it. */
import { computed, signal } from '@preact/signals';
import { ask, question } from './navigation.ts';
import type { Span } from './range-steps.ts';

export interface Brushed {
  readonly part: Span;
  readonly whole: Span;
  /** The range of the whole, as it was typed. */
  readonly since: string;
  readonly until: string;
}

const last = signal<Brushed | undefined>(undefined);

/** Undefined where another range is shown by now. */
export const brushed = computed(() => {
  const { since, until } = question.value;
  const value = last.value;
  return value !== undefined && Date.parse(since) === value.part.fromMs && isEnd(until, value) ? value : undefined;
});

function isEnd(until: string, { part, until: before }: Brushed): boolean {
  return Date.parse(until) === part.toMs || until === before;
}

export function brush(part: Span, whole: Span): void {
  const { since, until } = question.peek();
  last.value = { part, whole, since, until };
  ask({ since: iso(part.fromMs), until: iso(part.toMs), own: {} });
}

/** Compares the part with what was before it or, where it begins with the whole, with what came after it. */
export function compareBrushed({ part, whole }: Brushed): void {
  const isFirst = part.fromMs <= whole.fromMs;
  const than = isFirst ? [part.toMs, whole.toMs] : [whole.fromMs, part.fromMs];
  ask({ since: iso(part.fromMs), until: iso(part.toMs), tab: 'differences', own: { than: than.map(iso).join('/') } });
}

/** What there is from the part on, up to the end of the whole, that was not there before. */
export function newSinceBrushed({ part, whole, until }: Brushed): void {
  const than = [whole.fromMs, part.fromMs].map(iso).join('/');
  ask({ since: iso(part.fromMs), until, tab: 'differences', own: { than, only: 'new' } });
}

export function leaveBrushed({ since, until }: Brushed): void {
  ask({ since, until, own: {}, tab: 'lines' });
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
