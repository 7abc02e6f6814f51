/** Finds out whether the numbers of a range aggregation are all in columns: where `| json` finds them, and what they are grouped by. */
import type { Labels } from '../../../../shared/labels.ts';
import type { Predicate } from '../../../store/predicate.ts';
import { jsonColumns } from '../json-columns.ts';
import { hasLines } from '../lines-plan.ts';
import type { RangeExpr } from '../syntax/ast.ts';
import type { Evaluation } from './evaluation.ts';
import type { LabelGrouping } from './wanted.ts';

export interface NumberColumns {
  /** The lines that have a number. */
  readonly known: Predicate;
  /** Name of the label whose values are the numbers. */
  readonly unwrapped: string;
  /** Labels that the lines are grouped by. */
  readonly names: readonly string[];
  /** Whether a label is one that the parser finds, in streams that do not have it. */
  readonly isFound: (name: string) => boolean;
  /** Labels of the streams that the query may select. */
  readonly streams: readonly Labels[];
}

/**
 * Returns undefined where some lines must be read.
 * @param visible  what the asker may see, in the time range
 * @param asked  the same, and what each line that can be used satisfies
 */
export async function numberColumns(
  { range }: RangeExpr,
  grouping: LabelGrouping,
  predicates: { readonly visible: Predicate; readonly asked: Predicate },
  { view, query, discovery }: Evaluation,
): Promise<NumberColumns | undefined> {
  const { log, unwrap } = range;
  const isGrouped = grouping.isNone || !grouping.isWithout;
  const isJson = log.stages.some(({ kind }) => kind === 'json');
  if (unwrap === undefined || unwrap.conversion !== undefined || !isGrouped || !isJson) return undefined;
  const names = grouping.isNone ? [] : grouping.names;
  const streams = await view.streams(predicates.asked, query);
  const columns = jsonColumns(log, { names, unwrap }, streams, predicates, discovery);
  if (columns === undefined || (await hasLines(columns.others, undefined, 'forward', view, query))) return undefined;
  const { known, isFound } = columns;
  return { known, unwrapped: unwrap.name, names, isFound, streams };
}
