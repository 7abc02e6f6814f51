/** What an erasure is to find. */
import { leavesOf, type Predicate } from './predicate.ts';
import type { Plan } from './search-plan.ts';

export type Filter = Predicate;

/** A plan for all rows that the filter asks for. */
export function planOf(filter: Filter): Plan {
  return { ...filter, order: 'oldest', limit: Infinity };
}

/** Names of what is filtered by, without the values: all that may be told of an erasure, and kept. */
export function namesOf({ from, to, where }: Filter): string[] {
  const leaves = leavesOf(where);
  return [
    ...new Set(leaves.flatMap((leaf) => (leaf.kind === 'value' ? [leaf.name] : []))),
    ...(leaves.some(({ kind }) => kind !== 'value') ? ['q'] : []),
    ...(from === undefined ? [] : ['since']),
    ...(to === undefined ? [] : ['until']),
  ];
}
