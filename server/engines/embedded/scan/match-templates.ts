/** Conditions that are the same for all lines of a template. */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import { type MaskOrder, markTemplates } from './mask-order.ts';
import { andMask, hasMarked, maskDepth, releaseMasks, takeMask } from './masks.ts';
import type { Outcome } from './value-leaf.ts';

/**
 * @param matches  by template
 * @param within  the rows in question; undefined for all
 * @param out  may be `within`
 * @param order  of both
 */
export function matchTemplates(
  group: RowGroup,
  matches: readonly boolean[],
  within: Uint8Array | undefined,
  out: Uint8Array,
  order: MaskOrder,
): Outcome {
  if (!matches.includes(true)) return 'none';
  if (!matches.includes(false)) return 'all';
  const since = maskDepth();
  const rows = within === undefined ? out.fill(0) : takeMask(group.info.rowCount);
  markTemplates(group, Uint8Array.from(matches, Number), order, rows);
  if (within !== undefined) andMask(out, within, rows);
  releaseMasks(since);
  return hasMarked(out) ? 'some' : 'none';
}
