/**
 * The structured metadata of the entries of a push: lists of names, to which entries refer, and their values as ranges of bytes.
 * Names are made those of labels, as Loki does; of two that become the same, the last counts. Metadata without a value is none.
 */
import { FIELD_NAME_BYTES_MAX } from '../../../shared/row-group/format.ts';
import { LOKI_METADATA_BYTES_MAX, LOKI_METADATA_MAX } from '../../limits.ts';
import { shortened } from './labels.ts';

export interface EntriesMetadata {
  /** Each once. */
  readonly names: readonly (readonly string[])[];
  /** By entry: 0 for none, else 1 + an index into `names`. */
  readonly codes: Int32Array;
  /** By entry: the index of its first value. */
  readonly firstValues: Int32Array;
  /** Value i is [starts[i], ends[i]) of the bytes of the entries. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** Names as they were sent, and which of them are kept under which names. */
interface KnownNames {
  readonly sent: readonly string[];
  /** 0 where none is kept. */
  readonly code: number;
  /** Indexes into `sent`. */
  readonly kept: readonly number[];
}

/** Why an entry is not stored, of the stream as errors quote it. */
type Problem = (stream: string) => string;

const CAPACITY_MIN = 1024;

/** Collects pair after pair, entry after entry. */
export class MetadataCollector {
  readonly #names: (readonly string[])[] = [];
  readonly #codeOfNames = new Map<string, number>();
  /** By the names as they were sent. */
  readonly #known = new Map<string, KnownNames>();
  /** Names of the entry before, which mostly has the same. */
  #last: KnownNames | undefined;
  readonly #problems = new Map<number, Problem>();
  #codes = new Int32Array(CAPACITY_MIN);
  #firstValues = new Int32Array(CAPACITY_MIN);
  #starts = new Int32Array(CAPACITY_MIN);
  #ends = new Int32Array(CAPACITY_MIN);
  #valueCount = 0;
  // Names and values of the entry that is being read.
  readonly #sent: string[] = [];
  /** Lengths of these names. */
  readonly #nameBytes = new Int32Array(LOKI_METADATA_MAX);
  readonly #sentStarts = new Int32Array(LOKI_METADATA_MAX);
  readonly #sentEnds = new Int32Array(LOKI_METADATA_MAX);
  #sentCount = 0;
  #sentBytes = 0;
  #longName: string | undefined;

  /** Adds a name and the range of its value to the entry that is read. */
  add(name: string, start: number, end: number): void {
    if (start === end) return;
    const at = this.#sentCount++;
    const isKnown = at < LOKI_METADATA_MAX && this.#sent[at] === name;
    const nameBytes = isKnown ? this.#nameBytes[at]! : Buffer.byteLength(name);
    this.#sentBytes += nameBytes + end - start;
    if (nameBytes > FIELD_NAME_BYTES_MAX) this.#longName = name;
    if (at >= LOKI_METADATA_MAX) return;
    this.#sent[at] = name;
    this.#nameBytes[at] = nameBytes;
    this.#sentStarts[at] = start;
    this.#sentEnds[at] = end;
  }

  /** Counts names and values of the entry that is read, which are more than it may have. */
  addUnkept(count: number, sizeBytes: number): void {
    this.#sentCount += count;
    this.#sentBytes += sizeBytes;
  }

  /** Ends an entry. */
  end(entry: number): void {
    const count = this.#sentCount;
    if (count === 0) return;
    const problem = this.#problem();
    if (problem !== undefined) this.#problems.set(entry, problem);
    else this.#addValues(entry, this.#namesOf(count));
    this.#sentCount = 0;
    this.#sentBytes = 0;
    this.#longName = undefined;
  }

  /** Returns why an entry is not stored; undefined where its metadata is no reason. */
  problemOf(entry: number): Problem | undefined {
    return this.#problems.get(entry);
  }

  /** Returns undefined where no entry has any. */
  finish(entryCount: number): EntriesMetadata | undefined {
    if (this.#names.length === 0) return undefined;
    const codes = new Int32Array(entryCount);
    codes.set(this.#codes.subarray(0, entryCount));
    const firstValues = new Int32Array(entryCount);
    firstValues.set(this.#firstValues.subarray(0, entryCount));
    return {
      names: this.#names,
      codes,
      firstValues,
      starts: this.#starts.slice(0, this.#valueCount),
      ends: this.#ends.slice(0, this.#valueCount),
    };
  }

  #problem(): Problem | undefined {
    const [count, sizeBytes, name] = [this.#sentCount, this.#sentBytes, this.#longName];
    if (count > LOKI_METADATA_MAX) {
      return (stream) =>
        `stream '${stream}' has too many structured metadata labels: '${count}', limit: '${LOKI_METADATA_MAX}'`;
    }
    if (sizeBytes > LOKI_METADATA_BYTES_MAX) {
      return (stream) =>
        `stream '${stream}' has structured metadata too large: '${sizeBytes}' bytes, limit: '${LOKI_METADATA_BYTES_MAX}' bytes`;
    }
    if (name === undefined) return undefined;
    return (stream) =>
      `stream '${stream}' has structured metadata name too long: '${shortened(name)}', limit: '${FIELD_NAME_BYTES_MAX}' bytes`;
  }

  #namesOf(count: number): KnownNames {
    const sent = this.#sent;
    const last = this.#last;
    if (last?.sent.length === count) {
      let i = 0;
      while (i < count && last.sent[i] === sent[i]) i++;
      if (i === count) return last;
    }
    const own = sent.slice(0, count);
    const key = JSON.stringify(own);
    let known = this.#known.get(key);
    if (known === undefined) this.#known.set(key, (known = this.#newNames(own)));
    this.#last = known;
    return known;
  }

  #newNames(sent: readonly string[]): KnownNames {
    const made = sent.map(metadataName);
    const kept = [...made.keys()].filter((i) => made[i] !== undefined && made.lastIndexOf(made[i]) === i);
    if (kept.length === 0) return { sent, code: 0, kept };
    const names = kept.map((i) => made[i]!);
    const key = JSON.stringify(names);
    let code = this.#codeOfNames.get(key);
    if (code === undefined) this.#codeOfNames.set(key, (code = this.#names.push(names)));
    return { sent, code, kept };
  }

  #addValues(entry: number, { code, kept }: KnownNames): void {
    if (entry >= this.#codes.length) {
      this.#codes = grown(this.#codes, entry + 1);
      this.#firstValues = grown(this.#firstValues, entry + 1);
    }
    this.#codes[entry] = code;
    this.#firstValues[entry] = this.#valueCount;
    const count = this.#valueCount + kept.length;
    if (count > this.#starts.length) {
      this.#starts = grown(this.#starts, count);
      this.#ends = grown(this.#ends, count);
    }
    for (const i of kept) {
      this.#starts[this.#valueCount] = this.#sentStarts[i]!;
      this.#ends[this.#valueCount++] = this.#sentEnds[i]!;
    }
  }
}

function grown(array: Int32Array<ArrayBuffer>, size: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(size, 2 * array.length));
  larger.set(array);
  return larger;
}

const RESERVED = /^__(.+)__$/s;

/** Returns the name of a label that a name becomes; undefined where nothing is left of it. */
export function metadataName(sent: string): string | undefined {
  const [, reserved] = RESERVED.exec(sent) ?? [];
  const plain = (reserved ?? sent).replaceAll(/[^a-zA-Z0-9]+/g, '_');
  const name = reserved === undefined ? plain : `__${plain}__`;
  if (!/[^_]/.test(name)) return undefined;
  return /^\d/.test(name) ? `key_${name}` : name;
}
