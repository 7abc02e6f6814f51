/**
 * A mirror of the server's positions of this node's files, updated with every acknowledgement; and which of these files have been
 * missing on the node for so long that the server may forget them.
 */
import type { PositionsAnswer } from '../../shared/wire.ts';
import { CAUGHT_UP_ID, chainKey, parseFileId, parseLedgerId, type FileId } from '../../shared/file-id.ts';
import type { Chain } from '../files/chain.ts';
import { isExtendedHead } from '../files/file-head.ts';
import type { LogFile, Offsets } from '../files/log-file.ts';
import { BEGUN, DONE } from './run-ledger.ts';

type ContainerName = Pick<FileId, 'uid' | 'container'>;

/** Owns the mirror. */
export class KnownPositions {
  readonly #goneMs: number;
  readonly #positions = new Map<string, Offsets>();
  /** Ids of files whose head is an extended one: rarely any. */
  readonly #extended = new Set<string>();
  readonly #missingSinceMs = new Map<string, number>();
  /** Files that this agent has read to their end, or whose rest has a marker, with that position; and notes of what is gone. */
  readonly #finished = new Map<string, Offsets>();
  /** Chain → the newest file that the server knew when the agent started: older ones had been read to their end. */
  #lastBeforeStart: ReadonlyMap<string, FileId> = new Map();
  #caughtUpMs: number | undefined;
  /** `<uid>/<container>` of containers of which the server has stored something from this agent. */
  readonly #moved = new Set<string>();
  #hasMoved = false;
  /** Files that a lost file replaces. */
  readonly #claimed = new Set<string>();

  constructor(goneMs: number) {
    this.#goneMs = goneMs;
  }

  /** The position of a file: its start if the server does not know it. */
  position(id: string): Offsets {
    return this.#positions.get(id) ?? [0, 0];
  }

  /** The extended heads under which the server knows files of a chain. */
  extendedHeads(chain: string): string[] {
    const heads: string[] = [];
    for (const id of this.#extended) if (id.startsWith(`${chain}@`)) heads.push(id.slice(chain.length));
    return heads;
  }

  ids(): Iterable<string> {
    return this.#positions.keys();
  }

  /** Whether the server knows anything of the container. */
  isKnown(container: ContainerName): boolean {
    const prefix = `${containerOf(container)}/`;
    return Iterator.from(this.ids()).some((id) => id.startsWith(prefix));
  }

  /** The server has stored a batch of this agent. */
  acknowledge(id: string, position: Offsets): void {
    this.set(id, position);
    const file = parseFileId(id) ?? parseLedgerId(id);
    if (file !== undefined) this.#moved.add(containerOf(file));
    this.#hasMoved = true;
  }

  /** Whether the server has stored something of the container from this agent. */
  hasMoved(container: ContainerName): boolean {
    return this.#moved.has(containerOf(container));
  }

  set(id: string, position: Offsets): void {
    this.#positions.set(id, position);
    if (isExtendedHead(id)) this.#extended.add(id);
  }

  /** Replaces the mirror with the server's answer. */
  replace(positions: PositionsAnswer['positions']): void {
    this.#positions.clear();
    this.#extended.clear();
    this.#missingSinceMs.clear();
    for (const { file, stdout, stderr } of positions) {
      if (stdout > 0 || stderr > 0) this.set(file, [stdout, stderr]);
      // The answer to a conflict names files of the batch that the server does not know, too.
      else this.#positions.delete(file);
    }
    if (!this.#hasMoved) this.#caughtUpMs = this.#positions.get(CAUGHT_UP_ID)?.[0];
    this.#takeLast();
  }

  /** Until the server has stored something of a container from this agent, all that it knows of it comes from earlier agents. */
  #takeLast(): void {
    const last = lastOfChains(this.#positions.keys());
    for (const [chain, file] of this.#lastBeforeStart) if (this.hasMoved(file)) last.set(chain, file);
    for (const [chain, file] of last) {
      if (this.hasMoved(file) && !this.#lastBeforeStart.has(chain)) last.delete(chain);
    }
    this.#lastBeforeStart = last;
  }

  /**
   * Nothing of the file is missing in the store, whatever becomes of it.
   * @param isDeleted  it will not come back
   */
  finish(id: string, isDeleted: boolean): void {
    const position = this.#positions.get(id);
    if (position === undefined) return;
    this.#finished.set(id, position);
    if (isDeleted) this.#missingSinceMs.set(id, 0);
  }

  /** Whether nothing of the file is missing, and the server has not gone back since. */
  isFinished(id: string): boolean {
    const end = this.#finished.get(id);
    const position = this.position(id);
    return end?.every((offset, stream) => position[stream]! >= offset) ?? false;
  }

  /** The container's directory is gone, and all of it is stored or has a marker: its files and ledger may be forgotten together. */
  finishContainer(container: ContainerName): void {
    const prefix = `${containerOf(container)}/`;
    for (const id of this.#positions.keys()) if (id.startsWith(prefix)) this.finish(id, true);
  }

  /** A file was found: it is not missing, or no longer. */
  found(id: string): void {
    this.#missingSinceMs.delete(id);
  }

  /** @param present  the files that a complete listing has found */
  noteMissing(present: ReadonlySet<string>, nowMs: number): void {
    for (const id of this.#positions.keys()) {
      if (present.has(id) || id === CAUGHT_UP_ID) this.#missingSinceMs.delete(id);
      else if (!this.#missingSinceMs.has(id)) this.#missingSinceMs.set(id, nowMs);
    }
  }

  /** Files that the server may forget: it knows them, they are finished, and they have been missing for a while. */
  gone(nowMs: number): string[] {
    return this.#missingFor(nowMs).filter((id) => this.#finished.has(id));
  }

  /** When earlier agents had everything stored that was on the node; undefined where none has said so. */
  get caughtUpMs(): number | undefined {
    return this.#caughtUpMs;
  }

  /** The newest file of a chain of which earlier agents have stored something. */
  lastBeforeStart(chain: string): FileId | undefined {
    return this.#lastBeforeStart.get(chain);
  }

  /** Whether the server knew, when the agent started, a file of the chain that is newer than this one. */
  wasRead(chain: Chain, file: LogFile): boolean {
    const last = this.lastBeforeStart(chain.key)?.head;
    return chain.files.slice(chain.files.indexOf(file) + 1).some(({ head }) => head === last);
  }

  /** Files and ledgers that went while no agent ran. Those that are done may be forgotten; the others are returned. */
  takeMissing(nowMs: number): { readonly files: FileId[]; readonly ledgers: string[] } {
    const missing = this.#missingFor(nowMs).filter((id) => !this.#finished.has(id) && !this.#claimed.has(id));
    if (missing.length === 0) return { files: [], ledgers: [] };
    const doneRuns = this.#doneRuns();
    const files: FileId[] = [];
    const ledgers: string[] = [];
    for (const id of missing) {
      const file = parseFileId(id);
      const isLast = file !== undefined && this.lastBeforeStart(chainOf(file))?.id === id;
      if (isLast && file.restart >= (doneRuns.get(containerOf(file)) ?? 0)) files.push(file);
      else if (this.#isUndone(id)) ledgers.push(id);
      else this.finish(id, false);
    }
    return { files, ledgers };
  }

  /** A lost file replaces this one, which is forgotten with the batch that has the marker. */
  claim(id: string): void {
    this.#claimed.add(id);
  }

  /** No lost file replaces it after all. */
  disclaim(id: string): void {
    this.#claimed.delete(id);
  }

  /** The server has forgotten these files. */
  forget(ids: readonly string[]): void {
    for (const id of ids) {
      this.#positions.delete(id);
      this.#extended.delete(id);
      this.#missingSinceMs.delete(id);
      this.#finished.delete(id);
      this.#claimed.delete(id);
      const file = parseFileId(id);
      if (file !== undefined) this.#moved.add(containerOf(file));
    }
  }

  #isUndone(id: string): boolean {
    const counts = this.position(id);
    return parseLedgerId(id) !== undefined && counts[DONE] < counts[BEGUN];
  }

  /** `<uid>/<container>` → how many of its runs are done. */
  #doneRuns(): Map<string, number> {
    const doneRuns = new Map<string, number>();
    for (const [id, counts] of this.#positions) {
      const ledger = parseLedgerId(id);
      if (ledger !== undefined) doneRuns.set(containerOf(ledger), counts[DONE]);
    }
    return doneRuns;
  }

  #missingFor(nowMs: number): string[] {
    return [...this.#missingSinceMs].filter(([, sinceMs]) => nowMs - sinceMs >= this.#goneMs).map(([id]) => id);
  }
}

/** The server answers in the order in which it came to know the files, and a chain is read oldest file first. */
function lastOfChains(ids: Iterable<string>): Map<string, FileId> {
  const last = new Map<string, FileId>();
  for (const id of ids) {
    const file = parseFileId(id);
    if (file !== undefined) last.set(chainOf(file), file);
  }
  return last;
}

function containerOf({ uid, container }: ContainerName): string {
  return `${uid}/${container}`;
}

function chainOf({ uid, container, restart }: FileId): string {
  return chainKey(uid, container, restart);
}
