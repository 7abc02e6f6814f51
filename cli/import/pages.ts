/**
 * Reads the lines that a selector has, page by page in the order of time, each line once. A full page may lack lines of its last
 * time, so these are left to the next page, which begins with them. Where all lines of a full page have one time, its streams
 * are read one by one.
 */
import { AnswerTooLongError } from '../../shared/bounded-request.ts';
import { PodlogError } from '../../shared/errors.ts';
import { formatInstant } from '../../shared/time.ts';
import {
  IMPORT_ONE_TIME_BYTES_MAX,
  IMPORT_PAGE_GROWTH,
  IMPORT_PAGE_LINES,
  IMPORT_SLICE_NS_FIRST,
  IMPORT_SLICE_NS_MAX,
  IMPORT_SLICE_NS_MIN,
} from '../limits.ts';
import { type Asker, RefusedError } from './endpoint.ts';
import { pageAsk, type Range, type Stream, streamSelectors, streamsOf } from './loki.ts';

/** All lines of a range. */
export interface Page extends Range {
  readonly streams: readonly Stream[];
}

/** What Loki's parts say to each other of an answer with too many bytes. */
const TOO_LONG = /ResourceExhausted|larger than (?:the )?max/;

export class PageReader {
  readonly #loki: Asker;
  readonly #pageLines: number;
  #sliceNs = IMPORT_SLICE_NS_FIRST;
  #limit: number;

  constructor(loki: Asker, pageLines = IMPORT_PAGE_LINES) {
    this.#loki = loki;
    this.#pageLines = pageLines;
    this.#limit = pageLines;
  }

  /** Reads again the page that was under way when an import ended: it has fewer lines than the limit, or one time. */
  async readAgain(selector: string, range: Range): Promise<Page> {
    this.#sliceNs = range.end - range.start;
    return this.#read(selector, range, true);
  }

  /** Returns a page from the start of the range on; it may end before the range does. */
  async read(selector: string, range: Range): Promise<Page> {
    return this.#read(selector, range, false);
  }

  /** @param isAgain  the range is kept when Loki is only away for a while */
  async #read(selector: string, { start, end }: Range, isAgain: boolean): Promise<Page> {
    for (;;) {
      const sliceEnd = () => earlier(start + this.#sliceNs, end);
      let limit = this.#limit;
      let asked = sliceEnd();
      const narrowed = (reason: string) => {
        const isTooLong = TOO_LONG.test(reason);
        if (!isAgain || isTooLong) this.#narrow();
        if (isTooLong) this.#halveLimit();
        limit = this.#limit;
        asked = sliceEnd();
        return pageAsk(selector, { start, end: asked }, limit);
      };
      let streams: Stream[];
      try {
        const ask = pageAsk(selector, { start, end: asked }, limit);
        streams = streamsOf((await this.#loki.ask(ask, undefined, narrowed)).body);
      } catch (error) {
        if (!this.#adapts(error)) throw error;
        continue;
      }
      this.#limit = Math.min(this.#pageLines, Math.ceil(limit * IMPORT_PAGE_GROWTH));
      return this.#pageOf(streams, selector, { start, end: asked }, limit);
    }
  }

  async #pageOf(streams: Stream[], selector: string, { start, end }: Range, limit: number): Promise<Page> {
    const count = lineCount(streams);
    if (count < limit) {
      if (count < limit / 4) this.#widen();
      return { start, end, streams };
    }
    this.#narrow();
    const last = lastTime(streams);
    if (last > start) return { start, end: last, streams: before(streams, last) };
    return { start, end: start + 1n, streams: await this.#oneTime(selector, start) };
  }

  /** Reads all lines of one time, stream by stream. */
  async #oneTime(selector: string, at: bigint): Promise<Stream[]> {
    const range = { start: at, end: at + 1n };
    const all: Stream[] = [];
    let sizeBytes = 0;
    for (const stream of await streamSelectors(this.#loki, selector, range)) {
      const body = await this.#oneStream(stream, range);
      sizeBytes += body.length;
      if (sizeBytes > IMPORT_ONE_TIME_BYTES_MAX) throw tooMuchAtOnce('streams', selector, at);
      const streams = streamsOf(body);
      if (lineCount(streams) >= this.#pageLines) throw tooManyAtOnce(stream, at, this.#pageLines);
      all.push(...streams);
    }
    return all;
  }

  async #oneStream(selector: string, range: Range): Promise<Buffer> {
    try {
      return (await this.#loki.ask(pageAsk(selector, range, this.#pageLines))).body;
    } catch (error) {
      throw error instanceof AnswerTooLongError ? tooMuchAtOnce('stream', selector, range.start) : error;
    }
  }

  /** Whether a page of fewer lines or less time may be answered. */
  #adapts(error: unknown): boolean {
    if (error instanceof AnswerTooLongError && this.#limit > 1) {
      this.#halveLimit();
      return true;
    }
    if (!(error instanceof RefusedError) || !/time range exceeds the limit/.test(error.answer)) return false;
    if (this.#sliceNs <= IMPORT_SLICE_NS_MIN) return false;
    this.#narrow();
    return true;
  }

  #narrow(): void {
    const half = this.#sliceNs / 2n;
    this.#sliceNs = half < IMPORT_SLICE_NS_MIN ? IMPORT_SLICE_NS_MIN : half;
  }

  #widen(): void {
    this.#sliceNs = earlier(this.#sliceNs * 2n, IMPORT_SLICE_NS_MAX);
  }

  #halveLimit(): void {
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
  }
}

export function lineCount(streams: readonly Stream[]): number {
  return streams.reduce((sum, { lines }) => sum + lines.length, 0);
}

function lastTime(streams: readonly Stream[]): bigint {
  return streams.reduce((last, { lines }) => {
    const own = lines.at(-1)!.timestamp;
    return own > last ? own : last;
  }, 0n);
}

function before(streams: readonly Stream[], end: bigint): Stream[] {
  return streams
    .map(({ labels, lines }) => ({ labels, lines: lines.filter(({ timestamp }) => timestamp < end) }))
    .filter(({ lines }) => lines.length > 0);
}

function earlier(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function tooManyAtOnce(stream: string, at: bigint, limit: number): PodlogError {
  const message = `the stream ${stream} has ${limit} lines or more at ${formatInstant(at)}, and Loki gives at most ${limit} of one time; leave it out with --selector`;
  return new PodlogError('PODLOG_IMPORT_ONE_TIME', 400, message);
}

function tooMuchAtOnce(what: string, selector: string, at: bigint): PodlogError {
  const message = `the lines of the ${what} ${selector} at ${formatInstant(at)} have too many bytes for the memory of an import; leave some out with --selector`;
  return new PodlogError('PODLOG_IMPORT_ONE_TIME', 400, message);
}
