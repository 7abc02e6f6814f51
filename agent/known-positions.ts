/**
 * What the server is known to know of this node's files, kept in step with every acknowledgement; and which of these
 * files nobody here has seen for so long that the server may forget them.
 */
import type { PositionsAnswer } from '../shared/wire.ts';
import type { Offsets } from './log-file.ts';

/** Owns the mirror of the server's positions. */
export class KnownPositions {
  readonly #goneMs: number;
  readonly #positions = new Map<string, Offsets>();
  readonly #missingSinceMs = new Map<string, number>();

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
    const gone: string[] = [];
    for (const [id, sinceMs] of this.#missingSinceMs) if (nowMs - sinceMs >= this.#goneMs) gone.push(id);
    return gone;
  }

  /** The server has forgotten these files. */
  forget(ids: readonly string[]): void {
    for (const id of ids) {
      this.#positions.delete(id);
      this.#missingSinceMs.delete(id);
    }
  }
}
