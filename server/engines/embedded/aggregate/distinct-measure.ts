/** Counts the different values of a label or field, by group. */
import { DistinctValues, type DistinctState } from './distinct-values.ts';
import { usedIn } from './group-lookup.ts';
import type { Adder, MeasuredGroup, OpenMeasure } from './open-measure.ts';
import type { Measure, Measured } from '../../../store/aggregate-plan.ts';
import { type CodePart, addCodes, type Lend } from './dimension.ts';
import { valueCodes } from './value-codes.ts';
import { hashValues, type ValueHashes } from './value-hashes.ts';

export interface DistinctMeasureState {
  readonly kind: 'distinct';
  readonly values: DistinctState;
}

export class DistinctMeasure implements OpenMeasure<DistinctMeasureState> {
  readonly #of: string;
  readonly #values: DistinctValues;

  /** @param state  of a measure that is no longer used */
  constructor({ of }: Measure & { readonly kind: 'distinct' }, state: DistinctMeasureState | undefined) {
    this.#of = of;
    this.#values = new DistinctValues(state?.values);
  }

  read({ group, starts, keys, lend }: MeasuredGroup): Adder {
    const { parts, size, texts } = valueCodes(group, this.#of, lend);
    const codes = codesOf(parts, starts, lend);
    return (groups, groupCount) => {
      const seen = lend(size).fill(0);
      markCodes(groups, codes, seen);
      const used = usedIn(seen, lend(size));
      const hashes = hashValues(texts, used, keys, lend);
      this.#values.reserve(groupCount);
      if (groupCount === 1) return this.#values.addEach(0, hashes);
      // From here on, what is marked has its place.
      for (let i = 0; i < used.length; i++) seen[used[i]!] = i;
      addRows(groups, codes, seen, hashes, this.#values);
    };
  }

  addAll({ values }: DistinctMeasureState, moved: Int32Array, groupCount: number): void {
    this.#values.addAll(values, moved, groupCount);
  }

  measured(groups: readonly number[], groupCount: number): Measured[] {
    const { counts, error } = this.#values.counts(groupCount);
    return groups.map((group) => ({ kind: 'distinct', distinct: counts[group]!, error }));
  }

  ranks(_by: unknown, groupCount: number): Float64Array {
    return this.#values.counts(groupCount).counts;
  }

  state(): DistinctMeasureState {
    return { kind: 'distinct', values: this.#values.state() };
  }
}

/**
 * By row, in template order.
 * @param starts  by template, and for the end
 */
function codesOf(parts: readonly CodePart[], starts: Int32Array, lend: Lend): Uint32Array {
  const codes = lend(starts.at(-1)!).fill(0);
  for (const [template, part] of parts.entries())
    addCodes(part, 1, codes.subarray(starts[template], starts[template + 1]));
  return codes;
}

/** Marks the codes of rows that are in a group. */
function markCodes(groups: Int32Array, codes: Uint32Array, seen: Uint32Array): void {
  for (let i = 0; i < codes.length; i++) if (groups[i]! >= 0) seen[codes[i]!] = 1;
}

/** @param places  by code: index of its value's hash */
function addRows(
  groups: Int32Array,
  codes: Uint32Array,
  places: Uint32Array,
  { high, low }: ValueHashes,
  values: DistinctValues,
): void {
  for (let i = 0, lastGroup = -1, lastPlace = -1; i < codes.length; i++) {
    const group = groups[i]!;
    const place = places[codes[i]!]!;
    if (group < 0 || (group === lastGroup && place === lastPlace)) continue;
    lastGroup = group;
    lastPlace = place;
    if (high[place] !== 0 || low[place] !== 0) values.add(group, high[place]!, low[place]!);
  }
}
