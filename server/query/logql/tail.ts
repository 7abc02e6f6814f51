/** A live tail of a log query: the newest of the lines that are stored, oldest first, then each new one. */
import { instantOf } from '../../../shared/time.ts';
import { LOKI_TAIL_DROPPED_MAX, LOKI_TAIL_GATHERED_BYTES_MAX, TAIL_TEXT_BYTES_MAX } from '../../limits.ts';
import type { LogView } from '../../store/log-store.ts';
import type { Query } from '../../store/query.ts';
import { labelsAt, type RowBlock } from '../../store/row-block.ts';
import { KnownStreams } from './known-streams.ts';
import { type DividedLabels, dividedLabels, LINE_BYTES, type LogQuestion } from './logs.ts';
import type { LabelValues } from './pipeline/line-labels.ts';
import { linesPlan } from './lines-plan.ts';
import { compileStages } from './pipeline/compile.ts';
import { type Entry, EVERYTHING, type Run } from './pipeline/stage.ts';
import { eachEntry, Entries } from './rows.ts';

/** `visible` is for the lines that are stored, `limit` how many of them are wanted. */
export type TailQuestion = Omit<LogQuestion, 'direction' | 'intervalNs' | 'limits'>;

export interface TailLine extends DividedLabels {
  readonly timestamp: bigint;
  readonly line: string;
}

export interface DroppedLine {
  readonly timestamp: bigint;
  readonly labels: LabelValues;
}

/** Lines that count towards the memory of queries until they are disposed of. */
interface HeldLines extends Disposable {
  /** Oldest first. */
  readonly lines: readonly TailLine[];
}

/** Returns as many lines as are wanted, or as fit into the queue of a tail. @throws LogqlError, UnavailableError */
export async function storedLines(question: TailQuestion, view: LogView, query: Query): Promise<HeldLines> {
  const { expr, limit, isCategorized, discovery, nowMs } = question;
  const run = compileStages(expr.stages, EVERYTHING, { nowMs, areFieldsFound: discovery.fields });
  using held = new DisposableStack();
  const memory = held.use(query.budget.memory.share());
  const lines: TailLine[] = [];
  let bytes = 0;
  const take = (entry: Entry): boolean => {
    lines.push(lineOf(entry, isCategorized));
    memory.add(entry.line.length + LINE_BYTES);
    bytes += entry.line.length;
    return lines.length < limit && bytes < TAIL_TEXT_BYTES_MAX;
  };
  const asked = {
    view,
    query,
    ...(await linesPlan(question, view, query)),
    direction: 'backward',
    matchers: expr.matchers,
    discovery,
  } as const;
  await eachEntry(asked, run, take);
  const all = held.move();
  return { lines: lines.toReversed(), [Symbol.dispose]: () => all.dispose() };
}

function lineOf({ line, day, timeNs, labels }: Entry, isCategorized: boolean): TailLine {
  return { timestamp: instantOf(day, timeNs), line, ...dividedLabels(labels, isCategorized) };
}

/** Runs a query over lines as they arrive, and remembers which its client has lost. */
export class NewLines {
  readonly #question: TailQuestion;
  readonly #run: Run;
  #dropped: DroppedLine[] = [];

  /** @throws LogqlError */
  constructor(question: TailQuestion) {
    this.#question = question;
    const { expr, nowMs, discovery } = question;
    this.#run = compileStages(expr.stages, EVERYTHING, { nowMs, areFieldsFound: discovery.fields });
  }

  /** Returns the lines of a block that stay in the pipeline. */
  async of(block: RowBlock, signal: AbortSignal): Promise<TailLine[]> {
    const { expr, discovery, isCategorized } = this.#question;
    const lines: TailLine[] = [];
    // A tail may be long, and a block has streams of its own.
    const entries = new Entries({ matchers: expr.matchers, discovery, signal });
    await entries.readBlock(block, this.#run, (entry) => {
      lines.push(this.#isPlain ? plainLine(entry) : lineOf(entry, isCategorized));
      return true;
    });
    return lines;
  }

  /** Without a stage, Loki gives what has just arrived as it came: its metadata only where they are asked for. */
  get #isPlain(): boolean {
    const { expr, isCategorized } = this.#question;
    return expr.stages.length === 0 && !isCategorized;
  }

  /** Notes that lines are lost, before the pipeline: some of them might not have stayed in it. */
  drop(block: RowBlock): void {
    const { expr, discovery } = this.#question;
    const streams = new KnownStreams(expr.matchers, discovery);
    for (let row = 0; row < block.rowCount && this.#dropped.length < LOKI_TAIL_DROPPED_MAX; row++) {
      const labels = streams.labelsOf(labelsAt(block, row));
      if (labels === undefined) continue;
      const timestamp = instantOf(block.days[row]!, block.timesNs[row]!);
      this.#dropped.push({ timestamp, labels: [...labels].toSorted(([a], [b]) => (a < b ? -1 : 1)) });
    }
  }

  /** Returns those that were lost since the last call. */
  takeDropped(): readonly DroppedLine[] {
    const dropped = this.#dropped;
    this.#dropped = [];
    return dropped;
  }
}

function plainLine(entry: Entry): TailLine {
  return { ...lineOf(entry, true), metadata: [], parsed: [] };
}

/** Joins what arrives within a delay, so that lines of several senders come in the order of their times. */
export async function* gathered(
  arriving: AsyncGenerator<readonly TailLine[]>,
  delayMs: number,
): AsyncGenerator<readonly TailLine[]> {
  if (delayMs === 0) return yield* arriving;
  try {
    let next = arriving.next();
    for (let first = await next; first.done !== true; first = await next) {
      const lines = [...first.value];
      const isOver = Promise.withResolvers<undefined>();
      const timer = setTimeout(() => isOver.resolve(undefined), delayMs);
      for (let bytes = sizeOf(lines); ;) {
        next = arriving.next();
        // Awaited again below, so its failure is handled there.
        next.catch(() => {});
        if (bytes >= LOKI_TAIL_GATHERED_BYTES_MAX) break;
        const more = await Promise.race([next, isOver.promise]);
        if (more === undefined || more.done === true) break;
        lines.push(...more.value);
        bytes += sizeOf(more.value);
      }
      clearTimeout(timer);
      yield lines.toSorted((a, b) => (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0));
    }
  } finally {
    await arriving.return(undefined);
  }
}

function sizeOf(lines: readonly TailLine[]): number {
  return lines.reduce((sum, { line }) => sum + line.length + LINE_BYTES, 0);
}
