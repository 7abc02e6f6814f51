/**
 * A row group that is being merged: the arrays that the inner loops of a merge read, and the keys by which templates of
 * different groups are matched.
 */
import type { RowGroup } from '../reader.ts';
import type { Run } from '../runs.ts';
import { slotKey } from '../template.ts';
import type { Template } from '../template.ts';

export interface MergeSource {
  readonly group: RowGroup;
  /** By row. */
  readonly templateCodes: Uint16Array;
  readonly flags: Uint8Array;
  readonly ranks: Int32Array;
  readonly runs: readonly Run[];
  /** Empty where no run is known. */
  readonly runCodes: Uint16Array;
  /** By template; equal for templates with equal bytes and slots in any group, different within this one. */
  readonly templateKeys: readonly string[];
  /** Bytes of the lines, apportioned by rows. */
  readonly lineBytesPerRow: number;
}

const NO_RUNS = new Uint16Array(0);

/** @throws CorruptionError */
export function openSource(group: RowGroup): MergeSource {
  return {
    group,
    templateCodes: group.templateCodes(),
    flags: group.flags(),
    ranks: group.ranks(),
    runs: group.runs,
    runCodes: group.runs.length === 0 ? NO_RUNS : group.runCodes(),
    templateKeys: templateKeys(group.templates),
    lineBytesPerRow: group.info.lineBytes / group.info.rowCount,
  };
}

function templateKeys(templates: readonly Template[]): string[] {
  const seen = new Map<string, number>();
  return templates.map(({ literals, slots }) => {
    const key = JSON.stringify([literals.map((literal) => literal.toString('latin1')), slots.map(slotKey)]);
    const times = seen.get(key) ?? 0;
    seen.set(key, times + 1);
    // No builder writes a template twice, but bytes may come from anywhere; both are then kept apart.
    return times === 0 ? key : `${key}#${times}`;
  });
}
