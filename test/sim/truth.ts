/**
 * What the writers of a run know: every line that they made, which of them the store has acknowledged, and which it may
 * have all the same. The naive half of the comparison: arrays and sets, and the rules of exactly once.
 */
import { type Labels, labelsKey } from '../../shared/labels.ts';
import type { Expiry } from './expiry.ts';

/** What is reported when the end of the WAL was taken for torn. */
export const TORN = 'torn';

export interface WrittenLine {
  readonly text: string;
  readonly labels: Labels;
  readonly day: number;
  readonly timeNs: number;
  /** ns since 1970. */
  readonly instant: bigint;
  /** Number in its stream. */
  readonly number: number;
}

export interface TrueLine extends WrittenLine {
  /** What held it and is damaged: it may be missing once that was reported. */
  damage: readonly LineDamage[];
  /** The retention drops it, or tries to, because of the room that it takes. */
  isDropped: boolean;
  /** An erasure that asks for it may be done at any moment; or is done. */
  erasure: 'none' | 'asked' | 'done';
}

/** @param isFrame  not the line itself but the frame of its file: a repair finds it again */
export interface LineDamage {
  readonly path: string;
  readonly isFrame: boolean;
}

export interface Erasure {
  /** Undefined while nobody has said that it was accepted. */
  id: string | undefined;
  /** What was acknowledged before it was asked for, and so must go. */
  readonly lines: ReadonlySet<TrueLine>;
  readonly isAskedFor: (line: TrueLine) => boolean;
  /** Until it is answered, it may take lines that are sent after it, too. */
  isOpen: boolean;
}

export interface Writer {
  readonly file: string;
  readonly node: string;
  readonly labels: Labels;
  /** Line n is [n, n + 1) of the file. */
  readonly lines: TrueLine[];
  /** Where the writer believes that the store is. */
  known: number;
  /** The store has said that it has all lines below. */
  acknowledged: number;
  /** Ends of batches of which nobody knows whether they were stored: no answer yet, or a refusal whose cause may be undone by a crash. */
  readonly maybe: Map<number, Doubt>;
  isBusy: boolean;
}

/** @param refusedAt  when the store said no; undefined while it has not */
interface Doubt {
  refusedAt: number | undefined;
}

export interface Push {
  readonly lines: readonly TrueLine[];
  state: 'sent' | 'refused' | 'stored' | 'absent';
  refusedAt: number | undefined;
}

/** A line that the store gave. */
export interface SeenLine {
  readonly text: string;
  readonly labels: Labels;
  readonly instant: bigint;
}

export class Truth {
  readonly writers: readonly Writer[];
  readonly pushes: Push[] = [];
  readonly erasures: Erasure[] = [];
  readonly #byText = new Map<string, TrueLine>();
  /** Lines that the retention was seen to have dropped: they stay away. */
  readonly #gone = new Set<TrueLine>();
  readonly #expiry: Expiry;
  #clock = 0;

  constructor(writers: number, expiry: Expiry) {
    this.#expiry = expiry;
    this.writers = Array.from({ length: writers }, (_, i) => ({
      file: `pod-${i}/app/0@2026-11-23T00:00:00Z`,
      node: `node-${i % 2}`,
      labels: { namespace: 'shop', pod: `pod-${i}`, stream: 'stdout' },
      lines: [],
      known: 0,
      acknowledged: 0,
      maybe: new Map(),
      isBusy: false,
    }));
  }

  /** An order of events, for what must have been before what. */
  moment(): number {
    return ++this.#clock;
  }

  /** Somebody has written it. */
  add(written: WrittenLine): TrueLine {
    const line: TrueLine = { ...written, damage: [], isDropped: false, erasure: 'none' };
    if (this.#byText.has(line.text)) throw new RangeError(`BUG: two lines are ${line.text}`);
    this.#byText.set(line.text, line);
    if (this.#isAskedFor(line)) line.erasure = 'asked';
    return line;
  }

  byText(text: string): TrueLine | undefined {
    return this.#byText.get(text);
  }

  /** A batch goes out: its lines are not gone any more, if damage made the store fall back behind them. */
  send(writer: Writer, from: number, to: number): void {
    for (const line of writer.lines.slice(Math.max(from, writer.acknowledged), to)) {
      this.#gone.delete(line);
      line.erasure = this.#isAskedFor(line) ? 'asked' : 'none';
    }
    writer.maybe.set(to, { refusedAt: undefined });
  }

  refuse(writer: Writer, to: number): void {
    const doubt = writer.maybe.get(to);
    if (doubt !== undefined) doubt.refusedAt = this.moment();
  }

  /** The store has all lines of the writer below `position`. */
  acknowledge(writer: Writer, position: number): void {
    for (let n = writer.acknowledged; n < position; n++) writer.lines[n]!.damage = [];
    writer.acknowledged = Math.max(writer.acknowledged, position);
    for (const end of writer.maybe.keys()) if (end <= writer.acknowledged) writer.maybe.delete(end);
  }

  /** A batch that was sent at `sentAt` is durable: what was refused before that can never be seen again. */
  settleRefusals(sentAt: number): void {
    for (const { maybe } of this.writers) {
      for (const [end, { refusedAt }] of maybe) if (refusedAt !== undefined && refusedAt < sentAt) maybe.delete(end);
    }
    for (const push of this.pushes) {
      if (push.state === 'refused' && push.refusedAt! < sentAt) push.state = 'absent';
    }
  }

  /** Lines that are asked for may be missing from now on; those that come later may not. */
  erase(isAskedFor: (line: TrueLine) => boolean): Erasure {
    const lines = new Set<TrueLine>();
    const ask = (line: TrueLine, isAcknowledged: boolean): void => {
      if (!isAskedFor(line)) return;
      if (line.erasure === 'none') line.erasure = 'asked';
      if (isAcknowledged) lines.add(line);
    };
    for (const { lines: written, acknowledged, maybe } of this.writers) {
      const sent = Math.max(acknowledged, ...maybe.keys());
      for (const [n, line] of written.slice(0, sent).entries()) ask(line, n < acknowledged);
    }
    for (const push of this.pushes) for (const line of push.lines) ask(line, push.state === 'stored');
    const erasure = { id: undefined, lines, isAskedFor, isOpen: true };
    this.erasures.push(erasure);
    return erasure;
  }

  #isAskedFor(line: TrueLine): boolean {
    return this.erasures.some((erasure) => erasure.isOpen && erasure.isAskedFor(line));
  }

  erased(lines: ReadonlySet<TrueLine>): void {
    for (const line of lines) if (line.erasure === 'asked') line.erasure = 'done';
  }

  /**
   * A power cut may take the mark of a WAL file's last group along: damage in that group, from before the cut, cannot be
   * told from a torn group.
   */
  losePower(): void {
    for (const line of this.#byText.values()) {
      if (line.damage.some(({ path }) => path.endsWith('.wal'))) {
        line.damage = [...line.damage, { path: TORN, isFrame: false }];
      }
    }
  }

  /** A manifest says which segments have expired; without it, those that are still there come back, and expire again. */
  forgetExpired(): void {
    this.#gone.clear();
  }

  /**
   * A repair has found all lines of these files whose own bytes are whole. What the rebuild of a manifest has set aside is
   * not among them.
   */
  mended(paths: ReadonlySet<string>): void {
    for (const line of this.#byText.values()) {
      line.damage = line.damage.filter(({ isFrame, path }) => !isFrame || !paths.has(path));
    }
  }

  /** Retention or an erasure may have taken it, or takes it just now. */
  mayBeGone(line: TrueLine): boolean {
    return line.erasure !== 'none' || line.isDropped || this.#expiry.mayBeGone(line);
  }

  /** It is gone for a reason: retention, an erasure, or damage that was reported. */
  mayBeMissing(line: TrueLine, reports: ReadonlySet<string>): boolean {
    return this.mayBeGone(line) || line.damage.some(({ path }) => reports.has(path));
  }

  /** The store has said that it has them. */
  acknowledgedLines(): TrueLine[] {
    const pushed = this.pushes.filter(({ state }) => state === 'stored');
    return [
      ...this.writers.flatMap(({ lines, acknowledged }) => lines.slice(0, acknowledged)),
      ...pushed.flatMap(({ lines }) => lines),
    ];
  }

  /**
   * Compares what the store shows with what it must and may show.
   * @returns what is wrong, or undefined
   */
  judge(seen: readonly SeenLine[], reports: ReadonlySet<string>): string | undefined {
    const found = new Set<TrueLine>();
    for (const { text, labels, instant } of seen) {
      const line = this.#byText.get(text);
      if (line === undefined) return `a line that nobody wrote: ${text}`;
      if (found.has(line)) return `twice: ${text}`;
      if (line.instant !== instant || labelsKey(labels) !== labelsKey(line.labels)) return `at another place: ${text}`;
      if (this.#gone.has(line)) return `back from the dead: ${text}`;
      if (line.erasure === 'done') return `erased, but there: ${text}`;
      found.add(line);
    }
    for (const writer of this.writers) {
      const wrong = this.#judgeWriter(writer, found, reports);
      if (wrong !== undefined) return `${writer.file}: ${wrong}`;
    }
    for (const push of this.pushes) {
      const wrong = this.#judgePush(push, found, reports);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  /**
   * After a start: what was in doubt is known. @param known  the store's position of each writer
   * @returns what is wrong, or undefined
   */
  settleDoubts(seen: readonly SeenLine[], known: (writer: Writer) => number, mayFallBack: boolean): string | undefined {
    for (const erasure of this.erasures) erasure.isOpen = false;
    for (const writer of this.writers) {
      const position = known(writer);
      const isExpected = position === writer.acknowledged || writer.maybe.has(position);
      if (!isExpected && !(mayFallBack && position < writer.acknowledged)) {
        const ends = [writer.acknowledged, ...writer.maybe.keys()].join(', ');
        return `${writer.file}: the store is at ${position}, it may be at ${ends}`;
      }
      if (position < writer.acknowledged) writer.acknowledged = position;
      else this.acknowledge(writer, position);
      writer.maybe.clear();
      writer.isBusy = false;
    }
    const texts = new Set(seen.map(({ text }) => text));
    for (const push of this.pushes) {
      if (push.state !== 'sent' && push.state !== 'refused') continue;
      push.state = push.lines.some(({ text }) => texts.has(text)) ? 'stored' : 'absent';
    }
    return undefined;
  }

  #judgeWriter(writer: Writer, found: ReadonlySet<TrueLine>, reports: ReadonlySet<string>): string | undefined {
    const end = writer.lines.findLastIndex((line) => found.has(line)) + 1;
    const mayEnd = end <= writer.acknowledged || [...writer.maybe.keys()].some((maybe) => end <= maybe);
    if (!mayEnd) return `line ${end - 1} was never acknowledged`;
    // A batch is seen as a whole: every line below the highest one that is seen must be there.
    for (const line of writer.lines.slice(0, Math.max(end, writer.acknowledged))) {
      const wrong = this.#judgeAbsence(line, found, reports);
      if (wrong !== undefined) return wrong;
    }
    if (end > writer.acknowledged && !writer.maybe.has(end) && !this.#mayLack(writer, end)) {
      return `the lines end within a batch, at ${end}`;
    }
    return undefined;
  }

  /** The end of the batch may be old, and gone with its day. */
  #mayLack({ lines }: Writer, end: number): boolean {
    const next = lines[end];
    return next !== undefined && this.mayBeGone(next);
  }

  #judgePush(push: Push, found: ReadonlySet<TrueLine>, reports: ReadonlySet<string>): string | undefined {
    const some = push.lines.find((line) => found.has(line));
    if (push.state === 'absent') return some && `a refused push is there: ${some.text}`;
    if (push.state !== 'stored' && some === undefined) return undefined;
    for (const line of push.lines) {
      const wrong = this.#judgeAbsence(line, found, reports);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  }

  /** Undefined when the line is there, or may be missing. */
  #judgeAbsence(line: TrueLine, found: ReadonlySet<TrueLine>, reports: ReadonlySet<string>): string | undefined {
    if (found.has(line) || line.erasure !== 'none') return undefined;
    if (this.mayBeGone(line)) {
      // What cannot be read may come back with a repair.
      if (line.damage.length === 0) this.#gone.add(line);
      return undefined;
    }
    if (this.mayBeMissing(line, reports)) return undefined;
    return `missing${line.damage.map(({ path }) => `, and nobody reported ${path}`).join('')}: ${line.text}`;
  }
}
