/**
 * Counts lines, or their bytes, without reading them: where a range aggregation has no stage but filters that the store
 * decides, and its series have labels of streams alone. The walk in ./range.ts is the truth that tests hold it against.
 */
import type { Labels } from '../../../../shared/labels.ts';
import { floorDivided } from '../../../../shared/time.ts';
import { AGGREGATE_LIMIT_MAX } from '../../../limits.ts';
import { type AggregatePlan, WHOLE_STREAM } from '../../../store/aggregate-plan.ts';
import type { Predicate } from '../../../store/predicate.ts';
import { DETECTED_LEVEL } from '../detected-level.ts';
import { lokiLabels } from '../known-streams.ts';
import { type Discovery, isExact } from '../select.ts';
import type { RangeExpr, RangeOperation } from '../syntax/ast.ts';
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

/** Returns undefined where lines must be read, or would be grouped into too many parts. */
export async function countedAtOnce(
  { operation, range }: RangeExpr,
  grouping: LabelGrouping,
  predicate: Predicate,
  { steps, view, query, discovery }: Evaluation,
): Promise<readonly Counted[] | undefined> {
  const { log, rangeNs, offsetNs, unwrap } = range;
  const isOfStreams = !discovery.logLevels || grouping.isNone || namesNoLevel(grouping);
  const isSimple = log.stages.every(({ kind }) => kind === 'line') && isExact(log, discovery);
  if (!COUNTING.has(operation) || unwrap !== undefined || !isSimple || !isOfStreams) return undefined;
  const firstNs = steps.start - offsetNs;
  // Windows begin and end at whole parts.
  const partNs = steps.count === 1 ? rangeNs : gcd(rangeNs, steps.stepNs);
  if (partNs === 0n) return undefined;
  const partCount = Number((predicate.to! - predicate.from! + partNs - 1n) / partNs);
  const streams = grouping.isNone ? [] : await view.streams(predicate, query);
  if (partCount * Math.max(1, streams.length) > AGGREGATE_LIMIT_MAX) return undefined;
  const isOfBytes = operation.startsWith('bytes');
  const beginNs = predicate.from!;
  const shiftNs = beginNs - floorDivided(beginNs, partNs) * partNs;
  const plan: AggregatePlan = {
    ...predicate,
    by: grouping.isNone ? [] : [WHOLE_STREAM],
    measures: isOfBytes ? [{ kind: 'bytes' }] : [],
    stepNs: partNs,
    offsetNs: shiftNs,
    limit: undefined,
  };
  const before = query.statistics.withMetadata;
  const { cells } = await view.aggregate(plan, query);
  const mayHaveMetadata = query.statistics.withMetadata > before && !isOfLabels(grouping, streams, discovery);
  if (mayHaveMetadata) return undefined;
  return cells.map(({ bucket, by: [stream], rows, measures: [measured] }) => {
    // A part has the times in (endNs - partNs, endNs].
    const endNs = BigInt(bucket + 1) * partNs + shiftNs - 1n;
    return {
      labels: stream === undefined ? [] : labelsOf(stream, grouping, discovery.serviceName),
      first: Math.max(0, Number(-floorDivided(firstNs - endNs, steps.stepNs))),
      last: Math.min(steps.count - 1, Number(floorDivided(endNs - partNs + rangeNs - firstNs, steps.stepNs))),
      lines: rows,
      value: measured?.kind === 'bytes' ? measured.bytes : rows,
    };
  });
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

/** @param stream  the key of its labels */
function labelsOf(stream: string, { names, isWithout }: LabelGrouping, serviceName: boolean): SeriesLabels {
  const labels: Labels = Object.fromEntries(JSON.parse(stream) as [string, string][]);
  const own = [...lokiLabels(labels, { serviceName, logLevels: false })];
  return groupedLabels(own, names, isWithout).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}
