/** Lines that a tail may get twice after a cut: those of about the last minute, known by their cursors. */
import type { LogRow } from '../../shared/client/answers.ts';

const CURSORS_MAX = 60_000;

export interface SeenCursors {
  /** Whether a line has not come before; a line without a cursor is always new. */
  isNew(row: Pick<LogRow, 'cursor'>): boolean;
}

export function seenCursors(max = CURSORS_MAX): SeenCursors {
  // In the order in which they came.
  const seen = new Set<string>();
  return {
    isNew: ({ cursor }) => {
      if (cursor === undefined) return true;
      if (seen.has(cursor)) return false;
      if (seen.size >= max) seen.delete(seen.values().next().value!);
      seen.add(cursor);
      return true;
    },
  };
}
