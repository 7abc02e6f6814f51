/**
 * Merges row groups into row groups sorted by (stream, time), without looking at a line again: templates are matched by
 * their bytes and columns moved value by value (merge-column.ts). Used for flush and compaction.
 *
 * Rows that are equal in stream and time keep the order in which their groups were given and in which they stood there.
 */
import type { Labels } from '../labels.ts';
import { labelsKey } from '../labels.ts';
import { NS_PER_DAY } from '../time.ts';
import { ROWS_PER_GROUP, TEMPLATES_MAX } from './format.ts';
import { mergeColumn } from './merge-column.ts';
import type { Sources } from './merge-column.ts';
import type { RowGroup } from './reader.ts';
import { sortByTime } from './sort.ts';
import { slotKey } from './template.ts';
import type { Template } from './template.ts';
import { columnTimes, planGroup, RowGroupWriter } from './writer.ts';

export interface MergeOptions {
  /** Only rows of this UTC day; it becomes the base day of the result. */
  readonly day: number;
  /** zstd level. */
  readonly level: number;
  /** Rows of each group but the last. */
  readonly rowsPerGroup?: number;
  /** By row of a group, 1 for those that are merged and 0 for those that are left out; undefined takes all. */
  readonly keep?: (group: RowGroup, index: number) => Uint8Array | undefined;
}

/** UTC days of which a group has rows, ascending. */
export function daysOf(group: RowGroup): number[] {
  const { baseDay, minTimeNs, maxTimeNs } = group.info;
  const first = baseDay + Math.floor(minTimeNs / NS_PER_DAY);
  const last = baseDay + Math.floor(maxTimeNs / NS_PER_DAY);
  if (first === last) return [first];
  const days = new Set<number>();
  for (const timeNs of group.timesNs()) days.add(baseDay + Math.floor(timeNs / NS_PER_DAY));
  return [...days].toSorted((a, b) => a - b);
}

/**
 * @param groups  in order of arrival; their decoded columns stay in memory until the merge ends
 * @yields encoded row groups; none when no row is of the day and kept
 */
export function* mergeRowGroups(groups: readonly RowGroup[], options: MergeOptions): Generator<Buffer> {
  const rows = sortedRows(groups, options);
  const templates = unifyTemplates(groups);
  const writer = new RowGroupWriter();
  const rowsMax = options.rowsPerGroup ?? ROWS_PER_GROUP;
  for (let start = 0; start < rows.count;) {
    const end = groupEnd(rows, groups, templates, start, Math.min(start + rowsMax, rows.count));
    yield writeGroup(writer, rows, groups, templates, start, end, options);
    start = end;
  }
}

/** All rows of the day, sorted. Row i is row `rowOf[i]` of group `groupOf[i]`. */
interface SortedRows {
  readonly count: number;
  readonly groupOf: Uint32Array;
  readonly rowOf: Uint32Array;
  readonly streamOf: Uint32Array;
  readonly timesNs: Float64Array;
  readonly streams: readonly Labels[];
}

function sortedRows(groups: readonly RowGroup[], { day, keep }: MergeOptions): SortedRows {
  const { streams, ranksOf } = rankStreams(groups);
  const capacity = groups.reduce((sum, group) => sum + group.info.rowCount, 0);
  const unsorted = {
    groupOf: new Uint32Array(capacity),
    rowOf: new Uint32Array(capacity),
    streamOf: new Uint32Array(capacity),
  };
  const times = new Float64Array(capacity);
  const starts = new Uint32Array(streams.length + 1);
  let count = 0;
  for (const [g, group] of groups.entries()) {
    const shift = (group.info.baseDay - day) * NS_PER_DAY;
    const codes = group.streamCodes();
    const groupTimes = group.timesNs();
    const ranks = ranksOf[g]!;
    const kept = keep?.(group, g);
    for (let row = 0; row < groupTimes.length; row++) {
      const timeNs = groupTimes[row]! + shift;
      if (timeNs < 0 || timeNs >= NS_PER_DAY || kept?.[row] === 0) continue;
      const stream = ranks[codes[row]!]!;
      unsorted.groupOf[count] = g;
      unsorted.rowOf[count] = row;
      unsorted.streamOf[count] = stream;
      times[count++] = timeNs;
      starts[stream + 1]!++;
    }
  }
  const order = bucketByStream(unsorted.streamOf, starts, count);
  for (let s = 0; s < streams.length; s++) sortByTime(order, times, starts[s]!, starts[s + 1]!);
  return {
    count,
    groupOf: order.map((row) => unsorted.groupOf[row]!),
    rowOf: order.map((row) => unsorted.rowOf[row]!),
    streamOf: order.map((row) => unsorted.streamOf[row]!),
    timesNs: Float64Array.from(order, (row) => times[row]!),
    streams,
  };
}

/** Turns counts per stream into starts, and lists rows by stream in arrival order. */
function bucketByStream(streamOf: Uint32Array, starts: Uint32Array, count: number): Uint32Array {
  for (let s = 1; s < starts.length; s++) starts[s]! += starts[s - 1]!;
  const next = starts.slice();
  const order = new Uint32Array(count);
  for (let row = 0; row < count; row++) order[next[streamOf[row]!]!++] = row;
  return order;
}

/** The distinct streams in the order of their keys, and for each group the rank of each of its stream codes. */
function rankStreams(groups: readonly RowGroup[]): { streams: Labels[]; ranksOf: Uint32Array[] } {
  const byKey = new Map<string, Labels>();
  const keysOf = groups.map((group) =>
    group.info.streams.map((labels) => {
      const key = labelsKey(labels);
      byKey.set(key, labels);
      return key;
    }),
  );
  const keys = [...byKey.keys()].toSorted();
  const rankOf = new Map(keys.map((key, rank) => [key, rank]));
  const ranksOf = keysOf.map((groupKeys) => Uint32Array.from(groupKeys, (key) => rankOf.get(key)!));
  return { streams: keys.map((key) => byKey.get(key)!), ranksOf };
}

interface UnifiedTemplates {
  readonly templates: readonly Template[];
  /** idsOf[g][t]: the id of template t of group g. */
  readonly idsOf: readonly Uint32Array[];
}

function unifyTemplates(groups: readonly RowGroup[]): UnifiedTemplates {
  const ids = new Map<string, number>();
  const templates: Template[] = [];
  const idsOf = groups.map((group) =>
    Uint32Array.from(group.templates, (template) => {
      const key = templateKey(template);
      let id = ids.get(key);
      if (id === undefined) {
        id = templates.push(template) - 1;
        ids.set(key, id);
      }
      return id;
    }),
  );
  return { templates, idsOf };
}

function templateKey({ literals, slots }: Template): string {
  return JSON.stringify([literals.map((literal) => literal.toString('latin1')), slots.map(slotKey)]);
}

/** Where the group that begins at `start` must end, lest it have too many templates. */
function groupEnd(
  rows: SortedRows,
  groups: readonly RowGroup[],
  { templates, idsOf }: UnifiedTemplates,
  start: number,
  end: number,
): number {
  if (templates.length <= TEMPLATES_MAX) return end;
  const used = new Uint8Array(templates.length);
  let count = 0;
  for (let i = start; i < end; i++) {
    const g = rows.groupOf[i]!;
    const id = idsOf[g]![groups[g]!.templateCodes()[rows.rowOf[i]!]!]!;
    if (used[id] === 1) continue;
    if (count === TEMPLATES_MAX) return i;
    used[id] = 1;
    count++;
  }
  return end;
}

function writeGroup(
  writer: RowGroupWriter,
  rows: SortedRows,
  groups: readonly RowGroup[],
  unified: UnifiedTemplates,
  start: number,
  end: number,
  { day, level }: MergeOptions,
): Buffer {
  const rowCount = end - start;
  const timesNs = rows.timesNs.subarray(start, end);
  const { streams, streamCodes } = localStreams(rows, start, end);
  const templates: Template[] = [];
  const localOf = new Int32Array(unified.templates.length).fill(-1);
  const templateCodes = new Uint8Array(rowCount);
  const flags = new Uint8Array(rowCount);
  const groupOf = rows.groupOf.subarray(start, end);
  const rankOf = new Uint32Array(rowCount);
  let lineBytes = 0;
  for (let i = 0; i < rowCount; i++) {
    const g = groupOf[i]!;
    const group = groups[g]!;
    const row = rows.rowOf[start + i]!;
    const id = unified.idsOf[g]![group.templateCodes()[row]!]!;
    if (localOf[id] === -1) localOf[id] = templates.push(unified.templates[id]!) - 1;
    templateCodes[i] = localOf[id]!;
    flags[i] = group.flags()[row]!;
    rankOf[i] = group.ranks()[row]!;
    lineBytes += group.info.lineBytes / group.info.rowCount;
  }
  const plan = planGroup(templates, templateCodes, rowCount);
  writer.begin(
    {
      rowCount,
      baseDay: day,
      timesNs,
      streamCodes,
      templateCodes,
      flags,
      streams,
      templates,
      lineBytes: Math.round(lineBytes),
    },
    plan,
  );
  const sources: Sources = { groups, groupOf, rankOf, localTemplateOf: (g, t) => localOf[unified.idsOf[g]![t]!]! };
  for (const column of plan.columns) {
    const times = { baseDay: day, timesNs: () => columnTimes(plan, column, timesNs) };
    writer.column((header, parameters, pages) => {
      mergeColumn(sources, plan, column, times, writer.encoder, header, parameters, pages);
    });
  }
  return writer.finish(level);
}

function localStreams(rows: SortedRows, start: number, end: number): { streams: Labels[]; streamCodes: Uint16Array } {
  const streams: Labels[] = [];
  const streamCodes = new Uint16Array(end - start);
  let last = -1;
  for (let i = start; i < end; i++) {
    const stream = rows.streamOf[i]!;
    if (stream !== last) {
      streams.push(rows.streams[stream]!);
      last = stream;
    }
    streamCodes[i - start] = streams.length - 1;
  }
  return { streams, streamCodes };
}
