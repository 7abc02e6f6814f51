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
  /** Of each chain the file that was begun last, as of the agent's start: the others had been read to their end. */
  #lastBeforeStart: ReadonlySet<string> | undefined;

  constructor(goneMs: number) {
    this.#goneMs = goneMs;
  }

  /** Where to begin: at the start of a file that the server does not know. */
  of(id: string): Offsets {
    return this.#positions.get(id) ?? [0, 0];
  }

  set(id: string, position: Offsets): void {
    this.#positions.set(id, position);
  }

  /** Takes the server's answer for the truth. */
  replace(positions: PositionsAnswer['positions']): void {
    this.#positions.clear();
    this.#missingSinceMs.clear();
    for (const { file, stdout, stderr } of positions) this.#positions.set(file, [stdout, stderr]);
    this.#lastBeforeStart ??= newestOfChains(this.#positions.keys());
  }

  /** Whatever becomes of the file, nothing of it is missing in the store. */
  finish(id: string): void {
    if (this.#positions.has(id)) this.#finished.add(id);
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

  /** Files that went while no agent ran, and that may have held more than the server has. They are not missing then. */
  takeUnwatched(nowMs: number): FileId[] {
    const unwatched: FileId[] = [];
    for (const id of this.#missingFor(nowMs)) {
      const file = parseFileId(id);
      if (this.#finished.has(id)) continue;
      if (file !== undefined && this.#lastBeforeStart?.has(id) === true) {
        this.#missingSinceMs.delete(id);
        unwatched.push(file);
      } else this.finish(id);
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

/** The ids of the files that were begun last, each in its chain. */
function newestOfChains(ids: Iterable<string>): ReadonlySet<string> {
  const newest = new Map<string, FileId>();
  for (const id of ids) {
    const file = parseFileId(id);
    if (file === undefined) continue;
    const key = chainKey(file.uid, file.container, file.restart);
    const other = newest.get(key);
    if (other === undefined || isBegunBefore(other, file)) newest.set(key, file);
  }
  return new Set(newest.values().map(({ id }) => id));
}
