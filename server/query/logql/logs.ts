/** Answers a log query: streams of lines. */
import { QueryTooLargeError } from '../../../shared/errors.ts';
import { instantOf } from '../../../shared/time.ts';
import type { LogView } from '../../store/log-store.ts';
import type { Predicate } from '../../store/predicate.ts';
import type { Query } from '../../store/query.ts';
import type { Direction } from '../../store/search-plan.ts';
import { labelsText } from '../../../shared/labels-text.ts';
import { compileStages } from './pipeline/compile.ts';
import type { Category, LabelValues, LineLabels } from './pipeline/line-labels.ts';
import { type Entry, EVERYTHING, type Run } from './pipeline/stage.ts';
import { eachEntry, type LineCounts, type LinesAsked } from './rows.ts';
import type { LogqlLimits } from './query-limits.ts';
import { hasLines, linesPlan } from './lines-plan.ts';
import type { Discovery } from './select.ts';
import type { LogExpr } from './syntax/ast.ts';

export interface LogQuestion {
  readonly expr: LogExpr;
  /** What the asker may see, from the start to before the end. */
  readonly visible: Predicate;
  readonly direction: Direction;
  readonly limit: number;
  /** Lines closer than that to the one before are left out; they count towards the limit, as in Loki. */
  readonly intervalNs: bigint;
  /** Whether labels of a line are given with the line instead of with its stream. */
  readonly isCategorized: boolean;
  readonly discovery: Discovery;
  readonly limits: Pick<LogqlLimits, 'answerBytesMax'>;
  readonly nowMs: number;
}

export interface LogLine {
  readonly timestamp: bigint;
  readonly line: string;
  readonly metadata: LabelValues;
  readonly parsed: LabelValues;
}

export interface LogStream {
  readonly labels: LabelValues;
  readonly lines: LogLine[];
}

export interface LogAnswer {
  readonly streams: readonly LogStream[];
  readonly counts: LineCounts;
}

/** @throws LogqlError, QueryTooLargeError */
export async function answerLogs(question: LogQuestion, view: LogView, query: Query): Promise<LogAnswer> {
  const { expr, nowMs, discovery } = question;
  const run = compileStages(expr.stages, EVERYTHING, { nowMs, areFieldsFound: discovery.fields });
  const { predicate, limit, byFields } = await linesPlan(question, view, query);
  if (byFields !== undefined) {
    const { known, others } = byFields;
    const found = await gatherEnough({ predicate: known, limit: question.limit }, run, question, view, query);
    // As many as are wanted: others may still come before the last of them.
    const upTo = found.count < question.limit ? undefined : found.last;
    if (!(await hasLines(others, upTo, question.direction, view, query))) return found;
  }
  return gatherEnough({ predicate, limit }, run, question, view, query);
}

/** Searches for more where lines that were left out counted as found. */
async function gatherEnough(
  plan: Pick<LinesAsked, 'predicate' | 'limit'>,
  run: Run,
  question: LogQuestion,
  view: LogView,
  query: Query,
): Promise<Gathered> {
  const found = await gather(plan, run, question, view, query);
  if (found.repeats === 0 || found.count >= question.limit || plan.limit === Infinity) return found;
  return gather({ ...plan, limit: Infinity }, run, question, view, query);
}

interface Gathered extends LogAnswer {
  /** Lines that stay in the pipeline, whether or not they are in the answer; and the time of the last one. */
  readonly count: number;
  /** Lines that were left out, as the answer has them already. */
  readonly repeats: number;
  readonly last: bigint | undefined;
}

async function gather(
  plan: Pick<LinesAsked, 'predicate' | 'limit'>,
  run: Run,
  question: LogQuestion,
  view: LogView,
  query: Query,
): Promise<Gathered> {
  const { expr, direction, limit, intervalNs, discovery } = question;
  using memory = query.budget.memory.share();
  let bytesLeft = question.limits.answerBytesMax;
  const streams = new Streams(question.isCategorized, (bytes) => {
    memory.add(bytes);
    bytesLeft -= bytes;
    if (bytesLeft < 0) throw tooLarge(question.limits.answerBytesMax);
  });
  let count = 0;
  let repeats = 0;
  let last: bigint | undefined;
  let taken: bigint | undefined;
  const take = (entry: Entry): boolean => {
    last = instantOf(entry.day, entry.timeNs);
    const distance = taken === undefined ? intervalNs : abs(last - taken);
    if (distance >= intervalNs) {
      taken = last;
      if (!streams.add(entry, last)) {
        repeats++;
        return true;
      }
    }
    return ++count < limit;
  };
  const asked = { ...plan, view, query, direction, matchers: expr.matchers, discovery };
  const counts = await eachEntry(asked, run, take);
  return { streams: streams.sorted(), counts, count, repeats, last };
}

function tooLarge(bytesMax: number): QueryTooLargeError {
  return new QueryTooLargeError(`the answer is larger than ${bytesMax} bytes (--loki-max-bytes): lower limit`);
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

interface OpenStream extends LogStream {
  /** The lines of its last instant, by text; none while there is one. */
  readonly ofInstant: Map<string, LogLine[]>;
}

class Streams {
  readonly #byLabels = new Map<string, OpenStream>();
  readonly #isCategorized: boolean;
  readonly #hold: (bytes: number) => void;

  constructor(isCategorized: boolean, hold: (bytes: number) => void) {
    this.#isCategorized = isCategorized;
    this.#hold = hold;
  }

  /** Returns false for a line that the stream has: as in Loki, each text of an instant is there once. */
  add({ line, labels }: Entry, timestamp: bigint): boolean {
    const { ofStream, metadata, parsed } = dividedLabels(labels, this.#isCategorized);
    const key = labelsText(ofStream);
    let stream = this.#byLabels.get(key);
    if (stream === undefined) this.#byLabels.set(key, (stream = { labels: ofStream, lines: [], ofInstant: new Map() }));
    const added: LogLine = { timestamp, line, metadata, parsed };
    if (isKnown(stream, added)) return false;
    stream.lines.push(added);
    this.#hold(line.length + key.length + LINE_BYTES);
    return true;
  }

  sorted(): LogStream[] {
    const sorted = [...this.#byLabels].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([, { labels, lines }]) => ({ labels, lines }));
  }
}

/** Whether a line is among those of its instant. */
function isKnown({ lines, ofInstant }: OpenStream, added: LogLine): boolean {
  const last = lines.at(-1);
  if (last?.timestamp !== added.timestamp) {
    ofInstant.clear();
    return false;
  }
  // Most instants have one line.
  if (ofInstant.size === 0) ofInstant.set(last.line, [last]);
  const alike = ofInstant.get(added.line);
  if (alike?.some((each) => haveSameLabels(each, added)) === true) return true;
  if (alike === undefined) ofInstant.set(added.line, [added]);
  else alike.push(added);
  return false;
}

function haveSameLabels(a: LogLine, b: LogLine): boolean {
  return labelsText(a.metadata) === labelsText(b.metadata) && labelsText(a.parsed) === labelsText(b.parsed);
}

/** Memory of a line besides its text. */
export const LINE_BYTES = 200;

/** The labels of a line: those of its stream, and those that are given with the line. */
export interface DividedLabels {
  readonly ofStream: LabelValues;
  readonly metadata: LabelValues;
  readonly parsed: LabelValues;
}

/** @param isCategorized  whether labels that a line has of its own are given with it; otherwise they make streams */
export function dividedLabels(labels: LineLabels, isCategorized: boolean): DividedLabels {
  const all = labels.sorted();
  const valuesOf = (isWanted: (category: Category) => boolean): [string, string][] =>
    all.flatMap(([name, { value, category }]) => (isWanted(category) ? [[name, value]] : []));
  if (!isCategorized) return { ofStream: valuesOf(() => true), metadata: [], parsed: [] };
  return {
    ofStream: valuesOf((category) => category === 'stream'),
    metadata: valuesOf((category) => category === 'metadata'),
    parsed: valuesOf((category) => category === 'parsed'),
  };
}
