/** `label_replace`: a label made of parts of another one. */
import { compileMatches, expanded } from '../syntax/matches.ts';
import type { LabelReplaceExpr } from '../syntax/ast.ts';
import { type Series, withoutEmpty } from './series.ts';

export function labelReplaced(
  { target, replacement, source, pattern }: LabelReplaceExpr,
  series: readonly Series[],
): Series[] {
  const { first } = compileMatches(`^(?:${pattern})$`);
  return series.map((each) => {
    const match = first(each.labels.find(([name]) => name === source)?.[1] ?? '');
    if (match === undefined) return each;
    const value = expanded(replacement, match);
    const others = withoutEmpty(each.labels).filter(([name]) => name !== target);
    const labels =
      value === '' ? others : [...others, [target, value] as const].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return { ...each, labels };
  });
}
