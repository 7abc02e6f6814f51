/**
 * Finds out which files this agent can say nothing of but that they were there, or may have been: what came and went
 * between two looks, and what went while no agent ran. What decides is what the server remembers (positions, the
 * container's ledger, the time up to which earlier agents had everything) and what the directory shows: never more is said
 * to be missing than what these leave open.
 */
import type { Logger } from 'pino';
import type { Chain } from '../files/chain.ts';
import { excuse, type Container } from '../discover/container.ts';
import { begunMs, countOnDisk, headBefore, isOf, wasRotated, writtenMs } from '../files/chain-beginning.ts';
import type { Containers } from '../discover/containers.ts';
import type { Descriptors } from '../files/descriptors.ts';
import type { ContainerDirectory } from '../discover/discovery.ts';
import {
  chainKey,
  headOfUnseen,
  isLostHead,
  isOpenLoss,
  parseLedgerId,
  timeOfHead,
  UNKNOWN_HEAD,
  type FileId,
} from '../../shared/file-id.ts';
import type { KnownPositions } from '../send/known-positions.ts';
import { FIRST_FILE_MS_MAX, KUBELET_FILES_MAX } from '../limits.ts';
import { isUnreadGzip, statIfThere, type LogFile } from '../files/log-file.ts';
import { rotationAfter } from '../files/log-path.ts';
import { addLostFile, lostRuns, type AddedFile, type LostFile } from './lost-file.ts';
import { LossJudgements } from './loss-judgements.ts';
import type { LossReason } from '../files/loss.ts';
import { missingDirectory } from './missing-directory.ts';
import type { ReadyQueue } from '../files/ready-queue.ts';
import { openSetAside } from './set-aside.ts';
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

  /** Must be called before anything else, when the agent looks for the first time. */
  start(nowMs: number): void {
    this.#startMs = nowMs;
  }

  /** Something came and went here before it could be looked into. */
  unseen(directory: ContainerDirectory, nowMs: number): void {
    this.#lose(directory, { restart: 0, name: '0.log', reason: 'unseen', head: headOfUnseen(nowMs) }, nowMs);
  }

  /**
   * For a container that has just been listed, as soon as the server's positions are known: which runs no agent has seen, and
   * where the oldest file of a run is not the one with which it should go on. That is said before anything of the run is
   * read: if it waited, an agent that is killed meanwhile would leave newer positions, and the next one would not know.
   */
  judge(container: Container, nowMs: number): void {
    if (!container.isWhole) return;
    this.#judgements.begin(container);
    this.#takeLedger(container, nowMs);
    const runs = [...container.chains.values()]
      .filter(({ files }) => files.length > 0)
      .toSorted((a, b) => a.restart - b.restart);
    for (const { restart } of runs) container.owedRuns.delete(restart);
    const newest = runs.at(-1);
    if (container.wasExcluded) {
      excuse(container, runs);
      this.#judgements.excuse(container);
      return;
    }
    if (newest === undefined) {
      this.#judgeEmpty(container, nowMs);
      return;
    }
    this.#judgeOwed(container, newest.restart, nowMs);
    this.#judgeSkipped(container, runs, nowMs);
    for (const chain of runs) {
      this.#judgeHead(container, chain, nowMs);
      this.#judgeOvertaken(container, chain, nowMs);
    }
  }

  /**
   * After a rewind. The server may know more than it did when the container was judged: the last batch of an agent that was
   * killed can be stored after the next one has asked for positions. Until something that this agent sent is stored, what it
   * has said to be missing is withdrawn, and judged by what the server knows now.
   */
  judgeAgain(container: Container, nowMs: number): void {
    const { known } = this.#options;
    if (!container.isWhole || known.hasMoved(container.directory)) return;
    if (this.#judgements.withdraw(container, known)) this.judge(container, nowMs);
  }

  /** All of a run is read and stored, and its files are gone: if it is judged again, nothing of it is missing. */
  finishRun({ directory, doneRuns }: Container, { restart, key }: Chain): void {
    const { known } = this.#options;
    const last = known.lastBeforeStart(key);
    if (last !== undefined && isLostHead(last.head)) known.finish(last.id, false);
    if (known.hasMoved(directory)) doneRuns.clear();
    else doneRuns.set(restart, last?.id);
  }

  /** After a rewind: the ledgers of all containers that have one go on from what the server knows. */
  rewindLedger({ ledger, judgedMs }: Container): void {
    if (judgedMs !== undefined) rewindNote(ledger, this.#options.known.of(ledger.id));
  }

  /** When everything has been listed: what has been missing for so long that it will not come back. */
  judgeMissing(nowMs: number): void {
    const { known, containers, goneMs } = this.#options;
    const { files, ledgers } = known.takeUnwatched(nowMs);
    for (const file of files) this.#judgeGone(file, nowMs);
    for (const id of ledgers) {
      const container = containers.take(missingDirectory(parseLedgerId(id)!, this.#options), nowMs);
      this.#takeLedger(container, nowMs);
      this.#judgeOwed(container, Infinity, nowMs);
    }
    for (const container of containers) {
      if (container.judgedMs === undefined || nowMs - container.judgedMs < goneMs) continue;
      if (container.owedRuns.size > 0) this.#judgeOwed(container, Infinity, nowMs);
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
    const { ledger, owedRuns, chains } = container;
    rewindNote(ledger, this.#options.known.of(ledger.id));
    container.begunRuns = Math.max(container.begunRuns, ledger.delivery.acked[BEGUN]);
    for (let run = ledger.delivery.acked[DONE]; run < ledger.delivery.acked[BEGUN]; run++) {
      // A run may have been listed, and its files gone before they could be opened.
      if ((chains.get(run)?.files.length ?? 0) === 0 && !this.#isDone(container, run)) owedRuns.add(run);
    }
  }

  /** Whether this agent is done with the run, and the server knows as much of it as it did then. */
  #isDone({ directory, doneRuns }: Container, run: number): boolean {
    const { known } = this.#options;
    const last = known.lastBeforeStart(chainKey(directory.uid, directory.container, run))?.id;
    return doneRuns.has(run) && doneRuns.get(run) === last && (last === undefined || known.isFinished(last));
  }

  /** Runs before `end` that an earlier agent had not read to their end, and whose files have gone. */
  #judgeOwed(container: Container, end: number, nowMs: number): void {
    const { known } = this.#options;
    const { uid, container: name } = container.directory;
    const unknown: number[] = [];
    for (const run of [...container.owedRuns].filter((each) => each < end)) {
      const last = known.lastBeforeStart(chainKey(uid, name, run));
      container.owedRuns.delete(run);
      if (last === undefined) unknown.push(run);
      else this.#replace(container, last, nowMs);
    }
    for (const lost of lostRuns(unknown)) {
      this.#loseJudged(container, { ...lost, reason: 'unwatched', head: UNKNOWN_HEAD }, nowMs, nowMs);
    }
  }

  /** Runs are numbered without gaps, so a run whose predecessor was never seen shows that there was one. */
  #judgeSkipped(container: Container, runs: readonly Chain[], nowMs: number): void {
    const { known } = this.#options;
    const begunRuns = container.begunRuns;
    container.begunRuns = Math.max(begunRuns, runs.at(-1)!.restart + 1);
    const next = runs.find(({ restart }) => restart >= begunRuns);
    if (next === undefined || next.restart === begunRuns || !this.#isNews(next)) return;
    const skipped: number[] = [];
    for (let run = begunRuns; run < next.restart; run++) {
      const { uid, container: name } = container.directory;
      const isUnknown = known.lastBeforeStart(chainKey(uid, name, run)) === undefined;
      if (isUnknown && !this.#isDone(container, run)) skipped.push(run);
    }
    const why = { reason: this.#reasonOf(container), head: UNKNOWN_HEAD };
    for (const lost of lostRuns(skipped)) this.#loseJudged(container, { ...lost, ...why }, nowMs, begunMs(next));
  }

  /** Whether files are missing before the oldest one of a run. */
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
    if (known.isFinished(last.id) || files.some((file) => isOf(file, last.head))) return;
    const unread = files.find(isUnreadGzip);
    if (unread === undefined) this.#replace(container, last, nowMs, chain);
    else this.#claimFor(container, { chain, file: unread }, last);
  }

  /**
   * The kubelet deletes a file only where as many are left as it keeps. Of such a run the oldest file is the first one when
   * it began as early as the run did, or was there when everything on the node was known.
   */
  #mayHaveBegunEarlier({ directory }: Container, chain: Chain, lastLoss: FileId | undefined): boolean {
    const { firstFileMsMax = FIRST_FILE_MS_MAX } = this.#options;
    const { files, restart } = chain;
    if (files.length < this.#filesKept()) return false;
    if (lastLoss !== undefined && speaksFor(lastLoss, chain)) return false;
    const timeMs = begunMs(chain);
    // Times of heads are whole milliseconds, and may seem to come before the directory.
    const sinceMadeMs = timeMs - Math.floor(statIfThere(directory.path)?.birthtimeMs ?? Infinity);
    return this.#isNews(chain) && !(restart === 0 && sinceMadeMs >= 0 && sinceMadeMs <= firstFileMsMax);
  }

  /**
   * The file that was the newest at the last look has been rotated away since then: the kubelet deletes the oldest first, so
   * each that came after it and before the oldest one that is left has been deleted, too. If none is left, at least the one
   * is missing that its container went on with.
   */
  #judgeOvertaken({ directory }: Container, chain: Chain, nowMs: number): void {
    const { files, restart, newest } = chain;
    const present = files.filter(({ onDisk }) => onDisk);
    chain.newest = present.find(({ log }) => log.rotation === '');
    if (newest === undefined || newest.onDisk) return;
    const isMissing = present.length === 0 ? wasRotated(newest) : this.#isOvertaken(chain, newest, present);
    if (!isMissing) return;
    const head = headBefore({ files: present }, newest.head);
    const rotation = rotationAfter(newest.log.rotation);
    const lost = { restart, name: `${restart}.log`, reason: 'unseen', head, rotation } as const;
    this.#lose(directory, lost, nowMs, present.length === 0 ? nowMs : begunMs({ files: present }));
  }

  #isOvertaken({ files }: Chain, newest: LogFile, present: readonly LogFile[]): boolean {
    const { firstFileMsMax = FIRST_FILE_MS_MAX } = this.#options;
    // A runtime that replaces the only file has not skipped one.
    if (present.length < 2 || files.indexOf(present[0]!) < files.indexOf(newest)) return false;
    const pauseMs = begunMs({ files: present }) - (writtenMs(newest) ?? -Infinity);
    return Math.abs(pauseMs) > firstFileMsMax;
  }

  /** An empty directory that has changed since it was made: a file came and went unseen. */
  #judgeEmpty(container: Container, nowMs: number): void {
    const { begunRuns, hadFiles, directory, mtimeMs } = container;
    if (hadFiles || begunRuns > 0) return;
    // The time of before the listing: a file that came after it is still to be found.
    const madeMs = statIfThere(directory.path)?.birthtimeMs;
    if (madeMs === undefined || mtimeMs <= madeMs || mtimeMs <= this.#sinceMs || this.#isKnown(directory)) return;
    const lost = { restart: 0, name: '0.log', reason: this.#reasonOf(container), head: headOfUnseen(mtimeMs) };
    this.#loseJudged(container, lost, nowMs, mtimeMs);
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

  /** The file of which nothing can be read may be the one that the server knows: one marker is enough for both. */
  #claimFor(container: Container, unread: AddedFile, { id }: FileId): void {
    this.#judgements.add(container, unread);
    unread.file.replaces = id;
    this.#options.known.claim(id);
  }

  /** @param chain  what is left of the run, if anything is */
  #replace(container: Container, last: FileId, nowMs: number, chain?: Chain): void {
    const { known, descriptors, ready } = this.#options;
    const aside = openSetAside(container, last, known, descriptors);
    if (aside !== undefined) {
      ready.add(aside);
      return;
    }
    const { id, restart } = last;
    known.claim(id);
    const head = headBefore(chain ?? { files: [] }, last.head);
    const lost = { restart, name: `${restart}.log`, reason: 'unwatched', head, replaces: id } as const;
    this.#loseJudged(container, lost, nowMs, chain === undefined ? nowMs : begunMs(chain));
  }

  /** What is said to be lost for what the server knows, or does not. */
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
    container.owedRuns.delete(lost.restart);
    containers.quiet.wake(container);
    const added = addLostFile(container, lost, nowMs, timeMs);
    ready.add(added.chain);
    return added;
  }
}

/** Whether the marker of a lost file, after which nothing is stored, speaks for what is missing before the oldest file of a run. */
function speaksFor({ head }: FileId, chain: Chain): boolean {
  return isOpenLoss(head) || head === headBefore(chain) || begunMs(chain) <= (timeOfHead(head) ?? -Infinity);
}
