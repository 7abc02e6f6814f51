/**
 * What sets some lines apart from others: the values, shapes and patterns whose share differs most between two searches. Values
 * are ranked by the log-likelihood ratio (Dunning 1993), which a few lines cannot make large, however rare a value is.
 */
import {
  COMPARE_DIFFERENCE_MIN,
  COMPARE_IDS_MAX,
  COMPARE_ID_SHARE_MIN,
  COMPARE_ID_VALUES,
  COMPARE_RATIO_MIN,
  COMPARE_ROWS_MIN,
  COMPARE_SAMPLE_LINES,
  COMPARE_SHAPE_BYTES_MAX,
} from '../limits.ts';
import { numberOf } from '../../shared/quantity.ts';
import { countLines } from './count-lines.ts';
import { askedAs, LINE_PATTERN } from '../store/asked-name.ts';
import type { Facet, FacetCounts, NamedValues } from '../store/facets.ts';
import type { LogView } from '../store/log-store.ts';
import { leavesOf, type Predicate } from '../store/predicate.ts';
import type { Query } from '../store/query.ts';
import { textAt } from '../store/block-texts.ts';

export interface CompareQuery {
  readonly these: Predicate;
  readonly those: OtherSide;
  /** Only these names; undefined for all. */
  readonly names: readonly string[] | undefined;
  /** Differences in the answer. */
  readonly limit: number;
}

/** The lines of another search, or those of this search that are not the first ones. */
export type OtherSide =
  { readonly kind: 'search'; readonly predicate: Predicate } | { readonly kind: 'rest'; readonly of: Predicate };

export interface Comparison {
  /** Number of lines on both sides. */
  readonly theseRows: number;
  readonly thoseRows: number;
  /** Values that only these lines have come first, then the most significant differences. */
  readonly differences: readonly Difference[];
  readonly differenceCount: number;
  /** Names that were not compared: those of the conditions, and those that are ids. */
  readonly conditions: readonly string[];
  readonly ids: readonly string[];
  /** Names that were asked for, and that no line of either side has. */
  readonly missing: readonly string[];
}

/** `new` and `gone`: none of the other lines, or none of these, have it. */
export type DifferenceKind = 'new' | 'more' | 'less' | 'gone';

export interface Difference {
  readonly kind: DifferenceKind;
  readonly name: string;
  /** ANY_VALUE for the name itself, whatever its value. */
  readonly value: string;
  readonly theseRows: number;
  readonly thoseRows: number;
  /** The log-likelihood ratio: the larger, the less likely is it by chance. */
  readonly significance: number;
}

/** As a filter, it matches every line that has the name. */
const ANY_VALUE = '*';

type Ask = Pick<LogView, 'aggregate' | 'facetsOfSides' | 'search'>;

/** @throws QueryTooLargeError, UnavailableError */
export async function compare(asked: CompareQuery, view: Ask, query: Query): Promise<Comparison> {
  const { these, those, names, limit } = asked;
  const whole = those.kind === 'rest' ? those.of : those.predicate;
  const conditions = conditionNames(these, whole);
  const facets = async (wanted: readonly string[] | undefined, values: readonly NamedValues[] = []): Promise<Sides> => {
    const sides = [these, whole].map((side) => ({ ...side, names: wanted }));
    const [own, all] = await view.facetsOfSides(sides, values, query);
    return sidesOf(own!, those.kind === 'rest' ? without(all!, own!) : all!);
  };
  const own = await facets(names);
  const theseRows = await countLines(these, view, query);
  const allRows = await countLines(whole, view, query);
  const thoseRows = those.kind === 'rest' ? allRows - theseRows : allRows;
  const compared = new Map([...own].filter(([name]) => !conditions.has(name)));
  const ids = [...compared].flatMap(([name, { areCounted }]) => (areCounted ? [] : [name])).toSorted();
  const samples = await samplesOf(ids, these, view, query);
  // In place of values that are too many to count.
  const derivedNames = [...samples].flatMap(([name, values]) => derivedOf(name, values));
  const patterns = names === undefined && !conditions.has(LINE_PATTERN) ? [LINE_PATTERN] : [];
  const derived = await facets([...patterns, ...derivedNames], frequentIds(samples));
  const rows = { theseRows, thoseRows };
  const found = [
    ...[...compared].flatMap(([name, side]) => differencesOf(name, side, rows)),
    ...[...derived].flatMap(([name, side]) => valuesOf(name, side, rows)),
  ];
  const ranked = found.toSorted(inOrder);
  return {
    ...rows,
    differences: ranked.slice(0, limit),
    differenceCount: ranked.length,
    conditions: [...conditions].toSorted(),
    ids,
    missing: (names ?? []).filter((name) => !own.has(name)),
  };
}

function inOrder(a: Difference, b: Difference): number {
  return (
    Number(b.kind === 'new') - Number(a.kind === 'new') ||
    b.significance - a.significance ||
    a.name.length - b.name.length ||
    (a.name + a.value < b.name + b.value ? -1 : 1)
  );
}

/** Values that are ids alone, or times, have no shape. */
const NO_SHAPE = /^(?:[0-9a-f-]{8,}|\d{4}-\d\d-\d\d[T ].*)$/i;
/** Names of numbers that have no size. */
const ID = /(?:^|[._-])id$|[a-z]Id$/;
const TIME = /^\d{4}-\d\d-\d\d[T ]/;

/** Returns the names by which values of a name that are too many to count are compared: numbers by size, texts by shape. */
function derivedOf(name: string, values: readonly string[]): string[] {
  if (values.length === 0) return [];
  if (values.every((value) => !Number.isNaN(numberOf(value)))) return ID.test(name) ? [] : [`${askedAs(name)}.log10`];
  const isLong = values.some((value) => Buffer.byteLength(value) > COMPARE_SHAPE_BYTES_MAX);
  return isLong || values.some((value) => NO_SHAPE.test(value)) ? [] : [`${askedAs(name)}.shape`];
}

/** Subtracts counts of some lines from those of all. */
function without(all: FacetCounts, some: FacetCounts): FacetCounts {
  const byName = new Map(some.facets.map((facet) => [facet.name, facet]));
  const facets = all.facets.map(({ name, rows, values }): Facet => {
    const own = byName.get(name);
    const left = values && new Map(values);
    for (const [value, count] of own?.values ?? []) left?.set(value, (left.get(value) ?? 0) - count);
    return { name, rows: rows - (own?.rows ?? 0), values: left };
  });
  return { ...all, facets };
}

/** The counts of a name on both sides. */
interface Side {
  readonly theseRows: number;
  readonly thoseRows: number;
  readonly these: ReadonlyMap<string, number>;
  readonly those: ReadonlyMap<string, number>;
  /** Whether there are few enough values to count, on both sides. */
  readonly areCounted: boolean;
}

type Sides = ReadonlyMap<string, Side>;

const NO_VALUES: ReadonlyMap<string, number> = new Map();

function sidesOf(these: FacetCounts, those: FacetCounts): Sides {
  const byName = (counts: FacetCounts): ReadonlyMap<string, Facet> =>
    new Map(counts.facets.map((facet) => [facet.name, facet]));
  const [a, b] = [byName(these), byName(those)];
  return new Map(
    [...new Set([...a.keys(), ...b.keys()])].map((name) => {
      const [own, other] = [a.get(name), b.get(name)];
      const side: Side = {
        theseRows: own?.rows ?? 0,
        thoseRows: other?.rows ?? 0,
        these: own?.values ?? NO_VALUES,
        those: other?.values ?? NO_VALUES,
        areCounted: [own, other].every((facet) => facet === undefined || facet.values !== undefined),
      };
      return [name, side];
    }),
  );
}

/** Names whose values the two searches themselves decide. */
function conditionNames(these: Predicate, those: Predicate): ReadonlySet<string> {
  const leaves = [these, those].flatMap(({ where }) => leavesOf(where));
  return new Set(leaves.flatMap((leaf) => (leaf.kind === 'value' && leaf.labelOnly !== true ? [leaf.name] : [])));
}

interface SideRows {
  readonly theseRows: number;
  readonly thoseRows: number;
}

/** The differences of a name and of its values; for a name with one value, both are the same. */
function differencesOf(name: string, side: Side, rows: SideRows): Difference[] {
  if (side.areCounted && valuesIn(side).size === 1) return valuesOf(name, side, rows);
  const ofName = difference(name, ANY_VALUE, side, rows);
  return [...(ofName === undefined ? [] : [ofName]), ...(side.areCounted ? valuesOf(name, side, rows) : [])];
}

function valuesIn({ these, those }: Side): ReadonlySet<string> {
  return new Set([...these.keys(), ...those.keys()]);
}

function valuesOf(name: string, side: Side, rows: SideRows): Difference[] {
  return [...valuesIn(side)].flatMap((value) => {
    const counts = { theseRows: side.these.get(value) ?? 0, thoseRows: side.those.get(value) ?? 0 };
    const found = difference(name, value, counts, rows);
    return found === undefined ? [] : [found];
  });
}

/** Returns undefined where a difference may be chance, or is small. */
function difference(
  name: string,
  value: string,
  { theseRows: a, thoseRows: b }: SideRows,
  { theseRows, thoseRows }: SideRows,
): Difference | undefined {
  const isMore = a * thoseRows > b * theseRows;
  if ((isMore ? a : b) < COMPARE_ROWS_MIN || theseRows === 0 || thoseRows === 0) return undefined;
  const [share, other] = [a / theseRows, b / thoseRows];
  if (Math.max(share, other) < COMPARE_RATIO_MIN * Math.min(share, other)) return undefined;
  const significance = logLikelihoodRatio(a, b, theseRows, thoseRows);
  if (significance < COMPARE_DIFFERENCE_MIN) return undefined;
  const kind = isMore ? (b === 0 ? 'new' : 'more') : a === 0 ? 'gone' : 'less';
  return { kind, name, value, theseRows: a, thoseRows: b, significance };
}

/** Twice the logarithm of how much more likely the counts are if the two shares differ. */
function logLikelihoodRatio(a: number, b: number, theseRows: number, thoseRows: number): number {
  const share = (a + b) / (theseRows + thoseRows);
  const term = (count: number, rows: number, expected: number): number =>
    count === 0 ? 0 : count * Math.log(count / (rows * expected));
  return (
    2 *
    (term(a, theseRows, share) +
      term(b, thoseRows, share) +
      term(theseRows - a, theseRows, 1 - share) +
      term(thoseRows - b, thoseRows, 1 - share))
  );
}

/** By name: values of some of these lines, the newest. */
async function samplesOf(
  ids: readonly string[],
  these: Predicate,
  view: Ask,
  query: Query,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const samples = new Map<string, string[]>(ids.map((name) => [name, []]));
  if (ids.length === 0) return samples;
  const plan = { ...these, direction: 'backward', limit: COMPARE_SAMPLE_LINES } as const;
  const sink = { kind: 'rows', fields: ids.map(askedAs) } as const;
  for await (const block of view.search(plan, sink, query)) {
    for (const [i, { values, isPresent }] of block.fields.entries()) {
      for (let row = 0; row < block.rowCount; row++) {
        if (isPresent[row] === 1) samples.get(ids[i]!)!.push(Buffer.from(textAt(values, row)).toString());
      }
    }
  }
  return samples;
}

/**
 * Returns values that many lines of the sample have, although their name has too many values to count: one user may have made
 * most of the errors.
 */
function frequentIds(samples: ReadonlyMap<string, readonly string[]>): NamedValues[] {
  const frequent = [...samples].flatMap(([name, sample]): NamedValues[] => {
    // Lines of one search have their times, whatever else they are.
    if (sample.some((value) => TIME.test(value))) return [];
    const counts = Map.groupBy(sample, (value) => value);
    const values = [...counts].filter(
      ([value, own]) =>
        value !== '' && own.length >= COMPARE_ROWS_MIN && own.length >= sample.length * COMPARE_ID_SHARE_MIN,
    );
    const largest = values.toSorted((a, b) => b[1].length - a[1].length).slice(0, COMPARE_ID_VALUES);
    return largest.length === 0 ? [] : [{ name, values: largest.map(([value]) => value) }];
  });
  return frequent.slice(0, COMPARE_IDS_MAX);
}
