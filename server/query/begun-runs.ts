/** Which runs of containers have begun, whether or not they have printed anything: as agents note it beside their positions. */
import { parseLedgerId } from '../../shared/file-id.ts';
import type { StoredPositions } from '../store/positions.ts';

/** By container, as LINE_CONTAINER names it: the number of its runs. */
export type BegunRuns = ReadonlyMap<string, number>;

export function begunRunsIn(positions: Pick<StoredPositions, 'nodes' | 'all'>): BegunRuns {
  const begun = new Map<string, number>();
  for (const node of positions.nodes()) {
    for (const [file, { stdout }] of positions.all(node)) {
      const ledger = parseLedgerId(file);
      if (ledger !== undefined) begun.set(`${ledger.uid}/${ledger.container}`, stdout);
    }
  }
  return begun;
}
