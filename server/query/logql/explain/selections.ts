/**
 * What becomes of a query: which conditions the store decides, which stages run over the lines that are left, and, once it
 * has run, what was read for it.
 */
import type { Labels } from '../../../../shared/labels.ts';
import {
  isEverything,
  type JsonLeaf,
  type Leaf,
  leavesOf,
  type Predicate,
  type ValueTest,
  type Where,
} from '../../../store/predicate.ts';
import { jsonColumns, type UsedLabels } from '../json-columns.ts';
import { canGroupAtOnce, labelGroupingOf, wantedOf, withoutParsers } from '../metrics/wanted.ts';
import { type Discovery, isExact, predicateOf } from '../select.ts';
import type { Grouping, LogExpr, Query, RangeExpr } from '../syntax/ast.ts';
import { printQuery, printStage } from '../syntax/print.ts';

/** One stream selector of the query with its stages. */
export interface Selection {
  readonly lines: string;
  /** All of them hold for each line that is read. */
  readonly conditions: readonly Condition[];
  /** What runs over these lines; none where the conditions decide everything. */
  readonly stages: readonly string[];
}

export interface Condition {
  /** In the words of a search text. */
  readonly condition: string;
  /** Whole streams by their labels, row groups and lines by columns, or by the text of lines. */
  readonly by: readonly ('labels' | 'columns' | 'text')[];
}

/**
 * @param visible  what is searched
 * @param streamsOf  gives the labels of the streams that a query may select, by what each of its lines satisfies
 */
export async function selectionsOf(
  query: Query,
  visible: Predicate,
  discovery: Discovery,
  streamsOf: (asked: Predicate) => Promise<readonly Labels[]>,
): Promise<Selection[]> {
  const selections: Selection[] = [];
  for (const { log, used } of selectedBy(query)) {
    const asked = predicateOf(log, visible, discovery);
    const mayBeColumns = used !== undefined && log.stages.some(({ kind }) => kind === 'json');
    const columns = mayBeColumns && jsonColumns(log, used, await streamsOf(asked), { visible, asked }, discovery);
    selections.push({
      lines: printQuery(log),
      conditions: [...conditionsOf(asked.where), ...(columns ? conditionsOf(columns.added) : [])],
      stages: isExact(log, discovery) ? [] : log.stages.map(printStage),
    });
  }
  return selections;
}

interface Selected {
  readonly log: LogExpr;
  /** Labels that are used besides those of its filters; undefined where it is not known which. */
  readonly used: UsedLabels | undefined;
}

/** @param outer  the grouping of a sum around a range */
function selectedBy(query: Query, outer?: Grouping): Selected[] {
  switch (query.kind) {
    case 'log':
      return [{ log: query, used: { names: [] } }];
    case 'range':
      return [selectedByRange(query, outer)];
    case 'aggregate': {
      const isAtOnce = query.operation === 'sum' && query.of.kind === 'range' && canGroupAtOnce(query.of);
      return selectedBy(query.of, isAtOnce ? (query.grouping ?? { names: [], isWithout: false }) : undefined);
    }
    case 'label_replace':
      return selectedBy(query.of);
    case 'binary':
      return [...selectedBy(query.left), ...selectedBy(query.right)];
    case 'variants':
      return query.of.flatMap((each) => selectedBy(each));
    case 'literal':
    case 'vector':
      return [];
  }
}

function selectedByRange(expr: RangeExpr, outer: Grouping | undefined): Selected {
  const { log, unwrap } = expr.range;
  const grouping = labelGroupingOf(expr, outer);
  if (wantedOf(expr, grouping).nothing) return { log: withoutParsers(log), used: undefined };
  const isGrouped = grouping.isNone || !grouping.isWithout;
  const names = grouping.isNone ? [] : grouping.names;
  return { log, used: isGrouped && unwrap?.conversion === undefined ? { names, unwrap } : undefined };
}

/** Returns the parts that must all hold. */
export function conditionsOf(where: Where): Condition[] {
  if (isEverything(where)) return [];
  if (where.kind === 'all') return where.of.flatMap(conditionsOf);
  return [{ condition: textOf(where), by: [...new Set(leavesOf(where).map(decidedBy))] }];
}

function decidedBy(leaf: Leaf): Condition['by'][number] {
  switch (leaf.kind) {
    case 'text':
    case 'regexp':
      return 'text';
    case 'value':
      return leaf.labelOnly ? 'labels' : 'columns';
    case 'json':
      return 'columns';
  }
}

function textOf(where: Where): string {
  switch (where.kind) {
    case 'all':
      return joined(where.of, ' ');
    case 'any':
      return joined(where.of, ' or ');
    case 'not':
      return `-${textOf(where.of)}`;
    case 'text':
      return JSON.stringify(Buffer.from(where.needle).toString());
    case 'regexp':
      return `/${where.pattern}/`;
    case 'json':
      return jsonText(where);
    case 'value': {
      const room = where.labelOnly ? 'label.' : where.fieldOnly ? 'field.' : '';
      return `${room}${where.name}${where.tests.map(testText).join(',')}`;
    }
  }
}

/** The store knows what `| json` finds. */
function jsonText({ shape, labels }: JsonLeaf): string {
  const names = labels.map(({ name }) => name).join(', ');
  const found = names === '' ? 'fields' : `${names} in columns`;
  return `(| json finds ${found}${shape === 'any' ? ' or nothing' : ''})`;
}

function joined(of: readonly Where[], by: string): string {
  const text = of.map(textOf).join(by);
  return of.length === 1 ? text : `(${text})`;
}

function testText(test: ValueTest): string {
  switch (test.kind) {
    case 'exists':
      return ':*';
    case 'equals':
      return `:${plain(Buffer.from(test.text).toString())}`;
    case 'wildcard':
      return `:${test.parts.map((part) => Buffer.from(part).toString()).join('*')}`;
    case 'regexp':
      return `:/${test.pattern}/`;
    case 'compare':
      return `${test.operator}${test.operand.value}`;
  }
}

function plain(value: string): string {
  return /^[\w./-]+$/.test(value) ? value : JSON.stringify(value);
}
