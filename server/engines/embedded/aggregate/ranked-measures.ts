/** The measures by which groups are compared: all groups have them, while others are those of the answer alone. */
import type { AggregatePlan, Cell, Having, Measure, OrderBy } from '../../../store/aggregate-plan.ts';

export type Ranking = Pick<AggregatePlan, 'orderBy' | 'having'>;

/**
 * The measures that all groups are compared by, in their order, and the comparisons with indexes into these. `places` has
 * that of each measure of the plan, among the compared ones and then those that these do not show as a whole.
 */
export function rankedMeasures(
  { orderBy, having = [] }: AggregatePlan,
  measures: readonly Measure[],
): { readonly ranked: readonly Measure[]; readonly ranking: Ranking; readonly places: readonly number[] } {
  const all = [orderBy, ...having.map(({ ranked }) => ranked)].filter((each) => each !== undefined);
  const used = [...new Set(all.map(({ measure }) => measure))].toSorted((a, b) => a - b);
  const ranked = used.map((index) => {
    const measure = measures[index]!;
    const needsQuantiles = all.some(({ measure: own, by }) => own === index && typeof by === 'number');
    return measure.kind === 'numbers' && !needsQuantiles ? { ...measure, quantiles: [] } : measure;
  });
  const moved = (each: OrderBy | undefined): OrderBy | undefined =>
    each && { ...each, measure: used.indexOf(each.measure) };
  let count = ranked.length;
  return {
    ranked,
    ranking: {
      orderBy: moved(orderBy),
      having: having.map((each): Having => ({ ...each, ranked: moved(each.ranked) })),
    },
    places: measures.map((measure, i) => {
      const place = used.indexOf(i);
      return place >= 0 && isWhole(measure, ranked[place]!) ? place : count++;
    }),
  };
}

/** Whether what is compared shows all that was asked for. */
function isWhole(asked: Measure, ranked: Measure): boolean {
  return asked === ranked || asked.kind !== 'numbers' || asked.quantiles.length === 0;
}

/** Puts the measures of a cell into the order of the plan. */
export function inPlaces(cell: Cell, places: readonly number[]): Cell {
  return { ...cell, measures: places.map((place) => cell.measures[place]!) };
}
