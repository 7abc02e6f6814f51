/**
 * The streams of all stored row groups, each label set once: thousands of row groups share a few label sets, and equal
 * sets can be compared by identity. Users of streams hold and release them; a stream that nothing holds is forgotten.
 * So the table's memory is that of the streams in the store, whatever has passed through it.
 */
import { TooManyStreamsError } from '../../../../shared/errors.ts';
import { type Labels, labelsMemoryBytes } from '../../../../shared/labels.ts';
import { labelsDigest } from '../../../../shared/labels-digest.ts';
import { RETRY_AFTER_ROOM_SECONDS, STREAMS_BYTES_MAX, STREAMS_MAX } from '../../../limits.ts';

interface Stream {
  readonly labels: Labels;
  readonly memoryBytes: number;
  holders: number;
}

export interface StreamLimits {
  readonly count: number;
  /** Result of labelsMemoryBytes. */
  readonly bytes: number;
}

export class StreamTable {
  readonly #limits: StreamLimits;
  readonly #byDigest = new Map<string, Stream>();
  #memoryBytes = 0;

  constructor(limits: StreamLimits = { count: STREAMS_MAX, bytes: STREAMS_BYTES_MAX }) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#byDigest.size;
  }

  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /**
   * Holds one object for all label sets that equal each of these, in their order.
   * @returns the argument of `release`
   */
  hold(labelSets: readonly Labels[]): readonly Labels[] {
    return labelSets.map((labels) => {
      const digest = labelsDigest(labels);
      let stream = this.#byDigest.get(digest);
      if (stream === undefined) {
        stream = { labels: Object.freeze({ ...labels }), memoryBytes: labelsMemoryBytes(labels), holders: 0 };
        this.#byDigest.set(digest, stream);
        this.#memoryBytes += stream.memoryBytes;
      }
      stream.holders++;
      return stream.labels;
    });
  }

  /**
   * Does the same for rows that are not stored yet, if all new streams fit.
   * @param shareMax  share of the limits that may be in use then
   * @throws TooManyStreamsError  with those that do not fit; nothing is held
   */
  admit(labelSets: readonly Labels[], shareMax: number): readonly Labels[] {
    const excess = this.#excessOf(labelSets, shareMax);
    if (excess.length > 0) throw tooManyStreams(this.#limits, excess);
    return this.hold(labelSets);
  }

  /** @param streams  as returned by `hold` */
  release(streams: readonly Labels[]): void {
    for (const labels of streams) {
      const digest = labelsDigest(labels);
      const stream = this.#byDigest.get(digest)!;
      if (--stream.holders > 0) continue;
      this.#byDigest.delete(digest);
      this.#memoryBytes -= stream.memoryBytes;
    }
  }

  #excessOf(labelSets: readonly Labels[], shareMax: number): number[] {
    const excess: number[] = [];
    const added = new Set<string>();
    let memoryBytes = this.#memoryBytes;
    for (const [index, labels] of labelSets.entries()) {
      const digest = labelsDigest(labels);
      if (this.#byDigest.has(digest) || added.has(digest)) continue;
      const withThis = memoryBytes + labelsMemoryBytes(labels);
      const count = this.#byDigest.size + added.size + 1;
      if (withThis > this.#limits.bytes * shareMax || count > this.#limits.count * shareMax) {
        excess.push(index);
        continue;
      }
      added.add(digest);
      memoryBytes = withThis;
    }
    return excess;
  }
}

function tooManyStreams({ count, bytes }: StreamLimits, excess: readonly number[]): TooManyStreamsError {
  const limits = `${count} streams, and ${bytes} bytes of memory for their labels`;
  const advice =
    'send these lines with labels that are stored already, and keep what differs from line to line in the lines; erasing lines whose labels are a mistake makes room';
  return new TooManyStreamsError(
    `too many new label sets, there is room for ${limits}: ${advice}`,
    excess,
    RETRY_AFTER_ROOM_SECONDS,
  );
}
