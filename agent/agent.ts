/**
 * The agent of one node: tail → batch → server. One batch is in flight while the next is built, never more: when both
 * are full, reading stops, and the log files are the buffer. Nothing is written to the node's disk.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type AgentStatus, encodeAgentStatus } from '../shared/agent-status.ts';
import type { RulesAnswer } from '../shared/rules/rule-set.ts';
import { encodeBatch, type FileRange, type PositionsAnswer } from '../shared/wire.ts';
import { countLoss, countUses, createAgentMetrics, type AgentMetrics } from './agent-metrics.ts';
import { BatchBuilder, type ClosedBatch, markerGroup, nodeMarkerGroup, NO_ROWS } from './send/batch-builder.ts';
import { countLossAt } from './send/delivery.ts';
import { FileReader, type FileReaderOptions } from './lines/file-reader.ts';
import { BATCH_ROWS_MAX, DRAIN_STEP_MS, PUMP_MS_MAX, RUNS_AGAIN_MS, TICK_MS } from './limits.ts';
import type { Loss } from './files/loss.ts';
import { IdleDetector } from './idle-detector.ts';
import { ReadyQueue } from './files/ready-queue.ts';
import { isAnyOutdated, isAnyPending } from './selection.ts';
import { RuleBook } from './rules/rule-book.ts';
import { RulesClient } from './send/rules-client.ts';
import { Shipper, type Outcome, type ShipperOptions } from './send/ship.ts';
import { StatusReport } from './status-report.ts';
import { Tail, type TailOptions } from './tail.ts';

export interface AgentOptions
  extends
    Pick<TailOptions, 'podsDir' | 'rescanMs' | 'graceMs' | 'goneMs' | 'pendingIdleMsMax' | 'vouchMs'>,
    Pick<TailOptions, 'firstFileMsMax'>,
    Pick<TailOptions, 'deletedBytesMax' | 'openFilesMax' | 'watch' | 'watchPods' | 'quietMs' | 'linkedDirs'>,
    Pick<FileReaderOptions, 'rateLimit' | 'multiline'>,
    Pick<ShipperOptions, 'serverUrl' | 'token' | 'backoffMsMax' | 'requestMsMax'> {
  readonly node: string;
  readonly log: Logger;
  readonly tickMs?: number;
  /** Called at the end of a burst, when its memory is garbage. */
  readonly collectGarbage?: () => void;
  readonly rulesAskMs?: number;
  /** The version of podlog, which the server shows. */
  readonly version?: string;
}

export interface Agent {
  /**
   * Ships what is on disk now and waits until it is acknowledged, but no longer than `drainMsMax`. The next agent reads
   * what is not acknowledged by then.
   */
  stop(options?: { drainMsMax?: number }): Promise<void>;
  /** Prometheus text. */
  metrics(): string;
  status(): AgentStatus;
}

/**
 * Starts to poll and watch once the server has sent its rules or cannot: from then on files are held open, so that none is
 * missed. Reading begins when both rules and positions are known.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const agent = new RunningAgent(options);
  await agent.start();
  return agent;
}

class RunningAgent implements Agent {
  readonly #log: Logger;
  readonly #node: string;
  readonly #tickMs: number;
  readonly #metrics: AgentMetrics = createAgentMetrics();
  readonly #ready = new ReadyQueue();
  readonly #batch = new BatchBuilder();
  readonly #tail: Tail;
  readonly #shipper: Shipper;
  readonly #book = new RuleBook();
  readonly #rules: RulesClient;
  readonly #report: StatusReport;
  readonly #idle = new IdleDetector(Date.now());
  readonly #collectGarbage: () => void;
  #tickTimer: NodeJS.Timeout | undefined;
  #isReading = false;
  #isPumping = false;
  #isStopped = false;
  /** The rules may have changed since they were last applied. */
  #areRulesNew = false;
  /** The batch that is being sent, until it is resolved. */
  #inFlight: Promise<void> | undefined;
  #conflicts = 0;
  #rejections = 0;
  /** Until then rows have no runs, as the server refused a batch with them. */
  #hasRunsFromMs = 0;

  constructor(options: AgentOptions) {
    const { log, node, rateLimit, multiline, graceMs, collectGarbage = () => {} } = options;
    const metrics = this.#metrics;
    const ready = this.#ready;
    const wake = (): void => this.#pump();
    const reader = new FileReader({ batch: this.#batch, ready, metrics, log, rateLimit, multiline, graceMs, wake });
    this.#log = log;
    this.#node = node;
    this.#collectGarbage = collectGarbage;
    this.#tickMs = options.tickMs ?? TICK_MS;
    this.#tail = new Tail({ ...options, metrics, reader, ready, rules: this.#book });
    this.#shipper = new Shipper({ ...options, metrics });
    const changed = (answer: RulesAnswer): void => {
      this.#book.take(answer);
      this.#areRulesNew = true;
      this.#pump();
    };
    this.#report = new StatusReport({ version: options.version ?? 'unknown', metrics, nowMs: Date.now() });
    const status = (): string => encodeAgentStatus(this.status());
    this.#rules = new RulesClient({ ...options, metrics, askMs: options.rulesAskMs, changed, status });
  }

  async start(): Promise<void> {
    await this.#rules.start();
    this.#tick();
    this.#tickTimer = setInterval(() => this.#tick(), this.#tickMs);
    this.#inFlight = this.#run(async () => {
      await this.#rules.known;
      this.#tail.resync(await this.#shipper.fetchPositions());
      this.#isReading = true;
    });
  }

  metrics(): string {
    return this.#metrics.registry.render();
  }

  status(): AgentStatus {
    return this.#report.read(Date.now());
  }

  async stop({ drainMsMax = 0 }: { drainMsMax?: number } = {}): Promise<void> {
    clearInterval(this.#tickTimer);
    const deadlineMs = Date.now() + drainMsMax;
    const timer = setTimeout(() => this.#shipper.stop(), drainMsMax);
    if (drainMsMax > 0) {
      this.#tail.prepareToStop();
      this.#tail.tick(Date.now(), true);
      while (Date.now() < deadlineMs) {
        this.#tick();
        if (this.#isDrained()) break;
        await Promise.race([this.#inFlight, sleep(DRAIN_STEP_MS)]);
      }
    }
    clearTimeout(timer);
    this.#isStopped = true;
    this.#shipper.stop();
    await this.#rules.stop();
    await this.#inFlight;
    this.#tail.stop();
  }

  #isDrained(): boolean {
    if (!this.#isReading || this.#inFlight !== undefined) return false;
    return this.#ready.isEmpty && this.#batch.isEmpty && !this.#tail.hasUnread(Date.now());
  }

  #tick(): void {
    const nowMs = Date.now();
    this.#tail.tick(nowMs);
    if (isAnyPending(this.#tail.containers)) this.#rules.ask();
    this.#pump();
    if (this.#batch.isEmpty && this.#idle.begins(nowMs)) this.#giveBackMemory();
  }

  #giveBackMemory(): void {
    this.#batch.discard();
    this.#collectGarbage();
  }

  /**
   * Fills the batch from the chains in turn until there is nothing to read or no room, and ships it unless one is in flight.
   * Chains become ready with a tick, so there is about one batch a tick, or more when they fill up.
   */
  #pump(): void {
    if (!this.#isReading || this.#isStopped || this.#isPumping) return;
    this.#followRules();
    this.#isPumping = true;
    const pauseMs = performance.now() + PUMP_MS_MAX;
    while (performance.now() < pauseMs) {
      if (this.#batch.isFull) {
        if (this.#inFlight !== undefined) break;
        this.#ship();
      }
      const chain = this.#ready.take();
      if (chain === undefined) break;
      this.#tail.readSlice(chain, Date.now());
    }
    this.#isPumping = false;
    if (this.#ready.isEmpty || this.#batch.isFull) this.#ship();
    else setImmediate(() => this.#pump());
  }

  /** New rules also apply to lines that are in the batch already, but not to those in flight. */
  #followRules(): void {
    if (this.#inFlight !== undefined || !this.#areRulesNew) return;
    this.#areRulesNew = false;
    if (!isAnyOutdated(this.#tail.containers, this.#book)) return;
    this.#batch.discard();
    this.#tail.followRules();
  }

  #ship(): void {
    if (this.#inFlight !== undefined || !this.#isReading) return;
    const nowMs = Date.now();
    const goneFiles = this.#tail.goneFiles(nowMs);
    const moves = this.#tail.ledgerMoves(nowMs);
    const isQuiet = this.#batch.isEmpty && goneFiles.length === 0 && moves.length === 0;
    const caughtUp = this.#tail.caughtUpMoves(isQuiet);
    if (isQuiet && caughtUp.length === 0) return;
    const closed = this.#batch.close([...moves, ...caughtUp]);
    this.#idle.note(closed?.lineBytes ?? 0, nowMs);
    const gone = [...goneFiles, ...(closed?.gone ?? [])];
    if (closed === undefined && gone.length === 0) return;
    this.#inFlight = this.#run(() => this.#send(closed, gone));
  }

  async #send(closed: ClosedBatch | undefined, gone: readonly string[]): Promise<void> {
    const files = closed === undefined ? [] : rangesOf(closed);
    const rowGroup = closed?.rowGroup ?? NO_ROWS;
    const bytes = encodeBatch({ node: this.#node, files, gone, rowGroup });
    const outcome = await this.#shipper.send(bytes);
    switch (outcome.kind) {
      case 'stored':
        this.#stored(closed, gone, bytes.length);
        return;
      case 'conflict':
        await this.#resolveConflict(outcome.positions);
        return;
      case 'rejected':
        await this.#resolveRejection(closed, outcome);
        return;
    }
  }

  #stored(closed: ClosedBatch | undefined, gone: readonly string[], sizeBytes: number): void {
    const metrics = this.#metrics;
    if (closed !== undefined) this.#acknowledge(closed);
    this.#tail.acknowledgeGone(gone);
    this.#conflicts = 0;
    const nowMs = Date.now();
    if (this.#rejections === 1 && !this.#batch.hasRuns) this.#hasRunsFromMs = nowMs + RUNS_AGAIN_MS;
    this.#batch.hasRuns = nowMs >= this.#hasRunsFromMs;
    this.#rejections = 0;
    this.#batch.rowsMax = Math.min(BATCH_ROWS_MAX, this.#batch.rowsMax * 2);
    metrics.batches.add();
    metrics.batchBytes.add(sizeBytes);
    if (closed === undefined) return;
    metrics.lines.add(closed.counts.lines);
    metrics.lineBytes.add(closed.lineBytes);
    metrics.unparsedLines.add(closed.counts.unparsed);
    metrics.partialLines.add(closed.counts.partial);
    metrics.truncatedLines.add(closed.counts.truncated);
    countUses(metrics, closed.counts.uses);
    for (const loss of closed.counts.losses) {
      if (countLossAt(loss.file, loss.offset)) countLoss(metrics, loss.chain.source, loss);
    }
  }

  /**
   * The server was restored, wiped, or had stored a batch whose answer was lost. The agent goes on from its positions of all
   * files, so that a store that lost everything gets back what the node still has.
   */
  async #resolveConflict(positions: PositionsAnswer['positions']): Promise<void> {
    this.#metrics.conflicts.add();
    this.#log.warn({ files: positions.length }, 'the server knows other positions; reading again from there');
    if (this.#conflicts++ > 0) await this.#shipper.backOff(this.#conflicts);
    await this.#resync(positions);
  }

  /**
   * The same bytes will never be accepted. The batch is built once more, in case it was damaged on the way, and without runs
   * after a 400, as the server may be too old for them. Then it is built with fewer and fewer rows, until the line that the
   * server refuses is alone in it. That line is given up, so that the rest goes on.
   */
  async #resolveRejection(closed: ClosedBatch | undefined, outcome: Outcome & { kind: 'rejected' }): Promise<void> {
    const { status, message } = outcome;
    const rows = closed?.counts.lines ?? 0;
    this.#metrics.rejections.add(1, { status: String(status) });
    this.#log.error({ status, message, rows }, 'the server refuses a batch');
    if (rows > 0 && (rows === 1 || this.#batch.rowsMax === 1) && this.#rejections > 0) {
      if (await this.#skip(closed!)) return;
    }
    if (status === 400) this.#batch.hasRuns = false;
    if (this.#rejections++ > 0 || status === 413) this.#batch.rowsMax = Math.max(1, Math.floor(rows / 2));
    if (rows <= 1) await this.#shipper.backOff(this.#rejections);
    await this.#resync([]);
  }

  /** Moves the positions past a batch, with a marker in place of its rows; the node's own if that of the pod is refused. */
  async #skip(closed: ClosedBatch): Promise<boolean> {
    const { ranges, gone, counts, lineBytes } = closed;
    const { chain, file } = ranges[0]!;
    const loss: Loss = { reason: 'rejected', sizeBytes: lineBytes };
    const files = rangesOf(closed);
    const send = (rowGroup: Uint8Array): Promise<Outcome> =>
      this.#shipper.send(encodeBatch({ node: this.#node, files, gone, rowGroup }));
    let outcome = await send(markerGroup(chain, file, loss));
    if (outcome.kind === 'rejected') outcome = await send(nodeMarkerGroup(chain, file, loss));
    if (outcome.kind !== 'stored') return false;
    this.#acknowledge(closed);
    this.#tail.acknowledgeGone(gone);
    countLoss(this.#metrics, chain.source, loss);
    const { lines } = counts;
    this.#log.error({ files: files.map((range) => range.file), lines, lineBytes }, 'log lines are given up');
    return true;
  }

  #acknowledge({ ranges, notes }: ClosedBatch): void {
    for (const { file, range, to } of ranges) {
      this.#metrics.storedBytes.add(Math.max(0, Math.min(...to) - Math.min(...file.delivery.acked)));
      this.#tail.acknowledge(file, range.file, to);
    }
    for (const { note, to } of notes) this.#tail.acknowledge(note, note.id, to);
  }

  /** Drops what was built and reads again from the server's positions. */
  async #resync(overrides: PositionsAnswer['positions']): Promise<void> {
    const positions = await this.#shipper.fetchPositions();
    this.#batch.discard();
    this.#tail.resync([...positions, ...overrides]);
  }

  /** Runs work in the place of the batch in flight. Only `stop` may abort it. */
  async #run(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.#shipper.isStopped) throw error;
      this.#isStopped = true;
    }
    this.#inFlight = undefined;
    this.#pump();
  }
}

/** All ranges that a batch moves. */
function rangesOf({ ranges, notes }: ClosedBatch): FileRange[] {
  return [...ranges, ...notes].map(({ range }) => range);
}
