/**
 * What the server is known to know of this node's files, kept in step with every acknowledgement; and which of these
 * files nobody here has seen for so long that the server may forget them.
 */
import type { PositionsAnswer } from '../shared/wire.ts';
import { chainKey, isBegunBefore, parseFileId, type FileId } from './file-id.ts';
import type { Offsets } from './log-file.ts';

/** Owns the mirror of the server's positions. */
export class KnownPositions {
  readonly #goneMs: number;
  readonly #positions = new Map<string, Offsets>();
  readonly #missingSinceMs = new Map<string, number>();
  /** Files that were read to their end here, or whose rest was said to be lost. */
  readonly #finished = new Set<string>();
  /** Chain → the file that was begun last, as of the agent's start: the others had been read to their end. */
  #lastBeforeStart: ReadonlyMap<string, FileId> | undefined;

  constructor(goneMs: number) {
    this.#goneMs = goneMs;
  }

  /** Where to begin: at the start of a file that the server does not know. */
  of(id: string): Offsets {
    return this.#positions.get(id) ?? [0, 0];
  }

  ids(): Iterable<string> {
    return this.#positions.keys();
  }

  set(id: string, position: Offsets): void {
    this.#positions.set(id, position);
  }

  /** Takes the server's answer for the truth. */
  replace(positions: PositionsAnswer['positions']): void {
    this.#positions.clear();
    this.#missingSinceMs.clear();
    for (const { file, stdout, stderr } of positions) this.#positions.set(file, [stdout, stderr]);
    this.#lastBeforeStart ??= lastOfChains(this.#positions.keys());
  }

  /**
   * Whatever becomes of the file, nothing of it is missing in the store.
   * @param isDeleted  it will not come back
   */
  finish(id: string, isDeleted: boolean): void {
    if (!this.#positions.has(id)) return;
    this.#finished.add(id);
    if (isDeleted) this.#missingSinceMs.set(id, 0);
  }

  /** A file was found: it is not missing, or not any more. */
  found(id: string): void {
    this.#missingSinceMs.delete(id);
  }

  /** @param present  the files that a complete listing has found */
  noteMissing(present: ReadonlySet<string>, nowMs: number): void {
    for (const id of this.#positions.keys()) {
      if (present.has(id)) this.#missingSinceMs.delete(id);
      else if (!this.#missingSinceMs.has(id)) this.#missingSinceMs.set(id, nowMs);
    }
  }

  /** Files that the server may forget: it knows them, and they have not been on the node for a while. */
  gone(nowMs: number): string[] {
    return this.#missingFor(nowMs).filter((id) => this.#finished.has(id));
  }

  /** Whether the server has heard of this node before this agent. */
  get hadAgent(): boolean {
    return (this.#lastBeforeStart?.size ?? 0) > 0;
  }

  /** The last file of a chain that earlier agents have sent something of. */
  lastBeforeStart(chain: string): FileId | undefined {
    return this.#lastBeforeStart?.get(chain);
  }

  /** Files that went while no agent ran, and that may have held more than the server has. They are not missing then. */
  takeUnwatched(nowMs: number): FileId[] {
    const unwatched: FileId[] = [];
    for (const id of this.#missingFor(nowMs)) {
      const file = parseFileId(id);
      if (this.#finished.has(id)) continue;
      if (file !== undefined && this.lastBeforeStart(chainOf(file))?.id === id) {
        this.#missingSinceMs.delete(id);
        unwatched.push(file);
      } else this.finish(id, false);
    }
    return unwatched;
  }

  /** The server has forgotten these files. */
  forget(ids: readonly string[]): void {
    for (const id of ids) {
      this.#positions.delete(id);
      this.#missingSinceMs.delete(id);
      this.#finished.delete(id);
    }
  }

  #missingFor(nowMs: number): string[] {
    return [...this.#missingSinceMs].filter(([, sinceMs]) => nowMs - sinceMs >= this.#goneMs).map(([id]) => id);
  }
}

function lastOfChains(ids: Iterable<string>): ReadonlyMap<string, FileId> {
  const last = new Map<string, FileId>();
  for (const id of ids) {
    const file = parseFileId(id);
    if (file === undefined) continue;
    const other = last.get(chainOf(file));
    if (other === undefined || isBegunBefore(other, file)) last.set(chainOf(file), file);
  }
  return last;
}

function chainOf({ uid, container, restart }: FileId): string {
  return chainKey(uid, container, restart);
}
