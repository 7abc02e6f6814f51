/**
 * One run: the real store on a simulated disk, with writers, queries, faults and crashes, held against what the writers
 * know. Everything that happens follows from the script; nothing from the machine.
 */
import { CorruptionError, UnavailableError, UsageError } from '../../shared/errors.ts';
import { labelsKey } from '../../shared/labels.ts';
import { instantOfMs } from '../../shared/time.ts';
import { encodeBatch } from '../../shared/wire.ts';
import type { BatchOutcome } from '../../server/ingest/accept-batch.ts';
import { diskErrorCode } from '../../server/store/disk.ts';
import { planOf } from '../../server/store/erasure/filter.ts';
import { parsePattern } from '../../server/store/scan/pattern.ts';
import type { Plan } from '../../server/store/scan/plan.ts';
import { Random } from '../corpus/random.ts';
import { at, rowGroupOf } from '../server/store/batches.ts';
import { isWanted, naiveSearch } from '../server/store/naive-search.ts';
import { linesInSegment, linesInWal } from './damage.ts';
import { DiskImage, type FileNode } from './disk-image.ts';
import { type Operation, RETENTION_MS, type Script, WRITERS } from './operations.ts';
import { DATA_DIR, endProcess, type Process, readLines, search, startProcess } from './process.ts';
import { queryOf } from './queries.ts';
import { NO_FAULTS, SimDisk } from './sim-disk.ts';
import { type Push, type SeenLine, type TrueLine, Truth, type Writer } from './truth.ts';
import { VirtualTime } from './virtual-time.ts';

/** 2026-11-23T12:00Z. */
const START_MS = Date.UTC(2026, 10, 23, 12);
/** Nothing takes more steps than this; what does never ends. */
const STEPS_MAX = 20_000;
/** A start that fails again and again meets a whole disk in the end. */
const HARMED_STARTS_MAX = 3;
/** Every flush is due again after this. */
const RETRIES_MS = 600_000;

export interface Outcome {
  /** What is wrong; undefined when nothing is. */
  readonly failure: string | undefined;
  /** What happened, in order. */
  readonly log: readonly string[];
}

/** Never rejects: what goes wrong is the outcome. */
export async function simulate(script: Script): Promise<Outcome> {
  const run = new Run(script);
  try {
    await run.play();
    return { failure: undefined, log: run.log };
  } catch (error) {
    const failure = error instanceof Wrong ? error.message : error instanceof Error ? error.stack! : String(error);
    return { failure, log: run.log };
  }
}

/** The store broke a promise. */
class Wrong extends Error {}

class Run {
  readonly log: string[] = [];
  readonly #script: Script;
  readonly #image = new DiskImage();
  readonly #time = new VirtualTime(START_MS);
  readonly #truth = new Truth(WRITERS);
  /** Paths of which damage was reported. */
  readonly #reports = new Set<string>();
  /** Small files that a person would restore from a backup, as they were before they were damaged. */
  readonly #backups = new Map<FileNode, Buffer>();
  readonly #running = new Set<string>();
  /** What went wrong in something that nobody waits for. */
  #failure: Error | undefined;
  #random = new Random(0);
  #process!: Process;
  #jobCount = 0;

  constructor(script: Script) {
    this.#script = script;
  }

  async play(): Promise<void> {
    await this.#start();
    for (const [index, operation] of this.#script.operations.entries()) {
      this.#random = new Random(operation.seed);
      const { seed: _, ...told } = operation;
      this.#note(`── ${index}: ${JSON.stringify(told)}`);
      await this.#perform(operation);
      await this.#go(this.#random.below(3) === 0 ? 0 : this.#random.below(25));
    }
    await this.#end();
  }

  async #perform(operation: Operation): Promise<void> {
    const { store, disk, compactor } = this.#process;
    switch (operation.kind) {
      case 'send':
        return this.#send(operation.writers, operation.lines, operation.isReplyLost);
      case 'repeat':
        return this.#sendAgain(this.#truth.writers[operation.writer]!);
      case 'wrong':
        return this.#sendWrong(this.#truth.writers[operation.writer]!);
      case 'push':
        return this.#push(operation.lines);
      case 'flush':
        return this.#launch('flush', () => store.flushAll());
      case 'compact':
        return this.#launch('compact', async () => {
          if (operation.isAll) await compactor.settle();
          else compactor.tick();
        });
      case 'erase':
        return this.#erase(operation.user);
      case 'tick':
        this.#time.pass(operation.afterMs);
        return this.#tick();
      case 'setClockBack':
        return this.#time.setClock(-operation.byMs);
      case 'query':
        return this.#launch('query', () => this.#query());
      case 'faults':
        disk.setFaults(operation.plan, new Random(operation.seed));
        return disk.setNearlyFull(operation.isNearlyFull);
      case 'crash':
        return disk.crashAfter(operation.afterOperations);
      case 'settle':
        return this.#settle();
      case 'restart':
        return this.#restart();
      case 'flip':
        return this.#flip();
    }
  }

  // ── Writers ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #send(indexes: readonly number[], count: number, isReplyLost: boolean): void {
    const writers = indexes.map((index) => this.#truth.writers[index]!).filter(({ isBusy }) => !isBusy);
    if (writers.length === 0) return;
    const ranges = writers.map((writer) => {
      while (writer.lines.length < writer.known + count) this.#makeLine(writer.labels, writer.lines);
      return { writer, from: writer.known, to: writer.known + count };
    });
    for (const { writer, from, to } of ranges) {
      writer.isBusy = true;
      this.#truth.send(writer, from, to);
    }
    this.#launch('send', async () => {
      const outcome = await this.#accept(ranges);
      for (const { writer, to } of ranges) {
        writer.isBusy = false;
        if (!isReplyLost && outcome !== undefined && outcome.kind !== 'conflict') writer.known = to;
      }
    });
  }

  /** The last batch once more: it must change nothing. */
  #sendAgain(writer: Writer): void {
    if (writer.isBusy || writer.known === 0) return;
    const from = Math.max(0, writer.known - 2);
    this.#launch('repeat', async () => {
      const outcome = await this.#accept([{ writer, from, to: writer.known }]);
      if (outcome?.kind === 'stored') throw new Wrong(`${writer.file}: a repeat was stored`);
    });
  }

  #sendWrong(writer: Writer): void {
    while (writer.lines.length < writer.known + 9) this.#makeLine(writer.labels, writer.lines);
    const from = writer.known + 8;
    this.#launch('wrong', async () => {
      const outcome = await this.#accept([{ writer, from, to: from + 1 }]);
      if (outcome?.kind === 'stored') throw new Wrong(`${writer.file}: a batch with a hole before it was stored`);
    });
  }

  /** @returns undefined when the store cannot take writes now */
  async #accept(
    ranges: readonly { readonly writer: Writer; readonly from: number; readonly to: number }[],
  ): Promise<BatchOutcome | undefined> {
    const sentAt = this.#truth.moment();
    const bytes = encodeBatch({
      node: ranges[0]!.writer.node,
      files: ranges.map(({ writer, from, to }) => ({ file: writer.file, from: at(from), to: at(to) })),
      gone: [],
      rowGroup: rowGroupOf(ranges.flatMap(({ writer, from, to }) => writer.lines.slice(from, to))),
    });
    const outcome = await this.#unlessRefused(() => this.#process.acceptor.accept(bytes));
    const told = ranges.map(({ writer, from, to }) => `${writer.labels['pod']} ${from}–${to}`).join(' and ');
    this.#note(`${told}: ${outcome?.kind ?? 'refused'}`);
    if (outcome === undefined) for (const { writer, to } of ranges) this.#truth.refuse(writer, to);
    if (outcome?.kind === 'stored') this.#truth.settleRefusals(sentAt);
    if (outcome?.kind === 'conflict') this.#learn(outcome.answer.positions);
    else if (outcome !== undefined) for (const { writer, to } of ranges) this.#truth.acknowledge(writer, to);
    return outcome;
  }

  /** The store has told where it is: that is a promise, too. */
  #learn(positions: readonly { readonly file: string; readonly stdout: number }[]): void {
    for (const { file, stdout } of positions) {
      const writer = this.#truth.writers.find((each) => each.file === file)!;
      if (stdout < writer.acknowledged)
        throw new Wrong(`${file}: ${stdout}, but ${writer.acknowledged} was acknowledged`);
      this.#truth.acknowledge(writer, stdout);
      writer.known = stdout;
    }
  }

  #push(count: number): void {
    const lines: TrueLine[] = [];
    const labels = { app: 'push', pod: `push-${this.#truth.pushes.length}`, stream: 'stdout' };
    while (lines.length < count) this.#makeLine(labels, lines);
    const push: Push = { lines, state: 'sent', refusedAt: undefined };
    this.#truth.pushes.push(push);
    this.#launch('push', async () => {
      const sentAt = this.#truth.moment();
      const bytes = encodeBatch({ node: '', files: [], gone: [], rowGroup: rowGroupOf(lines) });
      const outcome = await this.#unlessRefused(() => this.#process.acceptor.accept(bytes));
      this.#note(`${labels.pod}: ${outcome?.kind ?? 'refused'}`);
      push.state = outcome === undefined ? 'refused' : 'stored';
      if (outcome === undefined) push.refusedAt = this.#truth.moment();
      else this.#truth.settleRefusals(sentAt);
    });
  }

  #makeLine(labels: TrueLine['labels'], lines: TrueLine[]): void {
    lines.push(this.#truth.newLine(labels, lines.length, this.#time.now(), this.#random));
  }

  async #unlessRefused<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof UnavailableError) return undefined;
      throw error;
    }
  }

  // ── Housekeeping and queries ─────────────────────────────────────────────────────────────────────────────────────

  #tick(): void {
    this.#truth.expire(instantOfMs(this.#time.now() - RETENTION_MS));
    const { store, positions, compactor, erasures } = this.#process;
    this.#launch('tick', async () => {
      positions.expire();
      compactor.tick();
      await unlessDiskFails(() => Promise.all([store.tick(), erasures.tick()]));
    });
  }

  #erase(user: number): void {
    const { erasures } = this.#process;
    const filter = {
      from: undefined,
      to: undefined,
      values: [{ name: 'user', any: [parsePattern(String(user))], none: [] }],
      text: { any: [], none: [] },
    };
    const erasure = this.#truth.erase((line) => isWanted(line, planOf(filter)));
    this.#launch('erase', async () => {
      const status = await this.#unlessRefused(() => unlessDiskFails(() => erasures.request(filter)));
      this.#note(`erasure of user ${user}: ${status?.id ?? 'refused'}`);
      erasure.isOpen = false;
      if (status !== undefined) erasure.id = status.id;
    });
  }

  /** What an erasure that is done has erased is nowhere. */
  #checkErasures(): void {
    for (const { id, lines } of this.#truth.erasures) {
      if (id === undefined || this.#process.erasures.get(id)?.state !== 'done') continue;
      this.#note(`${id} is done: ${lines.size} lines`);
      this.#truth.erased(lines);
    }
  }

  async #query(): Promise<void> {
    const { store } = this.#process;
    const plan = queryOf(this.#random, this.#time.now());
    const snapshot = store.snapshot();
    try {
      const stored = this.#script.harm.flips ? undefined : this.#look(snapshot.rowGroups);
      const found = await unlessDiskFails(() => search(this.#process, snapshot.rowGroups, plan));
      if (found !== undefined) this.#judgeFound(found, stored, plan);
    } finally {
      snapshot.release();
    }
  }

  /** @param stored  what the snapshot has; undefined when some of it may be damaged */
  #judgeFound(found: readonly SeenLine[], stored: readonly SeenLine[] | undefined, plan: Plan): void {
    const told = JSON.stringify(plan, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    const texts = new Set(found.map(({ text }) => text));
    if (texts.size !== found.length) throw new Wrong(`a line is found twice: ${told}`);
    for (const [i, line] of found.entries()) {
      if (this.#truth.byText(line.text)?.instant !== line.instant) throw new Wrong(`a wrong line: ${line.text}`);
      if (!isWanted(line, plan)) throw new Wrong(`not asked for: ${line.text} ${told}`);
      const wrong = i === 0 ? undefined : this.#judgeOrder(found[i - 1]!, line, plan);
      if (wrong !== undefined) throw new Wrong(`${wrong} ${told}`);
    }
    if (stored === undefined) return;
    const want = naiveSearch(stored, plan);
    // Lines of different streams at one instant may stand in either order, so only the instants tell which are missing.
    const instants = (lines: readonly SeenLine[]): string => lines.map(({ instant }) => instant).join();
    if (instants(want) !== instants(found)) throw new Wrong(`${found.length} of ${want.length} found: ${told}`);
  }

  #judgeOrder(a: SeenLine, b: SeenLine, { order }: Plan): string | undefined {
    const [first, second] = order === 'oldest' ? [a, b] : [b, a];
    if (first.instant > second.instant) return `out of order: ${a.text} ${b.text}`;
    const isSame = first.instant === second.instant && labelsKey(a.labels) === labelsKey(b.labels);
    const number = (line: SeenLine): number => this.#truth.byText(line.text)!.number;
    // What was lost and came again has come later.
    if (!isSame || this.#script.harm.flips || number(first) < number(second)) return undefined;
    return `lines of one stream and instant out of order: ${a.text} ${b.text}`;
  }

  // ── Steps ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Begins something beside all that runs already. What it throws fails the run. */
  #launch(name: string, job: () => Promise<unknown>): void {
    const id = `${name} ${++this.#jobCount}`;
    this.#running.add(id);
    job()
      .catch((error: unknown) => (this.#failure ??= error instanceof Error ? error : new Error(String(error))))
      .finally(() => this.#running.delete(id));
  }

  /** Lets up to so many events happen. Recovers when the process crashes amid them. */
  async #go(steps: number): Promise<void> {
    for (let i = 0; i < steps; i++) {
      if (!(await this.#step())) return;
    }
  }

  /** @returns false when nothing is left to happen */
  async #step(): Promise<boolean> {
    const isMore = await this.#time.step();
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#process.disk.isDead) return isMore;
    await this.#recover();
    return true;
  }

  /** Everything that was begun ends. */
  async #settle(): Promise<void> {
    for (let steps = 0; await this.#step(); steps++) {
      if (steps > STEPS_MAX) throw new Wrong(`never ends: ${[...this.#running].join(', ')}`);
    }
    if (this.#running.size > 0) throw new Wrong(`waits for ever: ${[...this.#running].join(', ')}`);
  }

  async #restart(): Promise<void> {
    await this.#settle();
    const ended = this.#process;
    this.#launch('close', () => unlessDiskFails(() => endProcess(ended)));
    const { disk } = this.#process;
    await this.#settle();
    if (disk !== this.#process.disk) return;
    disk.kill();
    await this.#start();
    this.#checkStarted();
  }

  async #recover(): Promise<void> {
    this.#running.clear();
    await this.#start();
    this.#checkStarted();
  }

  /** Starts the store on what the last process left, again and again until it runs. */
  async #start(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      if (this.#image.root.seen.size > 0 && this.#random.below(2) === 0) {
        this.#note('power cut');
        this.#image.powerCut(this.#random);
      }
      const disk = new SimDisk(
        { image: this.#image, time: this.#time, note: (text) => this.#note(text) },
        this.#random,
      );
      if (attempt < HARMED_STARTS_MAX) this.#harmStart(disk);
      this.#truth.expire(instantOfMs(this.#time.now() - RETENTION_MS));
      const started = await this.#tryStart(disk);
      if (started === undefined) continue;
      this.#process = started;
      disk.setFaults(NO_FAULTS, this.#random);
      disk.crashAfter(Infinity);
      return;
    }
  }

  #harmStart(disk: SimDisk): void {
    if (this.#random.below(4) === 0) disk.crashAfter(this.#random.below(30));
    if (!this.#script.harm.errors || this.#random.below(4) > 0) return;
    const kinds = ['open', 'read', 'write', 'sync', 'truncate', 'names', 'syncFolder', 'look'] as const;
    disk.setFaults({ errors: [{ kinds, code: 'EIO', chance: 0.05 }], slowChance: 0 }, this.#random);
  }

  /** Undefined when the process crashes, or refuses to start for a reason that is one. */
  async #tryStart(disk: SimDisk): Promise<Process | undefined> {
    let started: Process | undefined;
    let refusal: Error | undefined;
    startProcess(disk, this.#time, {
      onReport: (path) => this.#reports.add(path),
      onFailure: (error) => {
        const isExpected = isDiskFailure(error) || (this.#script.harm.flips && error instanceof CorruptionError);
        if (!isExpected) this.#failure ??= error;
      },
      note: (text) => this.#note(text),
    }).then(
      (process) => (started = process),
      (error: unknown) => (refusal = error instanceof Error ? error : new Error(String(error))),
    );
    for (let steps = 0; ; steps++) {
      const isMore = await this.#time.step();
      if (started !== undefined || disk.isDead) return started;
      if (refusal !== undefined) break;
      if (!isMore || steps > STEPS_MAX) throw new Wrong('the start never ends');
    }
    disk.kill();
    this.#note(`no start: ${refusal.message}`);
    if (!this.#isExcused(refusal)) throw refusal;
    return undefined;
  }

  /** A failing disk is a reason; so is a damaged file without which nothing can be done: it is restored. */
  #isExcused(refusal: unknown): boolean {
    if (isDiskFailure(refusal)) return true;
    if (!(refusal instanceof CorruptionError || refusal instanceof UsageError) || this.#backups.size === 0)
      return false;
    for (const [node, bytes] of this.#backups) node.restore(bytes);
    this.#backups.clear();
    return true;
  }

  // ── Checks ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #checkStarted(): void {
    const { store, positions } = this.#process;
    const snapshot = store.snapshot();
    const seen = this.#look(snapshot.rowGroups, true);
    snapshot.release();
    const { flips } = this.#script.harm;
    const wrong = this.#truth.settleDoubts(seen, ({ file }) => positions.known(file).stdout, flips);
    if (wrong !== undefined) throw new Wrong(wrong);
    for (const writer of this.#truth.writers) {
      // An agent asks where it is to go on.
      writer.known = positions.known(writer.file).stdout;
      this.#note(`${writer.labels['pod']} is at ${writer.known}`);
    }
    this.#judge(seen);
  }

  /** All lines of a snapshot, which must be as the truth has them. */
  #look(rowGroups: ReturnType<Process['store']['snapshot']>['rowGroups'], isDoubtful = false): SeenLine[] {
    const read = (path: string, offset: number, sizeBytes: number): Buffer => {
      const node = this.#image.find(path);
      if (node?.kind !== 'file') throw new Wrong(`${path} is gone, but a snapshot holds it`);
      return Buffer.from(node.seen.view().subarray(offset, offset + sizeBytes));
    };
    const files = { read, peek: read };
    const seen: SeenLine[] = [];
    for (const ref of rowGroups) {
      try {
        seen.push(...readLines([ref], files));
      } catch (error) {
        if (!(error instanceof CorruptionError) || !this.#script.harm.flips) throw error;
        // As a query would: the store hears of it.
        this.#reports.add(ref.path);
      }
    }
    if (!isDoubtful) this.#judge(seen);
    return seen;
  }

  #judge(seen: readonly SeenLine[]): void {
    this.#checkErasures();
    const wrong = this.#truth.judge(seen, this.#reports);
    if (wrong !== undefined) throw new Wrong(wrong);
  }

  /** A whole disk, and time for everything that failed before: then nothing is missing, and nothing is left over. */
  async #end(): Promise<void> {
    this.#note('── end');
    this.#process.disk.crashAfter(Infinity);
    await this.#settle();
    for (const isFlushed of [false, true]) {
      this.#heal();
      this.#time.pass(RETRIES_MS);
      this.#tick();
      await this.#settle();
      if (isFlushed) this.#launch('flush', () => this.#process.store.flushAll());
      await this.#settle();
      const snapshot = this.#process.store.snapshot();
      this.#look(snapshot.rowGroups);
      snapshot.release();
      await this.#restart();
    }
    this.#heal();
    await this.#settle();
    this.#checkFiles();
  }

  #heal(): void {
    this.#process.disk.setFaults(NO_FAULTS, this.#random);
    this.#process.disk.setNearlyFull(false);
    this.#process.disk.crashAfter(Infinity);
  }

  #checkFiles(): void {
    const paths = this.#image.files().map(({ path }) => path);
    const stats = this.#process.store.stats();
    const segments = paths.filter((path) => path.endsWith('.seg'));
    const wals = paths.filter((path) => path.endsWith('.wal'));
    if (this.#script.harm.flips) return;
    if (segments.length !== stats.segmentCount)
      throw new Wrong(`${stats.segmentCount} segments, but ${segments.join()}`);
    if (wals.length !== stats.walFileCount) throw new Wrong(`${stats.walFileCount} WAL files, but ${wals.join()}`);
    if (stats.quarantinedCount > 0) throw new Wrong('something was set aside, but nothing was damaged');
  }

  // ── Damage ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** One bit of one file turns, while nothing is being written. */
  async #flip(): Promise<void> {
    await this.#settle();
    const files = this.#image.files().filter(({ path, node }) => path.startsWith(DATA_DIR) && node.seen.sizeBytes > 0);
    const { path, node } = files[this.#random.below(files.length)]!;
    const bytes = node.saved();
    const offset = this.#random.below(bytes.length);
    const snapshot = this.#process.store.snapshot();
    const rowGroups = snapshot.rowGroups.filter((ref) => ref.path === path);
    snapshot.release();
    const isWal = path.endsWith('.wal');
    const lost = isWal ? linesInWal(bytes, offset) : linesInSegment(bytes, rowGroups, offset);
    for (const line of lost.map((text) => this.#truth.byText(text)!)) line.damagedIn = [...line.damagedIn, path];
    if (rowGroups.length === 0 && !isWal) this.#backups.set(node, this.#backups.get(node) ?? bytes);
    node.flip(offset, this.#random.below(8));
    this.#note(`a bit turned in ${path} at ${offset}: ${lost.length} lines`);
  }

  #note(text: string): void {
    this.log.push(`${new Date(this.#time.now()).toISOString()} ${text}`);
  }
}

function isDiskFailure(error: unknown): boolean {
  const code = diskErrorCode(error instanceof UsageError || error instanceof UnavailableError ? error.cause : error);
  return code === 'EIO' || code === 'ENOSPC';
}

/** @returns undefined when the disk failed, which it may */
async function unlessDiskFails<T>(job: () => Promise<T>): Promise<T | undefined> {
  try {
    return await job();
  } catch (error) {
    if (isDiskFailure(error)) return undefined;
    throw error;
  }
}
