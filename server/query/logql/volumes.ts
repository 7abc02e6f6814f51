/** Counts the lines of streams and their bytes, by some of the streams' labels, without reading a line. */
import { LEVEL } from '../../../shared/levels.ts';
import { labelName, type Labels } from '../../../shared/labels.ts';
import { type Cell, WHOLE_STREAM } from '../../store/aggregate-plan.ts';
import type { LogView } from '../../store/log-store.ts';
import type { Query } from '../../store/query.ts';
import { KnownStreams, type Selection, selectionOf, type StreamLabels } from './known-streams.ts';
import { type Discovery, streamsPredicate } from './select.ts';
import { SERVICE_NAME, SERVICE_NAME_SOURCES } from '../../../shared/service-name.ts';
import { Slices } from './slices.ts';
import type { Matcher } from './syntax/ast.ts';
import { eachPart, type SteppedPlan, type TimedPredicate } from './time-parts.ts';

export interface VolumesAsked {
  readonly matchers: readonly Matcher[];
  /** What the asker may see. */
  readonly visible: TimedPredicate;
  /** Labels by which lines are counted; undefined for all. */
  readonly names: readonly string[] | undefined;
  /** Undefined for one step over all time. */
  readonly stepNs: bigint | undefined;
  readonly discovery: Discovery;
}

/** Streams whose labels of these names are equal have one for each step, or several. */
interface Volume {
  readonly labels: StreamLabels;
  /** Steps since 1970; 0 without a step. */
  readonly bucket: number;
  readonly lines: number;
  readonly bytes: number;
}

/** @returns how many streams are selected */
export async function eachVolume(
  { matchers, visible, names, stepNs, discovery }: VolumesAsked,
  view: LogView,
  query: Query,
  take: (volume: Volume) => void,
): Promise<number> {
  const predicate = streamsPredicate(matchers, visible, discovery);
  const known = new KnownStreams(matchers, discovery);
  const streams = await view.streams(predicate, query);
  const isNeeded = names === undefined ? undefined : needed([...names, ...matchers.map(({ name }) => name)]);
  const groups = groupsOf(streams, isNeeded);
  const takeCells = (cells: readonly Cell[]): void => {
    for (const { bucket, by, rows, measures } of cells) {
      const labels = known.labelsOf(groups.labelsOf(by));
      if (labels === undefined) continue;
      const own = names === undefined ? labels : new Map([...labels].filter(([name]) => names.includes(name)));
      const [measured] = measures;
      take({ labels: own, bucket, lines: rows, bytes: measured?.kind === 'bytes' ? measured.bytes : 0 });
    }
  };
  const plan: Omit<SteppedPlan, 'stepNs'> = { ...predicate, by: groups.by, measures: [{ kind: 'bytes' }] };
  if (stepNs !== undefined) await eachPart({ ...plan, stepNs }, groups.count, view, query, takeCells);
  else takeCells((await view.aggregate({ ...plan, stepNs, limit: undefined }, query)).cells);
  return selectedCount(streams, selectionOf(matchers, discovery), new Slices(query.signal));
}

async function selectedCount(streams: readonly Labels[], selection: Selection, slices: Slices): Promise<number> {
  let count = 0;
  for (const labels of streams) {
    if (slices.isOver) await slices.pause();
    if (selection(labels) !== undefined) count++;
  }
  return count;
}

/** Whether a label of a stream, as it is stored, is one of these labels, or makes one. */
function needed(names: readonly string[]): (stored: string) => boolean {
  const wanted = new Set(names);
  const makesName = wanted.has(SERVICE_NAME) ? new Set(SERVICE_NAME_SOURCES) : new Set<string>();
  return (stored) => wanted.has(labelName(stored)) || makesName.has(stored);
}

interface Groups {
  /** What an aggregation groups by. */
  readonly by: readonly string[];
  readonly count: number;
  readonly labelsOf: (values: readonly string[]) => Labels;
}

/**
 * Groups streams by as few labels as will do, as there may be far more streams than groups. Names with dots may mean something
 * else to a query, and levels are grouped by what they mean: then whole streams are groups.
 */
function groupsOf(streams: readonly Labels[], isNeeded: ((stored: string) => boolean) | undefined): Groups {
  const stored = new Set(streams.flatMap((labels) => Object.keys(labels)));
  const named = isNeeded === undefined ? undefined : [...stored].filter(isNeeded).toSorted();
  if (named === undefined || named.some((name) => name.includes('.') || name === LEVEL)) {
    const labelsOf = ([key]: readonly string[]): Labels => Object.fromEntries(JSON.parse(key!) as [string, string][]);
    return { by: [WHOLE_STREAM], count: streams.length, labelsOf: remembered(labelsOf) };
  }
  const labelsOf = (values: readonly string[]): Labels =>
    Object.fromEntries(named.map((name, i) => [name, values[i]!]));
  const keys = new Set(streams.map((labels) => JSON.stringify(named.map((name) => labels[name] ?? ''))));
  return { by: named.map((name) => `label.${name}`), count: keys.size, labelsOf: remembered(labelsOf) };
}

/** Gives the same object for the same values, as KnownStreams knows streams by their objects. */
function remembered(labelsOf: (values: readonly string[]) => Labels): (values: readonly string[]) => Labels {
  const known = new Map<string, Labels>();
  return (values) => {
    const key = JSON.stringify(values);
    let labels = known.get(key);
    if (labels === undefined) known.set(key, (labels = labelsOf(values)));
    return labels;
  };
}
