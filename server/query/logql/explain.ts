/**
 * What becomes of a query: which conditions the store decides, which stages run over the lines that are left, and, once it
 * has run, what was read for it.
 */
import type { JsonLeaf, Leaf, ValueTest, Where } from '../../store/predicate.ts';
import { isEverything, leavesOf, type Predicate } from '../../store/predicate.ts';
import { type Discovery, isExact, predicateOf } from './select.ts';
import type { LogExpr, Query } from './syntax/ast.ts';
import { printQuery, printStage } from './syntax/print.ts';

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

/** @param visible  what the asker may see */
export function selectionsOf(query: Query, visible: Predicate, discovery: Discovery): Selection[] {
  return logsOf(query).map((log) => ({
    lines: printQuery(log),
    conditions: conditionsOf(predicateOf(log, visible, discovery).where),
    stages: isExact(log, discovery) ? [] : log.stages.map(printStage),
  }));
}

function logsOf(query: Query): LogExpr[] {
  switch (query.kind) {
    case 'log':
      return [query];
    case 'range':
      return [query.range.log];
    case 'aggregate':
    case 'label_replace':
      return logsOf(query.of);
    case 'binary':
      return [...logsOf(query.left), ...logsOf(query.right)];
    case 'variants':
      return query.of.flatMap(logsOf);
    case 'literal':
    case 'vector':
      return [];
  }
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
