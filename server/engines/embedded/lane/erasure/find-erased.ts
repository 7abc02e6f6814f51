/**
 * Looks for rows of a remembered erasure in row groups that arrived after it: only if there are some is it done again.
 * Runs in a worker thread.
 */
import { CorruptionError } from '../../../../../shared/errors.ts';
import { RowGroup } from '../../../../../shared/row-group/reader.ts';
import { verifyRowGroup } from '../../../../../shared/row-group/verify.ts';
import type { Predicate } from '../../../../store/predicate.ts';
import { taskKind } from '../../../../workers/task.ts';
import type { BareRowGroupRef } from '../../segment/row-group-ref.ts';
import { type Disk, withFile } from '../../platform/disk.ts';
import { matchRows } from '../../scan/match-rows.ts';

export interface FindErasedInput {
  readonly rowGroups: readonly BareRowGroupRef[];
  readonly predicate: Predicate;
}

export const FIND_ERASED = taskKind<FindErasedInput, boolean>('find-erased');

/**
 * Returns whether a row matches, or might, because a row group cannot be read.
 * @param isCancelled  asked before each row group
 */
export async function findErased(
  disk: Disk,
  { rowGroups, predicate }: FindErasedInput,
  isCancelled: () => boolean = () => false,
): Promise<boolean> {
  for (const { path, offset, sizeBytes } of rowGroups) {
    if (isCancelled()) throw new Error('the search for erased lines was stopped');
    try {
      const bytes = await withFile(disk, path, 'read', (file) => file.read(offset, sizeBytes));
      verifyRowGroup(bytes);
      if (matchRows(new RowGroup(bytes), predicate).length > 0) return true;
    } catch (error) {
      if (error instanceof CorruptionError) return true;
      throw error;
    }
  }
  return false;
}
