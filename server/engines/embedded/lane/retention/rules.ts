/**
 * Retention rules: how long lines of some streams are kept.
 *
 * A selector matches a stream when each of its labels has the given value; `*` matches any characters. The first rule
 * that matches applies, so the precedence is visible in the file, and no reader has to work out which rule is more
 * specific. --retention applies to a stream that no rule matches.
 */
import { labelOf, type Labels } from '../../../../../shared/labels.ts';
import { TENANT_LABEL } from '../../../../../shared/tenant-name.ts';
import { passesOf } from '../../scan/name.ts';
import { valueLeaf } from '../../../../store/predicate.ts';
import { parsePattern } from '../../../../store/value-test.ts';

export interface RetentionRule {
  /** Label → value, in which `*` matches any characters. */
  readonly selector: ReadonlyMap<string, string>;
  /** Infinity keeps the lines. */
  readonly ageMs: number;
}

/** Returns the rules for the store of a tenant: a selector may name it by `__tenant_id__`, which no stream has. */
export function rulesOfTenant(rules: readonly RetentionRule[], tenant: string | undefined): readonly RetentionRule[] {
  if (tenant === undefined) return rules;
  return rules.flatMap(({ selector, ageMs }) => {
    const wanted = selector.get(TENANT_LABEL);
    if (wanted === undefined) return [{ selector, ageMs }];
    if (!passesOf(valueLeaf(TENANT_LABEL, [parsePattern(withoutEscapes(wanted))]))(Buffer.from(tenant))) return [];
    return [{ selector: new Map([...selector].filter(([name]) => name !== TENANT_LABEL)), ageMs }];
  });
}

/** Returns how long lines of a stream are kept, by the first rule that matches. Called once for each label set. */
export function ageByRules(rules: readonly RetentionRule[], otherwiseMs: number): (labels: Labels) => number {
  const patterns = rules.map(({ selector, ageMs }) => ({
    ageMs,
    labels: [...selector].map(([name, value]) => ({
      name,
      passes: passesOf(valueLeaf(name, [parsePattern(withoutEscapes(value))])),
    })),
  }));
  const known = new WeakMap<Labels, number>();
  return (labels) => {
    let ageMs = known.get(labels);
    if (ageMs === undefined) {
      const rule = patterns.find((each) =>
        each.labels.every(({ name, passes }) => passes(Buffer.from(labelOf(labels, name) ?? ''))),
      );
      known.set(labels, (ageMs = rule?.ageMs ?? otherwiseMs));
    }
    return ageMs;
  };
}

/** Rules have no escapes, queries do: in a rule a backslash is itself, and every `*` matches any characters. */
function withoutEscapes(value: string): string {
  return value.replaceAll('\\', String.raw`\\`);
}
