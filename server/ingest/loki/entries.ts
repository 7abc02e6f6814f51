/**
 * The entries of a push in arrays, which cost a worker no objects, and the rules of Loki for each: its age, its length, its
 * repetitions. A decoder adds the entries of a stream between `begin` and `end`, which judges them.
 */
import type { Labels } from '../../../shared/labels.ts';
import { MS_PER_DAY, NS_PER_SECOND } from '../../../shared/time.ts';
import {
  LOKI_AGE_MS_MAX,
  LOKI_LEAD_MS_MAX,
  LOKI_LINE_BYTES_MAX,
  LOKI_PUSH_ENTRIES_MAX,
  LOKI_PUSH_STREAMS_MAX,
  LOKI_REFUSALS_MAX,
  LOKI_REPEATS_COMPARED_MAX,
} from '../../limits.ts';
import { parseStreamLabels } from './labels.ts';
import { type EntriesMetadata, MetadataCollector } from './entry-metadata.ts';
import { tooMany } from './too-large.ts';

/** The stream of an entry that is not stored: it keeps its number, so that a repeat of the push has the same numbers. */
export const NOT_STORED = -1;
const SECONDS_PER_DAY = MS_PER_DAY / 1000;
const CAPACITY_MIN = 1024;
/** Memory of an entry in these arrays, while they grow, and of its metadata but for the values. */
const ENTRY_BYTES = 80;
/** Memory of a byte that is a value of metadata: a name and a value take at least eight. */
const METADATA_BYTES = 3;
/** An entry of protobuf without anything. */
const ENCODED_BYTES_MIN = 2;

/** Entry i is bytes[starts[i], ends[i]), of labels[streams[i]], at the time days[i] and timesNs[i]. */
export interface Entries {
  readonly bytes: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly streams: Int32Array;
  /** UTC days since 1970. */
  readonly days: Int32Array;
  /** Nanoseconds since the start of the day. */
  readonly timesNs: Float64Array;
  readonly labels: readonly Labels[];
  /** Undefined where no entry has any. */
  readonly metadata: EntriesMetadata | undefined;
}

/** Returns the memory of the entries that a decoded push may have, besides its bytes. */
export function entriesMemoryBytes(decodedBytes: number): number {
  const entryCount = Math.min(LOKI_PUSH_ENTRIES_MAX, Math.floor(decodedBytes / ENCODED_BYTES_MIN));
  return ENTRY_BYTES * entryCount + METADATA_BYTES * decodedBytes;
}

/** What is known of the labels of streams. */
interface KnownStream {
  readonly stream: number;
  /** The text as errors quote it. */
  readonly quoted: string;
  /** Why it cannot be stored. */
  readonly refusal: string | undefined;
}

export class EntryCollector {
  readonly #nowMs: number;
  readonly #isImport: boolean;
  readonly #namesService: boolean;
  /** In Loki's words → of how many entries. */
  readonly #refusals = new Map<string, number>();
  /** Refusals that are not in the list, which is full. */
  #unlisted = 0;
  #refusedCount = 0;
  readonly #labels: Labels[] = [];
  /** By the text of labels: some clients send each line as a stream of its own. */
  readonly #known = new Map<string, KnownStream>();
  #streamCount = 0;
  #first = 0;
  #count = 0;
  #starts = new Int32Array(CAPACITY_MIN);
  #ends = new Int32Array(CAPACITY_MIN);
  #streams = new Int32Array(CAPACITY_MIN);
  #days = new Int32Array(CAPACITY_MIN);
  #timesNs = new Float64Array(CAPACITY_MIN);
  /** Whole seconds since 1970; any that a client sends. */
  #seconds = new Float64Array(CAPACITY_MIN);
  /** Metadata of the entry that is added next. */
  readonly metadata = new MetadataCollector();

  /**
   * @param isImport      entries may have any age, and be repeated
   * @param namesService  see parseStreamLabels
   */
  constructor(nowMs: number, isImport = false, namesService = false) {
    this.#nowMs = nowMs;
    this.#isImport = isImport;
    this.#namesService = namesService;
  }

  get streamCount(): number {
    return this.#streamCount;
  }

  get refusedCount(): number {
    return this.#refusedCount;
  }

  /** Why entries were refused; undefined when none was. */
  get refusal(): string | undefined {
    const texts = [...this.#refusals].map(([text, count]) =>
      this.#refusals.size > 1 || count > 1 ? `${count} errors like: ${text}` : text,
    );
    if (this.#unlisted > 0) texts.push(`${this.#unlisted} more`);
    return texts.length === 0 ? undefined : texts.join('; ');
  }

  /** Begins a stream, whose labels may come after its entries. */
  begin(): void {
    this.#streamCount++;
    this.#first = this.#count;
  }

  /**
   * Adds the entry bytes[start, end), with the metadata that was added before.
   * @param seconds  whole seconds since 1970
   * @param ns       0 to 999,999,999
   * @throws PodlogError 413
   */
  add(start: number, end: number, seconds: number, ns: number): void {
    const i = this.#count++;
    if (i === LOKI_PUSH_ENTRIES_MAX) throw tooMany('entries', LOKI_PUSH_ENTRIES_MAX);
    if (i === this.#starts.length) this.#grow();
    this.#starts[i] = start;
    this.#ends[i] = end;
    this.#seconds[i] = seconds;
    const day = Math.floor(seconds / SECONDS_PER_DAY);
    this.#days[i] = day;
    this.#timesNs[i] = (seconds - day * SECONDS_PER_DAY) * NS_PER_SECOND + ns;
    this.metadata.end(i);
  }

  /**
   * Ends a stream: which of its entries are stored.
   * @param bytes  that its entries are in
   * @param text   its labels
   * @throws PodlogError 413
   */
  end(bytes: Buffer, text: string): void {
    if (this.#count === this.#first) return;
    const known = this.#streamOf(text);
    if (known.refusal !== undefined) {
      this.#refuse(known.refusal, this.#count - this.#first);
      this.#streams.fill(NOT_STORED, this.#first, this.#count);
      return;
    }
    const { stream, quoted } = known;
    for (let i = this.#first; i < this.#count; i++) {
      const refusal = this.#refusalOf(i, quoted);
      if (refusal !== undefined) this.#refuse(refusal, 1);
      this.#streams[i] = refusal !== undefined || this.#isRepetition(bytes, i, stream) ? NOT_STORED : stream;
    }
  }

  /** Returns the arrays; nothing is added afterwards. */
  finish(bytes: Uint8Array): Entries {
    const count = this.#count;
    return {
      bytes,
      starts: this.#starts.slice(0, count),
      ends: this.#ends.slice(0, count),
      streams: this.#streams.slice(0, count),
      days: this.#days.slice(0, count),
      timesNs: this.#timesNs.slice(0, count),
      labels: this.#labels,
      metadata: this.metadata.finish(count),
    };
  }

  #streamOf(text: string): KnownStream {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#known.size === LOKI_PUSH_STREAMS_MAX) throw tooMany('streams', LOKI_PUSH_STREAMS_MAX);
    const parsed = parseStreamLabels(text, this.#namesService);
    const stream = parsed.kind === 'labels' ? this.#labels.push(parsed.labels) - 1 : NOT_STORED;
    const refusal = parsed.kind === 'refused' ? parsed.refusal : undefined;
    const added = { stream, quoted: parsed.kind === 'labels' ? parsed.quoted : '', refusal };
    this.#known.set(text, added);
    return added;
  }

  #refusalOf(i: number, text: string): string | undefined {
    const seconds = this.#seconds[i]!;
    const ms = seconds * 1000;
    if (ms < this.#nowMs - LOKI_AGE_MS_MAX && !this.#isImport) {
      const oldest = rfc3339(Math.floor((this.#nowMs - LOKI_AGE_MS_MAX) / 1000));
      return `entry for stream '${text}' has timestamp too old: ${rfc3339(seconds)}, oldest acceptable timestamp is: ${oldest}`;
    }
    if (ms > this.#nowMs + LOKI_LEAD_MS_MAX) {
      return `entry for stream '${text}' has timestamp too new: ${rfc3339(seconds)}`;
    }
    const sizeBytes = this.#ends[i]! - this.#starts[i]!;
    if (sizeBytes <= LOKI_LINE_BYTES_MAX) return this.metadata.problemOf(i)?.(text);
    return `max entry size '${LOKI_LINE_BYTES_MAX}' bytes exceeded for stream '${text}' while adding an entry with length '${sizeBytes}' bytes`;
  }

  /** Whether the same line of the same stream and time is among the entries right before it: Loki stores it once. */
  #isRepetition(bytes: Buffer, i: number, stream: number): boolean {
    if (this.#isImport) return false;
    const lowest = Math.max(0, i - LOKI_REPEATS_COMPARED_MAX);
    const start = this.#starts[i]!;
    const end = this.#ends[i]!;
    for (let other = i - 1; other >= lowest; other--) {
      if (this.#timesNs[other] !== this.#timesNs[i] || this.#days[other] !== this.#days[i]) return false;
      const otherStart = this.#starts[other]!;
      const otherEnd = this.#ends[other]!;
      if (this.#streams[other] !== stream || otherEnd - otherStart !== end - start) continue;
      if (bytes.compare(bytes, otherStart, otherEnd, start, end) === 0) return true;
    }
    return false;
  }

  #refuse(refusal: string, count: number): void {
    this.#refusedCount += count;
    const known = this.#refusals.get(refusal);
    if (known === undefined && this.#refusals.size === LOKI_REFUSALS_MAX) this.#unlisted += count;
    else this.#refusals.set(refusal, (known ?? 0) + count);
  }

  #grow(): void {
    const capacity = Math.min(2 * this.#starts.length, LOKI_PUSH_ENTRIES_MAX);
    this.#starts = grown(this.#starts, new Int32Array(capacity));
    this.#ends = grown(this.#ends, new Int32Array(capacity));
    this.#streams = grown(this.#streams, new Int32Array(capacity));
    this.#days = grown(this.#days, new Int32Array(capacity));
    this.#timesNs = grown(this.#timesNs, new Float64Array(capacity));
    this.#seconds = grown(this.#seconds, new Float64Array(capacity));
  }
}

/** Formats a time as Go does; any number of seconds. */
function rfc3339(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds}s` : date.toISOString().replace(/\.\d+Z$/, 'Z');
}

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
