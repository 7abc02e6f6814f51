/** A LogQL query as data. ./parser.ts makes it, ./print.ts writes it, ../pipeline/ and ../metrics/ run it. */

export type Query = LogExpr | MetricExpr | VariantsExpr;

/** A stream selector, and what happens to its lines. */
export interface LogExpr {
  readonly kind: 'log';
  readonly matchers: readonly Matcher[];
  readonly stages: readonly Stage[];
}

export type MatchOperator = '=' | '!=' | '=~' | '!~';

export interface Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
}

export type Stage =
  | LineFilter
  | Parser
  | { readonly kind: 'labels'; readonly filter: LabelFilter }
  | { readonly kind: 'line_format'; readonly template: string }
  | { readonly kind: 'label_format'; readonly formats: readonly LabelFormat[] }
  | { readonly kind: 'decolorize' }
  | { readonly kind: 'drop' | 'keep'; readonly labels: readonly NamedLabel[] };

export type LineOperator = '|=' | '|~' | '|>' | '!=' | '!~' | '!>';

/** A line has one of the texts; with a negative operator, none of them. */
export interface LineFilter {
  readonly kind: 'line';
  readonly operator: LineOperator;
  readonly texts: readonly LineText[];
}

export interface LineText {
  readonly text: string;
  /** A pattern of IP addresses, in `ip("…")`. */
  readonly isIp: boolean;
}

export type Parser =
  | { readonly kind: 'json'; readonly expressions: readonly Extraction[] }
  | {
      readonly kind: 'logfmt';
      readonly expressions: readonly Extraction[];
      readonly isStrict: boolean;
      readonly keepsEmpty: boolean;
    }
  | { readonly kind: 'regexp' | 'pattern'; readonly pattern: string }
  | { readonly kind: 'unpack' }
  /** Not of Loki: the fields that podlog finds in a line of any format. */
  | { readonly kind: 'podlog' };

/** A label, and where its value is in the line. */
export interface Extraction {
  readonly name: string;
  readonly expression: string;
}

/** A label made from a template or, without one, from another label. */
export interface LabelFormat {
  readonly name: string;
  readonly value: string;
  readonly isTemplate: boolean;
}

/** A label, or only one with such a value. */
export interface NamedLabel {
  readonly name: string;
  readonly matcher?: Matcher;
}

export type CompareOperator = '==' | '!=' | '>' | '>=' | '<' | '<=';

export type LabelFilter =
  | { readonly kind: 'matcher'; readonly matcher: Matcher }
  | { readonly kind: 'ip'; readonly name: string; readonly operator: '=' | '!='; readonly pattern: string }
  | NumberFilter
  | { readonly kind: 'and' | 'or'; readonly left: LabelFilter; readonly right: LabelFilter };

/** Durations are in nanoseconds. */
export interface NumberFilter {
  readonly kind: 'number' | 'duration' | 'bytes';
  readonly name: string;
  readonly operator: CompareOperator;
  readonly value: number;
}

export type MetricExpr = RangeExpr | VectorExpr | BinaryExpr | LiteralExpr | LabelReplaceExpr | VectorOfExpr;

export interface LogRange {
  readonly log: LogExpr;
  readonly rangeNs: bigint;
  readonly offsetNs: bigint;
  readonly unwrap?: Unwrap;
}

export type Conversion = 'bytes' | 'duration' | 'duration_seconds';

export interface Unwrap {
  readonly name: string;
  readonly conversion?: Conversion;
  /** Applied to the lines whose label could be read, and to those that have an error. */
  readonly filters: readonly LabelFilter[];
}

export interface Grouping {
  readonly isWithout: boolean;
  readonly names: readonly string[];
}

export interface RangeExpr {
  readonly kind: 'range';
  readonly operation: RangeOperation;
  readonly parameter?: number;
  readonly range: LogRange;
  readonly grouping?: Grouping;
}

export interface VectorExpr {
  readonly kind: 'aggregate';
  readonly operation: VectorOperation;
  readonly parameter?: number;
  readonly of: MetricExpr;
  readonly grouping?: Grouping;
}

export type SetOperator = 'and' | 'or' | 'unless';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '^';
export type BinaryOperator = SetOperator | ArithmeticOperator | CompareOperator;

/** Which series of both sides belong together. */
export interface Matching {
  readonly isOn: boolean;
  readonly names: readonly string[];
  /** The side with several series for one of the other. */
  readonly many?: 'left' | 'right';
  /** Labels of the other side that the result gets. */
  readonly include: readonly string[];
}

export interface BinaryExpr {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: MetricExpr;
  readonly right: MetricExpr;
  readonly isBool: boolean;
  readonly matching?: Matching;
}

export interface LiteralExpr {
  readonly kind: 'literal';
  readonly value: number;
}

export interface LabelReplaceExpr {
  readonly kind: 'label_replace';
  readonly of: MetricExpr;
  readonly target: string;
  readonly replacement: string;
  readonly source: string;
  readonly pattern: string;
}

export interface VectorOfExpr {
  readonly kind: 'vector';
  readonly value: number;
}

/** Several metrics of the same lines. */
export interface VariantsExpr {
  readonly kind: 'variants';
  readonly of: readonly MetricExpr[];
  readonly range: LogRange;
}

export type RangeOperation =
  | 'count_over_time'
  | 'rate'
  | 'rate_counter'
  | 'bytes_over_time'
  | 'bytes_rate'
  | 'avg_over_time'
  | 'sum_over_time'
  | 'min_over_time'
  | 'max_over_time'
  | 'stdvar_over_time'
  | 'stddev_over_time'
  | 'quantile_over_time'
  | 'first_over_time'
  | 'last_over_time'
  | 'absent_over_time';

export type VectorOperation =
  | 'sum'
  | 'avg'
  | 'count'
  | 'max'
  | 'min'
  | 'stddev'
  | 'stdvar'
  | 'bottomk'
  | 'topk'
  | 'approx_topk'
  | 'sort'
  | 'sort_desc';

export function isSetOperator(operator: BinaryOperator): operator is SetOperator {
  return operator === 'and' || operator === 'or' || operator === 'unless';
}
