/**
 * Tails all containers of the node: notices on each tick which files have grown, rotated or vanished, says which chains have
 * something to read, and reads a bounded piece of one when its turn comes. Closes the files that are over, as file-lifecycle.ts decides.
 */
import { fstatSync, watch as watchDirectory, type Stats } from 'node:fs';
import type { Logger } from 'pino';
import { isDiskError } from '../shared/disk-error.ts';
import type { PositionsAnswer } from '../shared/wire.ts';
import type { AgentMetrics } from './agent-metrics.ts';
import { fileId, hasLoss, hasMore, type Chain } from './files/chain.ts';
import { hasLiveFile, needsListing, reconcileContainer, type Container } from './discover/container.ts';
import { Containers } from './discover/containers.ts';
import { boundFiles, createDescriptors, type Descriptors, type OpenFileLimits } from './files/descriptors.ts';
import type { ContainerDirectory, DiscoveryOptions } from './discover/discovery.ts';
import {
  hasDueLines,
  hasDueTail,
  isDoneWith,
  isLineDue,
  isOver,
  lifecycleTimes,
  type LifecycleTimes,
} from './files/file-lifecycle.ts';
import type { FileReader } from './lines/file-reader.ts';
import { GONE_MS, RESCAN_MS, TICKS_PER_DIRECTORY_CHECK } from './limits.ts';
import { identifyFile, rewindToKnown } from './files/identity.ts';
import { KnownPositions } from './send/known-positions.ts';
import {
  closeLogFile,
  isAtPath,
  isComplete,
  isUnreadGzip,
  loseRest,
  nameLost,
  reopenLogFile,
  type LogFile,
  type Offsets,
} from './files/log-file.ts';
import { noteGzip, notePoll, noteSize } from './files/disk-changes.ts';
import { LogOpener, type LogOpenerOptions } from './files/log-opener.ts';
import type { LossReason } from './files/loss.ts';
import { LostFiles } from './losses/lost-files.ts';
import { loseWentEmpty } from './losses/went-empty.ts';
import { Notes } from './notes.ts';
import type { QuietOptions, Watch } from './discover/quiet-containers.ts';
import { ReadyQueue } from './files/ready-queue.ts';
import { splitTruncated, wasTruncated } from './files/truncation.ts';
import { applyDecision, decideAgain, isIncluded, noteClosed } from './selection.ts';
import type { RuleBook } from './rules/rule-book.ts';
import { noteAcknowledged } from './send/delivery.ts';
import type { Note, NoteMove } from './send/run-ledger.ts';

export interface TailOptions
  extends OpenFileLimits, LogOpenerOptions, Pick<DiscoveryOptions, 'watchPods'>, Pick<QuietOptions, 'quietMs'> {
  readonly podsDir: string;
  readonly node: string;
  readonly log: Logger;
  readonly metrics: AgentMetrics;
  readonly reader: FileReader;
  readonly ready: ReadyQueue;
  readonly rules: RuleBook;
  readonly rescanMs?: number;
  readonly graceMs?: number;
  readonly goneMs?: number;
  readonly firstFileMsMax?: number;
  readonly pendingIdleMsMax?: number;
  readonly vouchMs?: number;
  readonly watch?: Watch;
}

/** Owns the containers, their chains and files, and the mirror of the server's positions. */
export class Tail {
  readonly #log: Logger;
  readonly #metrics: AgentMetrics;
  readonly #reader: FileReader;
  readonly #ready: ReadyQueue;
  readonly #rules: RuleBook;
  #times: LifecycleTimes;
  /** Empty until the server has been asked; nothing is read before that. */
  readonly #known: KnownPositions;
  readonly #descriptors: Descriptors;
  readonly #lost: LostFiles;
  readonly #notes: Notes;
  readonly #containers: Containers;
  #nowMs = 0;
  #ticks = 0;
  #hasPositions = false;
  #hasReadErrors = false;

  constructor(options: TailOptions) {
    const { rescanMs = RESCAN_MS, goneMs = GONE_MS, watch = watchDirectory } = options;
    this.#containers = new Containers({ ...options, rescanMs, watch, missed: (place) => this.#loseMissed(place) });
    this.#log = options.log;
    this.#metrics = options.metrics;
    this.#reader = options.reader;
    this.#ready = options.ready;
    this.#rules = options.rules;
    this.#times = lifecycleTimes(options);
    this.#known = new KnownPositions(goneMs);
    this.#descriptors = createDescriptors(options, new LogOpener(options));
    this.#notes = new Notes(this.#containers, options.rules, options.vouchMs);
    const own = { containers: this.#containers, known: this.#known, descriptors: this.#descriptors };
    this.#lost = new LostFiles({ ...options, goneMs, ...own });
    this.#containers.measure(options.metrics);
  }

  /** Closes everything. The next agent reads again what was not acknowledged. */
  stop(): void {
    for (const file of this.#containers.files()) closeLogFile(file);
    this.#containers.stop();
  }

  /**
   * Polls every live file, and directories in turn, and queues the chains that have something to read or finish. Quiet
   * containers are polled when everything is listed, in case an event was missed.
   * @param listsAll  list everything, whether or not it is due
   */
  tick(nowMs: number, listsAll = false): void {
    if (this.#ticks++ === 0) this.#lost.start(nowMs);
    this.#nowMs = nowMs;
    this.#hasReadErrors = false;
    const { quiet } = this.#containers;
    const isFullScan = this.#containers.poll(nowMs, listsAll);
    if (this.#hasPositions) loseWentEmpty(this.#containers, this.#known, (place) => this.#loseMissed(place));
    let phase = this.#ticks;
    for (const container of this.#containers) {
      // A container that falls quiet or wakes must not shift the phases of the others.
      const isInTurn = isFullScan || phase++ % TICKS_PER_DIRECTORY_CHECK === 0;
      if (!isFullScan && quiet.has(container)) continue;
      if (!isIncluded(container, this.#rules, nowMs)) continue;
      // Before the poll, so that no change falls between the two.
      if (isInTurn) quiet.watch(container, nowMs);
      this.#guard(container.directory.path, () => {
        const needsReconciling = isFullScan || ((isInTurn || !hasLiveFile(container)) && needsListing(container));
        if (needsReconciling) this.#reconcile(container, nowMs);
        for (const chain of container.chains.values()) this.#tickChain(container, chain, nowMs);
      });
      quiet.check(container, nowMs);
    }
    boundFiles(this.#containers.files(), this.#descriptors, (file, reason) => this.#giveUp(file, reason));
    if (!isFullScan) return;
    this.#noteMissing(nowMs);
    for (const { directory } of this.#containers.forgetGone()) this.#known.finishContainer(directory);
  }

  /** Whether something is unread that the next agent may not find: whole lines, and what is deleted. */
  hasUnread(nowMs: number): boolean {
    for (const { chains } of this.#containers) {
      for (const chain of chains.values()) {
        if (chain.files.some((file) => hasLoss(file) || hasMore(file))) return true;
        if (hasDueLines(chain, nowMs, this.#times)) return true;
      }
    }
    return false;
  }

  /**
   * Has the next ticks, which are the last ones, store unfinished lines of files without a name at once and as they are, since no
   * other agent could read them.
   */
  prepareToStop(): void {
    this.#times = { ...this.#times, unlinkedGraceMs: 0 };
    this.#containers.prepareToStop();
  }

  /** The ledgers that move with the batch that is built now. */
  ledgerMoves(nowMs: number): NoteMove[] {
    return this.#notes.ledgerMoves(this.#lost.startMs, nowMs, this.#times);
  }

  /** The note that with the batch that is built now everything up to the last tick is stored, if nothing is left in the queue. */
  caughtUpMoves(isQuiet: boolean): NoteMove[] {
    return this.#hasReadErrors || !this.#ready.isEmpty ? [] : this.#notes.caughtUpMoves(this.#nowMs, isQuiet);
  }

  /** Reads one piece of a chain into the batch, or finishes what is at its end. There must be room. */
  readSlice(chain: Chain, nowMs: number): void {
    this.#guard(chain.key, () => {
      if (!this.#reader.read(chain, nowMs)) this.#finishLines(chain, nowMs);
    });
  }

  /** Adopts the server's positions, and reads everything after them again. */
  resync(positions: PositionsAnswer['positions']): void {
    this.#known.replace(positions);
    this.#containers.quiet.wakeAll();
    this.#notes.rewind(this.#known);
    this.#hasPositions = true;
    for (const container of this.#containers) {
      for (const chain of container.chains.values()) this.#rewindChain(chain);
      this.#lost.rewindLedger(container);
      this.#lost.judgeAgain(container, this.#nowMs);
    }
  }

  get containers(): Iterable<Container> {
    return this.#containers;
  }

  /**
   * Applies the current rules to every line that is not sent yet. Nothing may be in flight or in the batch. The files of a
   * container that is now excluded are closed; one that is included again is read from its stored position.
   */
  followRules(): void {
    this.#containers.quiet.wakeAll();
    for (const container of this.#containers) {
      decideAgain(container, this.#rules, this.#reader);
      for (const chain of container.chains.values()) this.#rewindChain(chain);
    }
  }

  /** @param moved  a file, or a note that has moved with its batch */
  acknowledge({ delivery }: Pick<LogFile | Note, 'delivery'>, id: string, to: Offsets): void {
    noteAcknowledged(delivery, to);
    this.#known.acknowledge(id, to);
  }

  goneFiles(nowMs: number): string[] {
    return this.#known.gone(nowMs);
  }

  acknowledgeGone(ids: readonly string[]): void {
    this.#known.forget(ids);
  }

  #loseMissed(directory: ContainerDirectory): void {
    if (this.#rules.decide(directory, 0).selection !== 'excluded') this.#lost.loseMissed(directory, this.#nowMs);
  }

  #reconcile(container: Container, nowMs: number): void {
    reconcileContainer(container, this.#descriptors, nowMs, (chain, file) => this.#assignPosition(chain, file));
    this.#lost.examine(container, nowMs, this.#hasPositions);
    applyDecision(container);
    for (const chain of container.chains.values()) this.#ready.add(chain);
  }

  #tickChain(container: Container, chain: Chain, nowMs: number): void {
    for (const file of chain.files) {
      if (file.fd < 0) continue;
      const stats = fstatSync(file.fd);
      if (!notePoll(file, stats, nowMs)) continue;
      if (!file.log.gzip) this.#noteSize(chain, file, stats.size, nowMs);
      else this.#noteGzip(chain, file, stats, nowMs);
      if (!file.onDisk || isAtPath(file)) continue;
      this.#reconcile(container, nowMs);
      break;
    }
    for (const file of chain.files) if (hasLoss(file) || hasMore(file)) this.#ready.add(chain);
    this.#finishFiles(container, chain, nowMs);
  }

  #noteSize(chain: Chain, file: LogFile, sizeBytes: number, nowMs: number): void {
    if (wasTruncated(file, sizeBytes)) {
      this.#truncated(chain, file, sizeBytes, nowMs);
      return;
    }
    noteSize(file, sizeBytes, nowMs);
    if (file.head === '' && sizeBytes > 0 && identifyFile(chain, file, this.#descriptors.opener))
      this.#assignPosition(chain, file);
  }

  #noteGzip(chain: Chain, file: LogFile, stats: Stats, nowMs: number): void {
    noteGzip(file, stats, nowMs);
    if (isUnreadGzip(file) && identifyFile(chain, file, this.#descriptors.opener)) this.#assignPosition(chain, file);
  }

  #truncated(chain: Chain, file: LogFile, sizeBytes: number, nowMs: number): void {
    this.#metrics.truncatedFiles.add();
    this.#log.warn(
      { path: file.path, sizeBytes, readOffset: file.reading.offset },
      'a log file was truncated in place',
    );
    const fresh = splitTruncated(chain, file, sizeBytes, nowMs);
    this.#noteSize(chain, fresh, sizeBytes, nowMs);
  }

  #assignPosition(chain: Chain, file: LogFile): void {
    rewindToKnown(chain, file, this.#known);
    this.#known.found(fileId(chain, file));
    this.#ready.add(chain);
  }

  #rewindChain(chain: Chain): void {
    this.#reader.dropPending(chain);
    for (const file of chain.files) {
      if (file.head === '') continue;
      rewindToKnown(chain, file, this.#known);
      if (file.fd >= 0 || file.loss !== undefined || isComplete(file)) continue;
      if (!file.onDisk || !reopenLogFile(file, this.#descriptors.opener)) this.#giveUp(file, 'deleted');
    }
    this.#ready.add(chain);
  }

  /** Queues the chain when an unfinished line at its end is due; closes and forgets files that are done. */
  #finishFiles(container: Container, chain: Chain, nowMs: number): void {
    if (hasDueLines(chain, nowMs, this.#times)) this.#ready.add(chain);
    for (const file of chain.files) {
      if (!isOver(chain, file, nowMs, this.#times) || !isDoneWith(chain, file)) continue;
      const isDeleted = file.fd >= 0 && fstatSync(file.fd).nlink === 0;
      if (file.fd >= 0) closeLogFile(file);
      if (file.onDisk) continue;
      if (file.head !== '') this.#known.finish(fileId(chain, file), isDeleted);
      chain.files = chain.files.filter((other) => other !== file);
    }
    if (chain.files.length === 0 && chain.pending.every((line) => line === undefined)) {
      container.chains.delete(chain.restart);
      this.#lost.finishRun(container, chain);
    }
  }

  #finishLines(chain: Chain, nowMs: number): void {
    for (const file of chain.files) {
      if (!hasDueTail(chain, file, nowMs, this.#times)) continue;
      if (file.head !== '') this.#reader.readTail(chain, file, nowMs);
      else if (identifyFile(chain, file, this.#descriptors.opener, true)) this.#assignPosition(chain, file);
    }
    this.#reader.flushPending(chain, (line) => isLineDue(chain, line, nowMs, this.#times));
  }

  /** Closes a file although it is not read to its end: the rest is lost. */
  #giveUp(file: LogFile, reason: LossReason): void {
    const { path, sizeBytes } = file;
    const { offset: readOffset } = file.reading;
    const isLoss = sizeBytes > readOffset;
    if (isLoss) this.#log.error({ path, reason, readOffset, sizeBytes }, 'log lines are lost');
    nameLost(file, this.#nowMs);
    closeLogFile(file);
    if (isLoss) loseRest(file, reason);
  }

  #noteMissing(nowMs: number): void {
    if (!this.#containers.isComplete || this.#hasReadErrors) return;
    const present = this.#containers.ids();
    noteClosed(this.#containers, this.#known, present);
    this.#known.noteMissing(present, nowMs);
    this.#lost.judgeMissing(nowMs);
  }

  /** A file or directory that cannot be read must not keep the others from being read. */
  #guard(path: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!isDiskError(error)) throw error;
      this.#hasReadErrors = true;
      this.#metrics.readErrors.add();
      this.#log.warn({ err: error, path }, 'a log file cannot be read; retrying');
    }
  }
}
