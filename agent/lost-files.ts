/**
 * Finds out which files this agent can say nothing of but that they were there, or may have been: what came and went
 * between two looks, and what went while no agent ran. What decides is what the server remembers (positions, the
 * container's ledger, the time up to which earlier agents had everything) and what the directory shows: never more is said
 * to be missing than what these leave open.
 */
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Chain } from './chain.ts';
import type { Container } from './container.ts';
import type { Containers } from './containers.ts';
import type { ContainerDirectory } from './discovery.ts';
import { isLostHead, parseLedgerId, timeOfHead, type FileId } from '../shared/file-id.ts';
import type { KnownPositions } from './known-positions.ts';
import { FIRST_FILE_MS_MAX, KUBELET_FILES_MAX } from './limits.ts';
import { statIfThere } from './log-file.ts';
import { addLostFile, type LostFile } from './lost-file.ts';
import type { LossReason } from './losses.ts';
import type { ReadyQueue } from './ready-queue.ts';
import { BEGUN, DONE, rewindNote } from './run-ledger.ts';

export interface LostFilesOptions {
  readonly podsDir: string;
  readonly log: Logger;
  readonly ready: ReadyQueue;
  readonly known: KnownPositions;
  readonly containers: Containers;
  readonly goneMs: number;
  readonly firstFileMsMax?: number;
}

/** Adds entries of lost files to the tail's containers. */
export class LostFiles {
  readonly #options: LostFilesOptions;
  #startMs = 0;

  constructor(options: LostFilesOptions) {
    this.#options = options;
  }

  /** Must be called before anything else, when the agent looks for the first time. */
  start(nowMs: number): void {
    this.#startMs = nowMs;
  }

  /** Something was here that nobody has looked into. */
  unseen(directory: ContainerDirectory, nowMs: number): void {
    this.#lose(directory, { restart: 0, name: '0.log', reason: 'unseen' }, nowMs);
  }

  /**
   * For a container that has just been listed, as soon as the server's positions are known: which runs nobody has seen, and
   * where the oldest file of a run is not the one with which it should go on. That is said before anything of the run is
   * read: if it waited, an agent that is killed meanwhile would leave newer positions, and nobody would know.
   */
  judge(container: Container, nowMs: number): void {
    if (!container.isWhole) return;
    this.#takeLedger(container, nowMs);
    const runs = [...container.chains.values()]
      .filter(({ files }) => files.length > 0)
      .toSorted((a, b) => a.restart - b.restart);
    for (const { restart } of runs) container.owedRuns.delete(restart);
    const newest = runs.at(-1);
    if (container.wasShut) {
      excuse(container, runs);
      return;
    }
    if (newest === undefined) {
      this.#judgeEmpty(container, nowMs);
      return;
    }
    this.#judgeOwed(container, newest.restart, nowMs);
    this.#judgeSkipped(container, runs, nowMs);
    for (const chain of runs) this.#judgeHead(container, chain, nowMs);
  }

  /** After a rewind: the ledgers of all containers that have one go on from what the server knows. */
  rewindLedger({ ledger, judgedMs }: Container): void {
    if (judgedMs !== undefined) rewindNote(ledger, this.#options.known.of(ledger.id));
  }

  /** When everything has been listed: what has been missing for so long that it will not come back. */
  judgeMissing(nowMs: number): void {
    const { known, containers, goneMs } = this.#options;
    const { files, ledgers } = known.takeUnwatched(nowMs);
    for (const file of files) this.#replace(this.#directoryOf(file), file, nowMs);
    for (const id of ledgers) {
      const container = containers.take(this.#directoryOf(parseLedgerId(id)!), nowMs);
      this.#takeLedger(container, nowMs);
      this.#judgeOwed(container, Infinity, nowMs);
    }
    for (const container of containers) {
      if (container.judgedMs === undefined || nowMs - container.judgedMs < goneMs) continue;
      if (container.owedRuns.size > 0) this.#judgeOwed(container, Infinity, nowMs);
    }
  }

  #takeLedger(container: Container, nowMs: number): void {
    if (container.judgedMs !== undefined) return;
    container.judgedMs = nowMs;
    const { ledger, owedRuns, chains } = container;
    rewindNote(ledger, this.#options.known.of(ledger.id));
    container.begunRuns = Math.max(container.begunRuns, ledger.acked[BEGUN]);
    for (let run = ledger.acked[DONE]; run < ledger.acked[BEGUN]; run++) if (!chains.has(run)) owedRuns.add(run);
  }

  /** Runs before `end` that an earlier agent had not read to their end, and whose files have gone. */
  #judgeOwed(container: Container, end: number, nowMs: number): void {
    const { known } = this.#options;
    const { uid, container: name } = container.directory;
    const unknown: number[] = [];
    for (const run of [...container.owedRuns].filter((each) => each < end)) {
      const last = known.lastBeforeStart(`${uid}/${name}/${run}`);
      container.owedRuns.delete(run);
      if (last === undefined) unknown.push(run);
      else this.#replace(container.directory, last, nowMs);
    }
    this.#loseRuns(container, unknown, 'unwatched', nowMs, nowMs);
  }

  /** Runs are numbered without gaps, so a run whose predecessor nobody has seen says that there was one. */
  #judgeSkipped(container: Container, runs: readonly Chain[], nowMs: number): void {
    const { known } = this.#options;
    const begunRuns = container.begunRuns;
    container.begunRuns = Math.max(begunRuns, runs.at(-1)!.restart + 1);
    const next = runs.find(({ restart }) => restart >= begunRuns);
    if (next === undefined || next.restart === begunRuns || !this.#isNews(next)) return;
    const skipped: number[] = [];
    for (let run = begunRuns; run < next.restart; run++) {
      const { uid, container: name } = container.directory;
      if (known.lastBeforeStart(`${uid}/${name}/${run}`) === undefined) skipped.push(run);
    }
    this.#loseRuns(container, skipped, this.#reasonOf(container), begunMs(next), nowMs);
  }

  /** Whether files are missing before the oldest one of a run. */
  #judgeHead(container: Container, chain: Chain, nowMs: number): void {
    if (chain.isHeadJudged) return;
    chain.isHeadJudged = true;
    const { known } = this.#options;
    const { key, restart, files } = chain;
    if (restart < container.ledger.acked[DONE] || files.some(({ loss }) => loss !== undefined)) return;
    const last = known.lastBeforeStart(key);
    if (last !== undefined && !isLostHead(last.head)) {
      const isThere = files.some(({ head }) => head === last.head);
      if (!isThere) this.#replace(container.directory, last, nowMs, begunMs(chain));
    } else if (this.#mayHaveBegunEarlier(container, chain, last)) {
      const lost = { restart, name: `${restart}.log`, reason: this.#reasonOf(container) } as const;
      this.#lose(container.directory, lost, nowMs, begunMs(chain));
    }
  }

  /**
   * The kubelet deletes a file only where as many are left as it keeps. Of such a run the oldest file is the first one when
   * it began as early as the run did, or was there when everything on the node was known.
   */
  #mayHaveBegunEarlier({ directory }: Container, chain: Chain, lastLoss: FileId | undefined): boolean {
    const { firstFileMsMax = FIRST_FILE_MS_MAX } = this.#options;
    const { files, restart } = chain;
    if (files.length < this.#filesKept()) return false;
    const timeMs = begunMs(chain);
    if (lastLoss !== undefined && timeMs <= timeOfHead(lastLoss.head)!) return false;
    // Times of heads are whole milliseconds, and may seem to come before the directory.
    const sinceMadeMs = timeMs - Math.floor(statIfThere(directory.path)?.birthtimeMs ?? Infinity);
    return this.#isNews(chain) && !(restart === 0 && sinceMadeMs >= 0 && sinceMadeMs <= firstFileMsMax);
  }

  /** An empty directory that has changed since it was made: a file came and went, and nobody has seen it. */
  #judgeEmpty(container: Container, nowMs: number): void {
    const { begunRuns, hadFiles, directory, mtimeMs } = container;
    if (hadFiles || begunRuns > 0) return;
    // The time of before the listing: a file that came after it is still to be found.
    const madeMs = statIfThere(directory.path)?.birthtimeMs;
    if (madeMs === undefined || mtimeMs <= madeMs || mtimeMs <= this.#sinceMs || this.#isKnown(directory)) return;
    this.#lose(directory, { restart: 0, name: '0.log', reason: this.#reasonOf(container) }, nowMs, mtimeMs);
  }

  #isKnown({ uid, container }: ContainerDirectory): boolean {
    return Iterator.from(this.#options.known.ids()).some((id) => id.startsWith(`${uid}/${container}/`));
  }

  /** Whether the oldest file that is left of a run began after everything on the node had been accounted for. */
  #isNews(chain: Chain): boolean {
    return begunMs(chain) > this.#sinceMs;
  }

  /** When the agent looked for the first time. */
  get startMs(): number {
    return this.#startMs;
  }

  /** What was written before is stored, or is older than the first agent of this node. */
  get #sinceMs(): number {
    return this.#options.known.caughtUpMs ?? this.#startMs;
  }

  #reasonOf({ foundMs }: Container): LossReason {
    return foundMs <= this.#startMs ? 'unwatched' : 'unseen';
  }

  /** At least: more than that many files of one run show that the node's kubelet keeps more. */
  #filesKept(): number {
    let count = KUBELET_FILES_MAX;
    for (const { chains } of this.#options.containers) {
      for (const { files } of chains.values()) count = Math.max(count, countOnDisk(files));
    }
    return count;
  }

  /** The container of a file that is not there: from its ledger, when its directory is gone, too. */
  #directoryOf({ uid, container }: Pick<FileId, 'uid' | 'container'>): ContainerDirectory {
    const { podsDir, containers, known } = this.#options;
    for (const { directory } of containers) {
      if (directory.uid === uid && directory.container === container) return directory;
    }
    const ledgers = Iterator.from(known.ids()).map(parseLedgerId);
    const ledger = ledgers.find((each) => each?.uid === uid && each.container === container);
    // An agent of an older version has left no names.
    const { namespace, pod } = ledger ?? { namespace: '', pod: uid };
    return { path: join(podsDir, `${namespace}_${pod}_${uid}`, container), namespace, pod, uid, container };
  }

  #replace(directory: ContainerDirectory, { id, restart }: FileId, nowMs: number, timeMs = nowMs): void {
    this.#options.known.claim(id);
    this.#lose(directory, { restart, name: `${restart}.log`, reason: 'unwatched', replaces: id }, nowMs, timeMs);
  }

  /** One marker for runs that follow each other, so that a crash loop does not get one for each. */
  #loseRuns(container: Container, runs: readonly number[], reason: LossReason, timeMs: number, nowMs: number): void {
    for (let first = 0; first < runs.length;) {
      let last = first;
      while (runs[last + 1] === runs[last]! + 1) last++;
      const restart = runs[last]!;
      const name = first === last ? `${restart}.log` : `${runs[first]!}.log to ${restart}.log`;
      this.#lose(container.directory, { restart, name, reason }, nowMs, timeMs);
      first = last + 1;
    }
  }

  /** @param timeMs  of the marker */
  #lose(directory: ContainerDirectory, lost: LostFile, nowMs: number, timeMs = nowMs): void {
    const { containers, log, ready } = this.#options;
    log.warn({ ...directory, reason: lost.reason }, 'log lines may be lost');
    const container = containers.take(directory, nowMs);
    this.#takeLedger(container, nowMs);
    container.hadFiles = true;
    container.begunRuns = Math.max(container.begunRuns, lost.restart + 1);
    container.owedRuns.delete(lost.restart);
    containers.quiet.wake(container);
    ready.add(addLostFile(container, lost, nowMs, timeMs));
  }
}

/** Nothing was to be kept of the container until now, so nothing is missing. */
function excuse(container: Container, runs: readonly Chain[]): void {
  container.wasShut = false;
  container.owedRuns.clear();
  for (const chain of runs) {
    chain.isHeadJudged = true;
    container.begunRuns = Math.max(container.begunRuns, chain.restart + 1);
  }
}

/** Without lost files, and without those that are deleted and still read: the kubelet keeps none of them. */
function countOnDisk(files: Chain['files']): number {
  return files.reduce((count, { onDisk }) => count + Number(onDisk), 0);
}

/** When the oldest file of a run was begun, at the latest. */
function begunMs({ files }: Chain): number {
  for (const { head } of files) {
    const timeMs = timeOfHead(head);
    if (timeMs !== undefined) return timeMs;
  }
  return files[0]!.changedMs;
}
