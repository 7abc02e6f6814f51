/**
 * Snapshots of the store, and the files that they keep alive. Snapshots taken between two changes share one view. A
 * file that the store no longer needs is unlinked when the last view that names it is released.
 */
import type { Snapshot } from './snapshot.ts';
import type { RowGroupRef } from '../segment/row-group-ref.ts';

interface View {
  readonly rowGroups: readonly RowGroupRef[];
  readonly paths: ReadonlySet<string>;
  holderCount: number;
}

export class SnapshotRegistry {
  readonly #rowGroups: () => readonly RowGroupRef[];
  readonly #unlink: (path: string) => void;
  #current: View | undefined;
  readonly #held = new Set<View>();
  readonly #dropped = new Set<string>();

  /**
   * @param rowGroups  all row groups of the store now
   * @param unlink  removes a file; must not throw
   */
  constructor(rowGroups: () => readonly RowGroupRef[], unlink: (path: string) => void) {
    this.#rowGroups = rowGroups;
    this.#unlink = unlink;
  }

  /** Must be called when row groups were added or dropped: the next snapshot makes a new view. */
  changed(): void {
    this.#current = undefined;
  }

  take(): Snapshot {
    this.#current ??= newView(this.#rowGroups());
    const view = this.#current;
    view.holderCount++;
    this.#held.add(view);
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      if (--view.holderCount === 0) this.#letGo(view);
    };
    return { rowGroups: view.rowGroups, release, [Symbol.dispose]: release };
  }

  /** Unlinks a file that new snapshots do not name, as soon as no old one does. */
  drop(path: string): void {
    this.#current = undefined;
    this.#dropped.add(path);
    this.#unlinkUnheld();
  }

  #letGo(view: View): void {
    this.#held.delete(view);
    this.#unlinkUnheld();
  }

  #unlinkUnheld(): void {
    for (const path of this.#dropped) {
      if (this.#isHeld(path)) continue;
      this.#dropped.delete(path);
      this.#unlink(path);
    }
  }

  #isHeld(path: string): boolean {
    for (const view of this.#held) if (view.paths.has(path)) return true;
    return false;
  }
}

function newView(rowGroups: readonly RowGroupRef[]): View {
  return { rowGroups, paths: new Set(rowGroups.map(({ path }) => path)), holderCount: 0 };
}
