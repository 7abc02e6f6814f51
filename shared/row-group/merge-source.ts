/**
 * A row group that is being merged: what the inner loops of a merge read of it, at hand, and the key by which templates
 * of different groups are known to be the same.
 */
import type { RowGroup } from './reader.ts';
import { slotKey } from './template.ts';
import type { Template } from './template.ts';

export interface MergeSource {
  readonly group: RowGroup;
  /** By row. */
  readonly templateCodes: Uint16Array;
  readonly flags: Uint8Array;
  readonly ranks: Int32Array;
  /** By template; equal for templates with equal bytes and slots in any group, different within this one. */
  readonly templateKeys: readonly string[];
  /** The lines' bytes, shared out by rows. */
  readonly lineBytesPerRow: number;
}

/** @throws CorruptionError */
export function openSource(group: RowGroup): MergeSource {
  return {
    group,
    templateCodes: group.templateCodes(),
    flags: group.flags(),
    ranks: group.ranks(),
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
    // No builder writes a template twice, but bytes may come from anywhere; both then stay what they are.
    return times === 0 ? key : `${key}#${times}`;
  });
}
