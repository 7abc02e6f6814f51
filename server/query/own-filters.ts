/**
 * Facets in which a name's own filters do not narrow its own counts: with `level=error` and `namespace=shop`, the counts of levels
 * are those of the namespace, and the counts of namespaces those of errors. So a list of values can offer the others, too.
 */
import { FACET_SIDES_AT_ONCE } from '../limits.ts';
import { parseName } from '../store/asked-name.ts';
import type { Facet, FacetCounts, FacetsSide } from '../store/facets.ts';
import type { LogView } from '../store/log-store.ts';
import { allOf, leavesOf, normalised, type Predicate, type Where } from '../store/predicate.ts';
import type { Query } from '../store/query.ts';

export interface OwnFilters {
  /** What the caller may see. */
  readonly visible: Where;
  /** The filters of the query, without that. */
  readonly filters: Where;
}

/**
 * @param names  only these; undefined for all
 * @throws UnavailableError
 */
export async function facetsWithoutOwn(
  { from, to, visible, filters }: OwnFilters & Pick<Predicate, 'from' | 'to'>,
  names: readonly string[] | undefined,
  view: Pick<LogView, 'facetsOfSides'>,
  query: Query,
): Promise<FacetCounts> {
  const filtered = [...filteredNames(filters)].filter(
    (name) => names === undefined || names.some((asked) => nameOf(asked) === name),
  );
  const side = (where: Where, asked: FacetsSide['names']): FacetsSide => {
    return { from, to, where: normalised(allOf([visible, where])), names: asked };
  };
  const others = names?.filter((asked) => !filtered.includes(nameOf(asked)));
  const own = filtered.map((name) => {
    return side(withoutName(filters, name), names?.filter((asked) => nameOf(asked) === name) ?? [name]);
  });
  const sides = others?.length === 0 ? own : [side(filters, others), ...own];
  const counted: FacetCounts[] = [];
  for (let at = 0; at < sides.length; at += FACET_SIDES_AT_ONCE) {
    counted.push(...(await view.facetsOfSides(sides.slice(at, at + FACET_SIDES_AT_ONCE), [], query)));
  }
  const facets = new Map<string, Facet>();
  // Those of a name without its own filters come last.
  for (const facet of counted.flatMap((each) => each.facets)) facets.set(facet.name, facet);
  return {
    facets: [...facets.values()],
    valuesMax: Math.min(...counted.map(({ valuesMax }) => valuesMax)),
    isCut: counted.some(({ isCut }) => isCut),
  };
}

function nameOf(asked: string): string {
  return parseName(asked).name;
}

/** Names that have a filter of their own, which can be left out. */
function filteredNames(filters: Where): ReadonlySet<string> {
  return new Set(partsOf(filters).flatMap((part) => ownName(part) ?? []));
}

function withoutName(filters: Where, name: string): Where {
  return allOf(partsOf(filters).filter((part) => ownName(part) !== name));
}

/** Conditions that must all be satisfied. */
function partsOf(filters: Where): readonly Where[] {
  return filters.kind === 'all' ? filters.of : [filters];
}

/** Returns the one name that a condition is about; undefined where it is about others, or about text, too. */
function ownName(part: Where): string | undefined {
  const names = new Set(leavesOf(part).map((leaf) => (leaf.kind === 'value' ? leaf.name : undefined)));
  return names.size === 1 ? [...names][0] : undefined;
}
