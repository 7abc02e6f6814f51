/**
 * Which labels a range aggregation needs of its lines: a parser that finds nothing else is skipped, and with it its errors,
 * as Loki does.
 */
import { PARSERS } from '../pipeline/compile.ts';
import type { Wanted } from '../pipeline/stage.ts';
import type { Grouping, LabelFilter, LogExpr, RangeExpr, RangeOperation, Stage } from '../syntax/ast.ts';
import { compileTemplate } from '../template/compile.ts';
import { TemplateError } from '../template/errors.ts';

/** What becomes of the labels of a line: all, none, some, or all but some. */
export interface LabelGrouping {
  readonly names: readonly string[];
  readonly isWithout: boolean;
  readonly isNone: boolean;
}

export const NO_GROUPS: LabelGrouping = { names: [], isWithout: false, isNone: true };

const SUMMABLE: ReadonlySet<RangeOperation> = new Set([
  'bytes_over_time',
  'bytes_rate',
  'sum_over_time',
  'rate',
  'count_over_time',
] as const);

/** Whether a sum may group lines at once, instead of the series that they give. */
export function canGroupAtOnce({ operation, grouping }: RangeExpr): boolean {
  return SUMMABLE.has(operation) && grouping === undefined;
}

/** @param outer  of a sum around it */
export function labelGroupingOf({ operation, range, grouping }: RangeExpr, outer?: Grouping): LabelGrouping {
  // Its labels are those of the selector.
  if (operation === 'absent_over_time') return NO_GROUPS;
  const own = outer ?? grouping;
  const isNone = own !== undefined && own.names.length === 0 && !own.isWithout;
  const names = [...new Set(own?.names)].toSorted();
  const isWithout = own === undefined || own.isWithout;
  // The unwrapped label does not belong to the series.
  if (range.unwrap === undefined || !isWithout) return { names, isWithout, isNone };
  return { names: [...names, range.unwrap.name], isWithout, isNone };
}

export function wantedOf({ range }: RangeExpr, { names, isWithout, isNone }: LabelGrouping): Wanted {
  const used = new Set<string>();
  const isAllUsed = range.log.stages.some((stage) => !addUsed(stage, used));
  for (const filter of range.unwrap?.filters ?? []) addFiltered(filter, used);
  if (range.unwrap !== undefined) used.add(range.unwrap.name);
  if (isAllUsed || (isWithout && !isNone)) return { nothing: false, isWanted: () => true };
  for (const name of names) used.add(name);
  const wanted = new Set<string>();
  for (const name of used) {
    wanted.add(name);
    wanted.add(name.endsWith('_extracted') ? name.slice(0, -'_extracted'.length) : `${name}_extracted`);
  }
  return { nothing: isNone && used.size === 0, isWanted: (name) => wanted.has(name) };
}

/** Adds the labels that a stage reads; returns false where it may read any. */
function addUsed(stage: Stage, used: Set<string>): boolean {
  switch (stage.kind) {
    case 'labels':
      addFiltered(stage.filter, used);
      return true;
    case 'line_format':
      return addTemplate(stage.template, used);
    case 'label_format':
      return stage.formats
        .map(({ value, isTemplate }) => (isTemplate ? addTemplate(value, used) : used.add(value) && true))
        .every(Boolean);
    case 'drop':
    case 'keep':
      for (const { name, matcher } of stage.labels) if (matcher !== undefined) used.add(name);
      return true;
    default:
      return true;
  }
}

function addFiltered(filter: LabelFilter, used: Set<string>): void {
  switch (filter.kind) {
    case 'and':
    case 'or':
      addFiltered(filter.left, used);
      addFiltered(filter.right, used);
      return;
    case 'matcher':
      used.add(filter.matcher.name);
      return;
    default:
      used.add(filter.name);
  }
}

function addTemplate(text: string, used: Set<string>): boolean {
  const labels = labelsOf(text);
  for (const name of labels ?? []) used.add(name);
  return labels !== undefined;
}

/** Returns undefined where the template may read any; one that is wrong is refused later. */
function labelsOf(text: string): ReadonlySet<string> | undefined {
  try {
    return compileTemplate(text).labels;
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return new Set();
  }
}

/** Whether a stage reads the line itself. */
function readsLine(stage: Stage): boolean {
  switch (stage.kind) {
    case 'labels':
    case 'drop':
    case 'keep':
      return false;
    case 'label_format':
      return stage.formats.some(({ value, isTemplate }) => isTemplate && value.includes('__line__'));
    case 'line_format':
      return stage.template.includes('__line__');
    default:
      return true;
  }
}

/** Leaves out formats of lines that nothing reads afterwards, with their errors, unless the size of lines counts. */
export function withoutIdleFormats(stages: readonly Stage[], operation: RangeOperation): readonly Stage[] {
  if (operation === 'bytes_over_time' || operation === 'bytes_rate') return stages;
  return stages.filter((stage, i) => stage.kind !== 'line_format' || stages.slice(i + 1).some(readsLine));
}

/** Parsers that nothing needs are skipped, with their errors. */
export function withoutParsers(log: LogExpr): LogExpr {
  return { ...log, stages: log.stages.filter(({ kind }) => kind === 'unpack' || !PARSERS.has(kind)) };
}
