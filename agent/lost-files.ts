/**
 * Finds out which files this agent can say nothing of but that they were there: pods that came and went between two
 * looks, and files that the server knows and that went while no agent ran.
 */
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Container } from './container.ts';
import type { Containers } from './containers.ts';
import type { ContainerDirectory } from './discovery.ts';
import { headOfUnseen, type FileId } from './file-id.ts';
import type { KnownPositions } from './known-positions.ts';
import { KUBELET_FILES_MAX } from './limits.ts';
import type { LossReason } from './losses.ts';
import { addLostFile, type LostFile } from './lost-file.ts';
import type { ReadyQueue } from './ready-queue.ts';

export interface LostFilesOptions {
  readonly podsDir: string;
  readonly log: Logger;
  readonly ready: ReadyQueue;
  readonly known: KnownPositions;
  readonly containers: Containers;
}

/** Adds entries of lost files to the tail's containers. */
export class LostFiles {
  readonly #options: LostFilesOptions;

  constructor(options: LostFilesOptions) {
    this.#options = options;
  }

  /** Something was here that nobody has looked into. */
  unseen(directory: ContainerDirectory, nowMs: number): void {
    this.#lose(directory, unknownFile(0, 'unseen', nowMs), nowMs);
  }

  /**
   * For a container that has just been listed, when the agent starts: where earlier agents left off in a chain, the file
   * is not there any more, but newer ones are. Or the chain was begun after they had ended, and its first file need not be
   * there. That is said before any of these is read: if it waited, an agent that is killed meanwhile would leave newer
   * positions, and nobody would know. One that is killed between the marker and the next line may say it twice.
   */
  outrun({ chains, isWhole, directory }: Container, nowMs: number): void {
    if (!isWhole) return;
    const { known } = this.#options;
    for (const { key, restart, files } of chains.values()) {
      const last = known.lastBeforeStart(key);
      if (last === undefined) {
        const isOutrun = known.hadAgent && files.length >= KUBELET_FILES_MAX;
        if (isOutrun) this.#lose(directory, unknownFile(restart, 'unwatched', nowMs), nowMs);
      } else if (files.length > 0 && !files.some(({ head }) => head === last.head)) {
        this.#unwatched(directory, last, nowMs);
      }
    }
  }

  /** The last file of a chain has been missing for so long that it will not come back. */
  unwatched(file: FileId, nowMs: number): void {
    const { podsDir, containers } = this.#options;
    const { uid, container } = file;
    const directories = Iterator.from(containers).map(({ directory }) => directory);
    const known = directories.find((directory) => directory.uid === uid && directory.container === container);
    // When its pod is gone, so are the names of the pod and its namespace.
    const directory = known ?? { path: join(podsDir, uid, container), namespace: '', pod: uid, uid, container };
    this.#unwatched(directory, file, nowMs);
  }

  #unwatched(directory: ContainerDirectory, { id, restart, head }: FileId, nowMs: number): void {
    this.#lose(directory, { restart, head, acked: this.#options.known.of(id), reason: 'unwatched' }, nowMs);
  }

  #lose(directory: ContainerDirectory, lost: LostFile, nowMs: number): void {
    const { containers, log, ready } = this.#options;
    log.warn({ ...directory, reason: lost.reason }, 'log lines may be lost');
    const container = containers.take(directory, nowMs);
    container.hadFiles = true;
    containers.quiet.wake(container);
    ready.add(addLostFile(container, lost, nowMs));
  }
}

/** A file of which nothing is known but that it was there, or may have been. */
function unknownFile(restart: number, reason: LossReason, nowMs: number): LostFile {
  return { restart, head: headOfUnseen(nowMs), acked: [0, 0], reason };
}
