/** Visits the row groups of a task, one after the other, until others wait for its worker. */
import type { RowGroup } from '../../../../shared/row-group/reader.ts';
import type { PartialOutput } from './partitions.ts';
import { lacksArrays, type RowGroupPlace, type RowGroups } from './row-groups.ts';
import { type UnusableGroup, useOrList } from './unusable.ts';

/**
 * Visits at least one row group.
 * @param visit  is also told which of the places it is
 */
export function eachGroup(
  places: readonly RowGroupPlace[],
  rowGroups: RowGroups,
  shouldYield: () => boolean,
  visit: (group: RowGroup, at: number) => void,
): Omit<PartialOutput<unknown>, 'result'> {
  const unusable: UnusableGroup[] = [];
  let doneCount = 0;
  let withMetadata = 0;
  do {
    const place = places[doneCount]!;
    useOrList(unusable, doneCount, () => {
      rowGroups.visit(place, (opened) => {
        if (opened.hasMetadata) withMetadata++;
        if (!lacksArrays(opened, place)) visit(opened, doneCount);
      });
    });
    doneCount++;
  } while (doneCount < places.length && !shouldYield());
  return { doneCount, unusable, withMetadata };
}
