/** Which names lines have and with which values, found by looking at every line. */
import { allOf, type Predicate, valueLeaf } from '../../../server/store/predicate.ts';
import { LEVEL } from '../../../shared/levels.ts';
import type { FacetCounts, FacetsSide, NamedValues } from '../../../server/store/facets.ts';
import { naiveValueOf } from './naive-aggregate.ts';
import { fieldsOf, isWanted, type NaiveLine } from './naive-search.ts';

/** Of a few values each: no limit is kept. */
export function naiveFacets(
  lines: readonly NaiveLine[],
  predicate: Predicate,
  names: readonly string[] | undefined,
): FacetCounts {
  const facets = new Map<string, Map<string, number>>();
  for (const line of lines) {
    if (!isWanted(line, predicate)) continue;
    for (const name of names ??
      new Set([
        ...Object.keys(line.labels),
        ...fieldsOf(line.text).map(([each]) => each),
        ...Object.keys(line.metadata ?? {}),
        LEVEL,
      ])) {
      const value = naiveValueOf(line, names === undefined && name !== LEVEL ? `\\${name}` : name);
      // An empty value is like none.
      if (value === '') continue;
      const values = facets.get(name) ?? new Map<string, number>();
      facets.set(name, values.set(value, (values.get(value) ?? 0) + 1));
    }
  }
  const counted = [...facets].map(([name, values]) => ({
    name,
    rows: values.values().reduce((sum, rows) => sum + rows, 0),
    values,
  }));
  return { facets: counted, valuesMax: Infinity, isCut: false };
}

/** The same of several sides, and the lines that some values find as filters. */
export function naiveSides(
  lines: readonly NaiveLine[],
  sides: readonly FacetsSide[],
  asked: readonly NamedValues[],
): FacetCounts[] {
  return sides.map((side) => {
    const counts = naiveFacets(lines, side, side.names);
    const ofValues = asked.flatMap(({ name, values }) => {
      const found = values.map((value) => {
        const where = allOf([side.where, valueLeaf(name, [{ kind: 'equals', text: Buffer.from(value) }])]);
        return [value, lines.filter((line) => isWanted(line, { ...side, where })).length] as const;
      });
      const having = found.filter(([, rows]) => rows > 0);
      const rows = having.reduce((sum, [, own]) => sum + own, 0);
      return having.length === 0 ? [] : [{ name, rows, values: new Map(having) }];
    });
    return { ...counts, facets: [...counts.facets, ...ofValues] };
  });
}
