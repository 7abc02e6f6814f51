/** Whether a selector selects a container. */
import { labelOf, type Labels } from '../labels.ts';
import type { Selector } from './rule-set.ts';
import { matchesWildcard, parseWildcard, type Wildcard } from '../wildcard.ts';

/** Undefined is what is not known. */
export interface Selected {
  readonly namespace: string | undefined;
  readonly pod: string | undefined;
  readonly container: string | undefined;
  /** Labels of the pod. */
  readonly labels: Labels | undefined;
}

const NAMES = ['namespace', 'pod', 'container'] as const;

export type Matcher = (of: Selected) => boolean;

/** @param ifUnknown  whether what is not known counts as what is selected */
export function selectorMatcher(selector: Selector | undefined, ifUnknown: boolean): Matcher {
  if (selector === undefined) return () => true;
  const names = NAMES.flatMap((name) => {
    const wanted = selector[name];
    return wanted === undefined ? [] : [{ name, wanted: parseWildcard(wanted) }];
  });
  const labels = Object.entries(selector.labels ?? {}).map(([key, value]) => ({ key, wanted: parseWildcard(value) }));
  const isSelected = (wanted: Wildcard, text: string | undefined): boolean =>
    text === undefined ? ifUnknown : isMatch(wanted, text);
  return (of) => {
    if (!names.every(({ name, wanted }) => isSelected(wanted, of[name]))) return false;
    if (labels.length === 0) return true;
    const own = of.labels;
    if (own === undefined) return ifUnknown;
    return labels.every(({ key, wanted }) => {
      const text = labelOf(own, key);
      return text !== undefined && isMatch(wanted, text);
    });
  };
}

function isMatch(pattern: Wildcard, text: string): boolean {
  const bytes = Buffer.from(text);
  return matchesWildcard(pattern, bytes, 0, bytes.length);
}
