/**
 * Counts lines, or their bytes, without reading them: where a range aggregation has no stages but filters that the store
 * decides, and labels of its series are those of streams, or are found by `| json` in columns. The walk in ./range.ts is the truth that tests hold it against.
 */
import type { Labels } from '../../../../shared/labels.ts';
import { floorDivided } from '../../../../shared/time.ts';
import { LOGQL_GROUPS_MAX } from '../../../limits.ts';
import { type AggregatePlan, type Cell, WHOLE_STREAM } from '../../../store/aggregate-plan.ts';
import { jsonLabel } from '../../../store/asked-name.ts';
import type { Predicate } from '../../../store/predicate.ts';
import { DETECTED_LEVEL } from '../detected-level.ts';
import { jsonColumns } from '../json-columns.ts';
import { lokiLabels } from '../known-streams.ts';
import { type Discovery, isExact, predicateOf } from '../select.ts';
import type { LogExpr, RangeExpr, RangeOperation } from '../syntax/ast.ts';
import { areSomeEmpty, cellsOf, partNsOf } from './cells.ts';
import type { Evaluation } from './evaluation.ts';
import { groupedLabels, type SeriesLabels } from './series.ts';
import type { LabelGrouping } from './wanted.ts';

export interface Counted {
  readonly labels: SeriesLabels;
  /** The range of steps whose windows contain all of these lines. */
  readonly first: number;
  readonly last: number;
  readonly lines: number;
  readonly value: number;
}

const COUNTING: ReadonlySet<RangeOperation> = new Set([
  'count_over_time',
  'rate',
  'bytes_over_time',
  'bytes_rate',
  'absent_over_time',
] as const);

export interface CountedAtOnce {
  /** Made as they are taken. */
  readonly parts: Iterable<Counted>;
  /** Lines that are not among them and must be read; undefined for none. */
  readonly others: Predicate | undefined;
}

/** Which lines are counted, by what, and how a group of them is called. */
interface Counting {
  readonly known: Predicate;
  readonly others: Predicate | undefined;
  readonly by: readonly string[];
  /** Labels among these that are from the lines, in their order. */
  readonly found: readonly string[];
}

/**
 * Returns undefined where lines must be read, or would be grouped into too many parts.
 * @param log  that of the range, without parsers that nothing needs
 * @param visible  what the asker may see, in the time range
 * @param asked  the same, and what each line that can be used satisfies
 */
export async function countedAtOnce(
  { operation, range }: RangeExpr,
  log: LogExpr,
  grouping: LabelGrouping,
  predicates: { readonly visible: Predicate; readonly asked: Predicate },
  evaluation: Evaluation,
): Promise<CountedAtOnce | undefined> {
  const { steps, view, query, discovery } = evaluation;
  if (!COUNTING.has(operation) || range.unwrap !== undefined) return undefined;
  const partNs = partNsOf(range.rangeNs, steps);
  if (partNs === 0n) return undefined;
  if (!mayBeCounted(log)) return undefined;
  const areStreamsAsked = !grouping.isNone || log.stages.some(({ kind }) => kind === 'json');
  const streams = areStreamsAsked ? await view.streams(predicates.asked, query) : [];
  const counting = countingOf(log, grouping, streams, predicates, discovery);
  if (counting === undefined) return undefined;
  const { known, others, by } = counting;
  const beginNs = known.from!;
  const partCount = Number((known.to! - beginNs + partNs - 1n) / partNs);
  if (others === undefined && partCount * (by.length === 0 ? 1 : streams.length) > LOGQL_GROUPS_MAX) return undefined;
  const shiftNs = beginNs - floorDivided(beginNs, partNs) * partNs;
  const plan: AggregatePlan = {
    ...known,
    by,
    measures: operation.startsWith('bytes') ? [{ kind: 'bytes' }] : [],
    stepNs: partNs,
    offsetNs: shiftNs,
    limit: undefined,
    groupsMax: LOGQL_GROUPS_MAX,
  };
  const before = query.statistics.withMetadata;
  const cells = await cellsOf(plan, evaluation);
  if (cells === undefined) return undefined;
  const mayHaveMetadata =
    others === undefined && query.statistics.withMetadata > before && !isOfLabels(grouping, streams, discovery);
  const firstFound = by.length - counting.found.length;
  const valueOf = ({ by: values }: Cell, i: number): string => values[firstFound + i]!;
  const isUnsure = mayHaveMetadata || (await areSomeEmpty(known, counting.found, cells, valueOf, evaluation));
  if (isUnsure) return undefined;
  const firstNs = steps.start - range.offsetNs;
  const isServiceNameShown = discovery.serviceName && discovery.isServiceNameHidden !== true;
  const parts = cells.values().map((cell): Counted => {
    const [measured] = cell.measures;
    // A part has the times in (endNs - partNs, endNs].
    const endNs = BigInt(cell.bucket + 1) * partNs + shiftNs - 1n;
    return {
      labels: labelsOf(cell, counting, grouping, isServiceNameShown),
      first: Math.max(0, Number(-floorDivided(firstNs - endNs, steps.stepNs))),
      last: Math.min(steps.count - 1, Number(floorDivided(endNs - partNs + range.rangeNs - firstNs, steps.stepNs))),
      lines: cell.rows,
      value: measured?.kind === 'bytes' ? measured.bytes : cell.rows,
    };
  });
  return { parts, others };
}

/** Whether all stages are of kinds that may be decided without reading lines. */
function mayBeCounted({ stages }: LogExpr): boolean {
  const kinds = new Set(stages.map(({ kind }) => kind));
  const isJson = kinds.has('json');
  return kinds.values().every((kind) => kind === 'line' || (isJson && (kind === 'json' || kind === 'labels')));
}

function countingOf(
  log: LogExpr,
  grouping: LabelGrouping,
  streams: readonly Labels[],
  predicates: { readonly visible: Predicate; readonly asked: Predicate },
  discovery: Discovery,
): Counting | undefined {
  if (log.stages.every(({ kind }) => kind === 'line')) {
    const isOfStreams = !discovery.logLevels || grouping.isNone || namesNoLevel(grouping);
    if (!isOfStreams || !isExact(log, discovery)) return undefined;
    const known = predicateOf(log, predicates.visible, discovery);
    return { known, others: undefined, by: grouping.isNone ? [] : [WHOLE_STREAM], found: [] };
  }
  if (grouping.isWithout && !grouping.isNone) return undefined;
  const names = grouping.isNone ? [] : grouping.names;
  const columns = jsonColumns(log, { names }, streams, predicates, discovery);
  if (columns === undefined) return undefined;
  const found = names.filter(columns.isFound);
  const isOfLines = found.every((name) => streams.every((labels) => !Object.hasOwn(labels, name)));
  const ofStreams = found.length === names.length && isOfLines ? [] : [WHOLE_STREAM];
  return { known: columns.known, others: columns.others, by: [...ofStreams, ...found.map(jsonLabel)], found };
}

/** Whether each label of the series is one of every stream, so that metadata of its name loses against it. */
function isOfLabels(
  { names, isWithout, isNone }: LabelGrouping,
  streams: readonly Labels[],
  discovery: Discovery,
): boolean {
  if (isNone) return true;
  return (
    !isWithout &&
    streams.map((labels) => lokiLabels(labels, discovery)).every((own) => names.every((name) => own.has(name)))
  );
}

function namesNoLevel({ names, isWithout }: LabelGrouping): boolean {
  return names.some((name) => name.startsWith(DETECTED_LEVEL)) === isWithout;
}

function labelsOf(
  { by }: Cell,
  { by: asked, found }: Counting,
  { names, isWithout, isNone }: LabelGrouping,
  serviceName: boolean,
): SeriesLabels {
  if (isNone) return [];
  const stream = asked[0] === WHOLE_STREAM ? by[0] : undefined;
  const labels: Labels = stream === undefined ? {} : Object.fromEntries(JSON.parse(stream) as [string, string][]);
  const own = stream === undefined ? new Map<string, string>() : lokiLabels(labels, { serviceName });
  const all = new Map(own);
  for (const [i, name] of found.entries()) {
    const value = by[asked.length - found.length + i]!;
    if (!all.has(name) && value !== '') all.set(name, value);
  }
  return groupedLabels([...all], names, isWithout).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
