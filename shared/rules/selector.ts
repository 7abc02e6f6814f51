/** Whether a selector selects a container. */
import { labelOf, type Labels } from '../labels.ts';
import type { Selector } from './rule-set.ts';
import { matchesWildcard, parseWildcard, type Wildcard } from '../wildcard.ts';

export interface Selected {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Undefined while nothing is known about the pod. */
  readonly labels: Labels | undefined;
}

export type Matcher = (of: Selected) => boolean;

/** @param ifUnknown  whether a pod about which nothing is known counts as one with the labels */
export function selectorMatcher(selector: Selector | undefined, ifUnknown: boolean): Matcher {
  if (selector === undefined) return () => true;
  const { namespace = '*', pod = '*', container = '*', labels: wanted = {} } = selector;
  const names = [namespace, pod, container].map(parseWildcard);
  const labels = Object.entries(wanted).map(([key, value]) => ({ key, value: parseWildcard(value) }));
  return (of) => {
    if (![of.namespace, of.pod, of.container].every((name, i) => isMatch(names[i]!, name))) return false;
    if (labels.length === 0) return true;
    const own = of.labels;
    if (own === undefined) return ifUnknown;
    return labels.every(({ key, value }) => {
      const text = labelOf(own, key);
      return text !== undefined && isMatch(value, text);
    });
  };
}

function isMatch(pattern: Wildcard, text: string): boolean {
  const bytes = Buffer.from(text);
  return matchesWildcard(pattern, bytes, 0, bytes.length);
}
