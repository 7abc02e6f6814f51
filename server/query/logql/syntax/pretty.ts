/** Writes a query over several lines where it is too long for one: what `format_query` answers with. */
import type { LogExpr, LogRange, MetricExpr, Query } from './ast.ts';
import { goFloat } from './go-float.ts';
import {
  printGrouping,
  printModifiers,
  printQuery,
  printSelector,
  printStage,
  printUnwrap,
  printVectorGrouping,
} from './print.ts';
import { prometheusDuration } from './durations.ts';
import { quoted } from '../../../../shared/go-quote.ts';

const LINE_CHARS_MAX = 100;
const INDENT = '  ';

export function prettyQuery(query: Query, level = 0): string {
  const short = printQuery(query);
  if (query.kind !== 'variants' && short.length <= LINE_CHARS_MAX) return INDENT.repeat(level) + short;
  switch (query.kind) {
    case 'log':
      return prettyLog(query, level);
    case 'variants':
      return wrapped(
        `variants`,
        query.of.map((each) => prettyQuery(each, level + 1)),
        ` of (\n${prettyRange(query.range, level + 1)}\n${INDENT.repeat(level)})`,
        level,
      );
    default:
      return prettyMetric(query, level);
  }
}

function prettyLog(expr: LogExpr, level: number): string {
  const { matchers, stages } = expr;
  const short = printQuery(expr);
  if (short.length <= LINE_CHARS_MAX) return INDENT.repeat(level) + short;
  const lines = stages.map((stage, i) => {
    const isNext = stage.kind === 'line' && stages[i - 1]?.kind === 'line';
    const margin = stage.kind === 'decolorize' ? '' : INDENT.repeat(level + 1);
    return `${isNext ? ' ' : `\n${margin}`}${printStage(stage)}`;
  });
  return [INDENT.repeat(level) + printSelector(matchers), ...lines].join('');
}

function prettyMetric(expr: MetricExpr, level: number): string {
  const margin = INDENT.repeat(level);
  const inner = INDENT.repeat(level + 1);
  const parameter = (value: number | undefined): string[] => (value === undefined ? [] : [inner + goFloat(value)]);
  switch (expr.kind) {
    case 'range':
      return wrapped(
        expr.operation,
        [...parameter(expr.parameter), prettyRange(expr.range, level + 1)],
        printGrouping(expr.grouping, ', '),
        level,
      );
    case 'aggregate':
      return wrapped(
        `${expr.operation}${printVectorGrouping(expr.grouping, ', ')}`,
        [...parameter(expr.parameter), prettyQuery(expr.of, level + 1)],
        '',
        level,
      );
    case 'label_replace': {
      const texts = [expr.target, expr.replacement, expr.source, expr.pattern].map((text) => inner + quoted(text));
      return wrapped('label_replace', [prettyQuery(expr.of, level + 1), ...texts], '', level);
    }
    case 'binary': {
      const operator = expr.operator + printModifiers(expr, ', ');
      const sides = [expr.left, expr.right].map((side) => prettyQuery(side, level + 1));
      const joined = sides.join(`\n${margin}${operator}\n`);
      // Without parentheses an inner one would mean something else.
      return level === 0 ? joined : `${margin}(\n${joined}\n${margin})`;
    }
    case 'literal':
    case 'vector':
      return margin + printQuery(expr);
  }
}

function prettyRange(range: LogRange, level: number): string {
  const unwrap = range.unwrap === undefined ? '' : `\n${INDENT.repeat(level + 1)}${printUnwrap(range.unwrap)}`;
  const offset = range.offsetNs === 0n ? '' : ` offset ${prometheusDuration(range.offsetNs)}`;
  return `${prettyLog(range.log, level)}${unwrap} [${prometheusDuration(range.rangeNs)}]${offset}`;
}

function wrapped(head: string, parts: readonly string[], tail: string, level: number): string {
  const margin = INDENT.repeat(level);
  return `${margin}${head}(\n${parts.join(',\n')}\n${margin})${tail}`;
}
