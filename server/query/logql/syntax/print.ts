/**
 * Writes a query in the one form that each has; parsing it gives the query again, unless a number is not finite or a name is
 * beyond ASCII. Errors name stages in it, and `format_query` answers with it.
 */
import type {
  BinaryExpr,
  Grouping,
  LabelFilter,
  LineFilter,
  LogExpr,
  LogRange,
  Matcher,
  Matching,
  MetricExpr,
  NamedLabel,
  NumberFilter,
  Query,
  Stage,
  Unwrap,
} from './ast.ts';
import { goFloat, plainFloat } from './go-float.ts';
import { goDuration, humanBytes, parseBytes, prometheusDuration } from './durations.ts';
import { quoted } from '../../../../shared/go-quote.ts';

export function printQuery(query: Query): string {
  switch (query.kind) {
    case 'log':
      return printLog(query);
    case 'variants':
      return `variants(${query.of.map(printQuery).join(', ')}) of (${printRange(query.range)})`;
    default:
      return printMetric(query);
  }
}

function printLog({ matchers, stages }: LogExpr): string {
  return [printSelector(matchers), ...stages.map(printStage)].join(' ');
}

export function printSelector(matchers: readonly Matcher[]): string {
  return `{${matchers.map(printMatcher).join(', ')}}`;
}

function printMatcher({ name, operator, value }: Matcher): string {
  return (/^[A-Za-z_:][A-Za-z0-9_:]*$/.test(name) ? name : quoted(name)) + operator + quoted(value);
}

export function printStage(stage: Stage): string {
  switch (stage.kind) {
    case 'line':
      return printLine(stage);
    case 'json':
      return words('| json', printExtractions(stage.expressions));
    case 'logfmt': {
      const flags = [stage.isStrict ? '--strict' : '', stage.keepsEmpty ? '--keep-empty' : ''];
      return words('| logfmt', ...flags, printExtractions(stage.expressions));
    }
    case 'regexp':
    case 'pattern':
      return `| ${stage.kind} ${quoted(stage.pattern)}`;
    case 'unpack':
    case 'podlog':
    case 'decolorize':
      return `| ${stage.kind}`;
    case 'labels':
      return `| ${printFilter(stage.filter)}`;
    case 'line_format':
      return `| line_format ${quoted(stage.template)}`;
    case 'label_format': {
      const formats = stage.formats.map(
        ({ name, value, isTemplate }) => `${name}=${isTemplate ? quoted(value) : value}`,
      );
      return `| label_format ${formats.join(',')}`;
    }
    case 'drop':
    case 'keep':
      return `| ${stage.kind} ${stage.labels.map(printNamed).join(',')}`;
  }
}

function words(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}

function printLine({ operator, texts }: LineFilter): string {
  return `${operator} ${texts.map(({ text, isIp }) => (isIp ? `ip(${quoted(text)})` : quoted(text))).join(' or ')}`;
}

function printExtractions(list: readonly { readonly name: string; readonly expression: string }[]): string {
  return list.map(({ name, expression }) => `${name}=${quoted(expression)}`).join(',');
}

function printNamed({ name, matcher }: NamedLabel): string {
  return matcher === undefined ? name : printMatcher(matcher);
}

function printFilter(filter: LabelFilter): string {
  switch (filter.kind) {
    case 'matcher':
      return printMatcher(filter.matcher);
    case 'ip':
      return `${filter.name}${filter.operator}ip(${quoted(filter.pattern)})`;
    case 'and':
    case 'or':
      return `( ${printFilter(filter.left)} ${filter.kind === 'and' ? ',' : 'or'} ${printFilter(filter.right)} )`;
    default:
      return filter.name + filter.operator + printOperand(filter);
  }
}

function printOperand({ kind, value }: NumberFilter): string {
  switch (kind) {
    case 'number':
      return plainFloat(value);
    case 'duration':
      return goDuration(BigInt(value));
    case 'bytes': {
      // `0B` would begin a binary number.
      if (value === 0) return '0kB';
      const short = humanBytes(value);
      return parseBytes(short) === value ? short : `${value}B`;
    }
  }
}

function printMetric(expr: MetricExpr): string {
  switch (expr.kind) {
    case 'literal':
      return goFloat(expr.value);
    case 'vector':
      return `vector(${withSixDigits(expr.value)})`;
    case 'range':
      return `${expr.operation}(${parameter(expr.parameter)}${printRange(expr.range)})${printGrouping(expr.grouping)}`;
    case 'aggregate':
      return `${expr.operation}${printVectorGrouping(expr.grouping)}(${parameter(expr.parameter)}${printMetric(expr.of)})`;
    case 'label_replace': {
      const texts = [expr.target, expr.replacement, expr.source, expr.pattern].map(quoted);
      return `label_replace(${[printMetric(expr.of), ...texts].join(',')})`;
    }
    case 'binary': {
      const modifiers = printModifiers(expr);
      return `(${printMetric(expr.left)} ${expr.operator}${modifiers} ${printMetric(expr.right)})`;
    }
  }
}

function parameter(value: number | undefined): string {
  return value === undefined ? '' : `${goFloat(value)},`;
}

function printRange(range: LogRange): string {
  const unwrap = range.unwrap === undefined ? '' : ` ${printUnwrap(range.unwrap)}`;
  return `${printLog(range.log)}${unwrap}${printRangeEnd(range)}`;
}

function printRangeEnd({ rangeNs, offsetNs }: LogRange): string {
  const offset = offsetNs === 0n ? '' : ` offset ${goDuration(offsetNs)}`;
  return `[${prometheusDuration(rangeNs)}]${offset}`;
}

export function printUnwrap({ name, conversion, filters }: Unwrap): string {
  const label = conversion === undefined ? name : `${conversion}(${name})`;
  return [`| unwrap ${label}`, ...filters.map((filter) => `| ${printFilter(filter)}`)].join(' ');
}

export function printGrouping(grouping: Grouping | undefined, separator = ','): string {
  if (grouping === undefined) return '';
  return ` ${grouping.isWithout ? 'without' : 'by'} (${grouping.names.join(separator)})`;
}

/** A grouping by no names is printed as none. */
export function printVectorGrouping(grouping: Grouping | undefined, separator = ','): string {
  return grouping?.isWithout === false && grouping.names.length === 0 ? '' : printGrouping(grouping, separator);
}

/** Returns what is between an operator and the space before its right side. */
export function printModifiers({ isBool, matching, right }: BinaryExpr, separator = ','): string {
  return (isBool ? ' bool' : '') + printMatching(matching, separator, right.kind === 'binary');
}

/**
 * Labels that are matched are followed by a space, whether or not a side is grouped: Loki's form has it.
 * @param isBeforeParenthesis  which would be read as labels of the group
 */
function printMatching(matching: Matching | undefined, separator: string, isBeforeParenthesis: boolean): string {
  if (matching === undefined) return '';
  const { isOn, names, many, include } = matching;
  const included = include.length === 0 && !isBeforeParenthesis ? '' : ` (${include.join(separator)})`;
  const group = many === undefined ? '' : `group_${many}${included}`;
  return ` ${isOn ? 'on' : 'ignoring'} (${names.join(separator)}) ${group}`;
}

/** As Loki prints it, unless digits would be lost. */
function withSixDigits(value: number): string {
  const text = value.toFixed(6);
  return Number(text) === value ? text : goFloat(value);
}
