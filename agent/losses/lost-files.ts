/**
 * Finds files that this agent cannot read, but that were there or may have been: those that came and went between two listings,
 * and those that went while no agent ran. The evidence is what the server remembers (positions, the container's ledger, the time
 * up to which earlier agents had everything) and what the directory shows: a loss is reported only where these leave it open.
 */
import type { Logger } from 'pino';
import type { Chain } from '../files/chain.ts';
import { exempt, type Container } from '../discover/container.ts';
import { begunMs, countOnDisk, headBefore, hasHead } from '../files/chain-beginning.ts';
import type { Containers } from '../discover/containers.ts';
import type { Descriptors } from '../files/descriptors.ts';
import { isEmptyGzip } from '../files/file-head.ts';
import type { ContainerDirectory } from '../discover/discovery.ts';
import {
  chainKey,
  headOfLost,
  isLostHead,
  isOpenLoss,
  parseLedgerId,
  timeOfHead,
  UNKNOWN_HEAD,
  type FileId,
} from '../../shared/file-id.ts';
import type { KnownPositions } from '../send/known-positions.ts';
import { FIRST_FILE_MS_MAX, KUBELET_FILES_MAX } from '../limits.ts';
import { isUnreadGzip, statIfThere } from '../files/log-file.ts';
import { addLostFile, lostRuns, type AddedFile } from './lost-file.ts';
import { LossJudgements } from './loss-judgements.ts';
import type { LossReason, LostFile } from '../files/loss.ts';
import { noteMissed } from './missed-files.ts';
import { missingDirectory } from './missing-directory.ts';
import type { ReadyQueue } from '../files/ready-queue.ts';
import { openRenamed } from './renamed-file.ts';
import { BEGUN, DONE, rewindNote } from '../send/run-ledger.ts';

export interface LostFilesOptions {
  readonly podsDir: string;
  readonly log: Logger;
  readonly ready: ReadyQueue;
  readonly known: KnownPositions;
  readonly containers: Containers;
  readonly descriptors: Descriptors;
  readonly goneMs: number;
  readonly firstFileMsMax?: number;
}

/** Adds entries of lost files to the tail's containers. */
export class LostFiles {
  readonly #options: LostFilesOptions;
  readonly #judgements = new LossJudgements();
  #startMs = 0;

  constructor(options: LostFilesOptions) {
    this.#options = options;
  }

  /** Must be called before anything else, at the first tick. */
  start(nowMs: number): void {
    this.#startMs = nowMs;
  }

  /** A container came and went before its directory could be listed. */
  loseMissed(directory: ContainerDirectory, nowMs: number): void {
    this.#lose(directory, { restart: 0, name: '0.log', reason: 'never-opened', head: headOfLost(nowMs) }, nowMs);
  }

  /**
   * Examines a container that has just been listed. It is judged once the server's positions are known; what was missed before
   * that shows only now, so it is noted at once.
   */
  examine(container: Container, nowMs: number, arePositionsKnown: boolean): void {
    noteMissed(container, this.#options.firstFileMsMax ?? FIRST_FILE_MS_MAX, nowMs);
    if (arePositionsKnown) this.judge(container, nowMs);
  }

  /**
   * Judges a container that has just been listed, as soon as the server's positions are known: which runs no agent has seen, and
   * in which runs the oldest file is not the one after the last known one. The markers come before anything else of the run:
   * otherwise an agent that is killed meanwhile would leave newer positions, and the next one would find nothing missing.
   */
  judge(container: Container, nowMs: number): void {
    if (!container.isWhole) return;
    this.#judgements.begin(container);
    this.#takeLedger(container, nowMs);
    const runs = [...container.chains.values()]
      .filter(({ files }) => files.length > 0)
      .toSorted((a, b) => a.restart - b.restart);
    for (const { restart } of runs) container.unfinishedRuns.delete(restart);
    const newest = runs.at(-1);
    if (container.wasExcluded) {
      exempt(container, runs);
      this.#judgements.exempt(container);
      return;
    }
    if (newest === undefined) {
      this.#judgeEmpty(container, nowMs);
      return;
    }
    this.#judgeUnfinished(container, newest.restart, nowMs);
    this.#judgeSkipped(container, runs, nowMs);
    for (const chain of runs) {
      this.#judgeHead(container, chain, nowMs);
      for (const { lost, timeMs } of chain.missed.splice(0)) this.#lose(container.directory, lost, nowMs, timeMs);
    }
  }

  /**
   * Judges a container again after a rewind. The server may know more than it did before: the last batch of an agent that was
   * killed can be stored after the next one has asked for positions. Until something that this agent sent is stored, its losses
   * are withdrawn, and judged by what the server knows now.
   */
  judgeAgain(container: Container, nowMs: number): void {
    const { known } = this.#options;
    if (!container.isWhole || known.hasMoved(container.directory)) return;
    if (this.#judgements.withdraw(container, known)) this.judge(container, nowMs);
  }

  /** Records that all of a run is stored and its files are gone: if it is judged again, nothing of it is missing. */
  finishRun({ directory, doneRuns }: Container, { restart, key }: Chain): void {
    const { known } = this.#options;
    const last = known.lastBeforeStart(key);
    if (last !== undefined && isLostHead(last.head)) known.finish(last.id, false);
    if (known.hasMoved(directory)) doneRuns.clear();
    else doneRuns.set(restart, last?.id);
  }

  /** After a rewind: continues a container's ledger, if it was read, from what the server knows. */
  rewindLedger({ ledger, judgedMs }: Container): void {
    if (judgedMs !== undefined) rewindNote(ledger, this.#options.known.position(ledger.id));
  }

  /** Must be called when everything has been listed. Judges what has been missing for so long that it will not come back. */
  judgeMissing(nowMs: number): void {
    const { known, containers, goneMs } = this.#options;
    const { files, ledgers } = known.takeMissing(nowMs);
    for (const file of files) this.#judgeGone(file, nowMs);
    for (const id of ledgers) {
      const container = containers.take(missingDirectory(parseLedgerId(id)!, this.#options), nowMs);
      this.#takeLedger(container, nowMs);
      this.#judgeUnfinished(container, Infinity, nowMs);
    }
    for (const container of containers) {
      if (container.judgedMs === undefined || nowMs - container.judgedMs < goneMs) continue;
      if (container.unfinishedRuns.size > 0) this.#judgeUnfinished(container, Infinity, nowMs);
    }
  }

  /** The last file that the server knows of a run has gone. */
  #judgeGone(file: FileId, nowMs: number): void {
    const container = this.#options.containers.take(missingDirectory(file, this.#options), nowMs);
    // The marker of a lost file is remembered for as long as the run is there.
    if (!isLostHead(file.head) || !container.chains.has(file.restart)) this.#replace(container, file, nowMs);
  }

  #takeLedger(container: Container, nowMs: number): void {
    if (container.judgedMs !== undefined) return;
    container.judgedMs = nowMs;
    const { ledger, unfinishedRuns, chains } = container;
    rewindNote(ledger, this.#options.known.position(ledger.id));
    container.begunRuns = Math.max(container.begunRuns, ledger.delivery.acked[BEGUN]);
    for (let run = ledger.delivery.acked[DONE]; run < ledger.delivery.acked[BEGUN]; run++) {
      // A run may have been listed, and its files gone before they could be opened.
      if ((chains.get(run)?.files.length ?? 0) === 0 && !this.#isDone(container, run)) unfinishedRuns.add(run);
    }
  }

  /** The newest file of a run of which earlier agents have stored something. */
  #lastOf({ directory }: Container, run: number): FileId | undefined {
    return this.#options.known.lastBeforeStart(chainKey(directory.uid, directory.container, run));
  }

  /** Whether this agent has finished the run, and the server knows as much of it as it did then. */
  #isDone(container: Container, run: number): boolean {
    const last = this.#lastOf(container, run)?.id;
    if (last !== undefined && !this.#options.known.isFinished(last)) return false;
    return container.doneRuns.has(run) && container.doneRuns.get(run) === last;
  }

  /** Judges runs before `end` that an earlier agent had not finished, and whose files have gone. */
  #judgeUnfinished(container: Container, end: number, nowMs: number): void {
    const unknown: number[] = [];
    for (const run of [...container.unfinishedRuns].filter((each) => each < end)) {
      const last = this.#lastOf(container, run);
      container.unfinishedRuns.delete(run);
      if (last === undefined) unknown.push(run);
      else this.#replace(container, last, nowMs);
    }
    for (const lost of lostRuns(unknown)) {
      this.#loseJudged(container, { ...lost, reason: 'deleted-while-down', head: UNKNOWN_HEAD }, nowMs, nowMs);
    }
  }

  /** Judges skipped runs: they are numbered without gaps, so each run shows that there was a previous one. */
  #judgeSkipped(container: Container, runs: readonly Chain[], nowMs: number): void {
    const { begunRuns } = container;
    container.begunRuns = Math.max(begunRuns, runs.at(-1)!.restart + 1);
    const next = runs.find(({ restart }) => restart >= begunRuns);
    if (next === undefined || next.restart === begunRuns || !this.#beganAfterCaughtUp(next)) return;
    const skipped: number[] = [];
    for (let run = begunRuns; run < next.restart; run++) {
      if (this.#lastOf(container, run) === undefined && !this.#isDone(container, run)) skipped.push(run);
    }
    const why = { reason: this.#reasonOf(container), head: UNKNOWN_HEAD };
    for (const lost of lostRuns(skipped)) this.#loseJudged(container, { ...lost, ...why }, nowMs, begunMs(next));
  }

  /** Judges whether files are missing before the oldest one of a run. */
  #judgeHead(container: Container, chain: Chain, nowMs: number): void {
    if (chain.isHeadJudged) return;
    chain.isHeadJudged = true;
    const { known } = this.#options;
    const { key, restart, files } = chain;
    if (restart < container.ledger.delivery.acked[DONE] || files.some(({ loss }) => loss !== undefined)) return;
    const last = known.lastBeforeStart(key);
    if (last === undefined || isLostHead(last.head)) {
      if (!this.#mayHaveBegunEarlier(container, chain, last)) return;
      const lost = { restart, name: `${restart}.log`, reason: this.#reasonOf(container), head: headBefore(chain) };
      this.#loseJudged(container, lost, nowMs, begunMs(chain));
      return;
    }
    if (known.isFinished(last.id) || files.some((file) => hasHead(file, last.head))) return;
    const unread = files.find((file) => isUnreadGzip(file) && !isEmptyGzip(file));
    if (unread === undefined) this.#replace(container, last, nowMs, chain);
    else this.#claimFor(container, { chain, file: unread }, last);
  }

  /**
   * Whether a run may have begun before its oldest file. The kubelet deletes a file only if as many are left as it keeps. Even then
   * the oldest file is the first one if it began with the container's directory, or before everything on the node was known.
   */
  #mayHaveBegunEarlier({ directory }: Container, chain: Chain, lastLoss: FileId | undefined): boolean {
    const { firstFileMsMax = FIRST_FILE_MS_MAX } = this.#options;
    const { files, restart } = chain;
    if (files.length < this.#filesKept()) return false;
    if (lastLoss !== undefined && covers(lastLoss, chain)) return false;
    const timeMs = begunMs(chain);
    // Times of heads are whole milliseconds, and may seem to come before the directory.
    const sinceMadeMs = timeMs - Math.floor(statIfThere(directory.path)?.birthtimeMs ?? Infinity);
    return this.#beganAfterCaughtUp(chain) && !(restart === 0 && sinceMadeMs >= 0 && sinceMadeMs <= firstFileMsMax);
  }

  /** Judges an empty directory: if it has changed since it was made, a file came and went. */
  #judgeEmpty(container: Container, nowMs: number): void {
    const { begunRuns, hadFiles, directory, mtimeMs } = container;
    if (hadFiles || begunRuns > 0) return;
    // The time was taken before the listing: a file that came later is still to be found.
    const madeMs = statIfThere(directory.path)?.birthtimeMs;
    if (madeMs === undefined || mtimeMs <= madeMs || mtimeMs <= this.#sinceMs || this.#options.known.isKnown(directory))
      return;
    const lost = { restart: 0, name: '0.log', reason: this.#reasonOf(container), head: headOfLost(mtimeMs) };
    this.#loseJudged(container, lost, nowMs, mtimeMs);
  }

  /** Whether the oldest file that is left of a run began after everything on the node was last known to be stored. */
  #beganAfterCaughtUp(chain: Chain): boolean {
    return begunMs(chain) > this.#sinceMs;
  }

  /** Time of the first tick. */
  get startMs(): number {
    return this.#startMs;
  }

  /** Everything older than this is stored, or older than the node's first agent. */
  get #sinceMs(): number {
    return this.#options.known.caughtUpMs ?? this.#startMs;
  }

  #reasonOf({ foundMs }: Container): LossReason {
    return foundMs <= this.#startMs ? 'deleted-while-down' : 'never-opened';
  }

  /** How many files the node's kubelet keeps of a run: the default, unless a run has more. */
  #filesKept(): number {
    let count = KUBELET_FILES_MAX;
    for (const { chains } of this.#options.containers) {
      for (const { files } of chains.values()) count = Math.max(count, countOnDisk(files));
    }
    return count;
  }

  /** Lets a file of which nothing can be read replace the one that the server knows: it may be that one, so they share a marker. */
  #claimFor(container: Container, unread: AddedFile, { id }: FileId): void {
    this.#judgements.add(container, unread);
    unread.file.replaces = id;
    this.#options.known.claim(id);
  }

  /**
   * Adds a lost file in place of the last known one, unless that was only renamed.
   * @param chain  the rest of the run, if any
   */
  #replace(container: Container, last: FileId, nowMs: number, chain?: Chain): void {
    const { known, descriptors, ready } = this.#options;
    const renamed = openRenamed(container, last, known, descriptors);
    if (renamed !== undefined) {
      ready.add(renamed);
      return;
    }
    const { id, restart } = last;
    known.claim(id);
    const head = headBefore(chain ?? { files: [] }, last.head);
    const lost = { restart, name: `${restart}.log`, reason: 'deleted-while-down', head, replaces: id } as const;
    this.#loseJudged(container, lost, nowMs, chain === undefined ? nowMs : begunMs(chain));
  }

  /** Adds a lost file that is withdrawn if the server turns out to know more. */
  #loseJudged(container: Container, lost: LostFile, nowMs: number, timeMs: number): void {
    this.#judgements.add(container, this.#lose(container.directory, lost, nowMs, timeMs));
  }

  /** @param timeMs  of the marker */
  #lose(directory: ContainerDirectory, lost: LostFile, nowMs: number, timeMs = nowMs): AddedFile {
    const { containers, log, ready } = this.#options;
    log.warn({ ...directory, reason: lost.reason }, 'log lines may be lost');
    const container = containers.take(directory, nowMs);
    this.#takeLedger(container, nowMs);
    container.hadFiles = true;
    container.begunRuns = Math.max(container.begunRuns, lost.restart + 1);
    container.unfinishedRuns.delete(lost.restart);
    containers.quiet.wake(container);
    const added = addLostFile(container, lost, nowMs, timeMs);
    ready.add(added.chain);
    return added;
  }
}

/** Whether the marker of a lost file, after which nothing is stored, covers what is missing before the oldest file of a run. */
function covers({ head }: FileId, chain: Chain): boolean {
  return isOpenLoss(head) || head === headBefore(chain) || begunMs(chain) <= (timeOfHead(head) ?? -Infinity);
}
