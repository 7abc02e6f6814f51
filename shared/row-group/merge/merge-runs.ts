/** The runs of a row group that is being merged: those of its sources, each once. */
import { LABELS_BYTES_PER_GROUP } from '../format.ts';
import { NO_RUN, type Run, runKey, runMemoryBytes } from '../runs.ts';

export class MergedRuns {
  #runs: Run[] = [];
  readonly #codeOf = new Map<string, number>();
  /** By source: code of a run in the source → its code here, or NO_RUN; made with its first run. */
  #codesOf: (Uint16Array | undefined)[] = [];
  #sizeBytes = 0;

  /** Runs of this group, by code; the first has the code 1. */
  get runs(): readonly Run[] {
    return this.#runs;
  }

  clear(): void {
    this.#runs = [];
    this.#codeOf.clear();
    this.#codesOf = [];
    this.#sizeBytes = 0;
  }

  /**
   * Returns the code of a run; NO_RUN when there would be too many. One always has room.
   * @param runs  those of the source
   * @param theirs  its code in the source, not NO_RUN
   */
  take(source: number, runs: readonly Run[], theirs: number): number {
    const codes = (this.#codesOf[source] ??= new Uint16Array(runs.length + 1));
    if (codes[theirs] === NO_RUN) codes[theirs] = this.#add(runs[theirs - 1]!);
    return codes[theirs]!;
  }

  #add(run: Run): number {
    const key = runKey(run);
    const known = this.#codeOf.get(key);
    if (known !== undefined) return known;
    const bytes = runMemoryBytes(run);
    if (this.#sizeBytes + bytes > LABELS_BYTES_PER_GROUP && this.#sizeBytes > 0) return NO_RUN;
    this.#sizeBytes += bytes;
    const code = this.#runs.push(run);
    this.#codeOf.set(key, code);
    return code;
  }
}
