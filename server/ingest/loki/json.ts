/**
 * Decodes the JSON of a push, without an object for any of it: lines are ranges of bytes, in which escapes are undone in place, as
 * they are longer than what they mean. What is not of a push is passed over, as Loki does.
 *
 *     {"streams": [{"stream": {"app": "api"}, "values": [["<ns>", "<line>", {"<metadata>": "…"}]]}]}
 *     {"streams": [{"labels": "{app=\"api\"}", "entries": [{"ts": "<RFC 3339>", "line": "<line>"}]}]}
 *
 * The second is that of the old route.
 */
import { CorruptionError } from '../../../shared/errors.ts';
import { Rfc3339Parser } from '../../../shared/rfc3339.ts';
import { MS_PER_DAY, NS_PER_SECOND } from '../../../shared/time.ts';
import type { EntryCollector } from './entries.ts';
import { JsonCursor } from './json-cursor.ts';
import { streamLabelsText } from './labels.ts';

const SECONDS_PER_DAY = MS_PER_DAY / 1000;
const NS_DIGITS = 9;
/** Seconds from 1970 to the beginning of the year 1. */
const YEAR_1_SECONDS = -62_135_596_800;
/** Digits of a number of 64 bits. */
const DIGITS_MAX = 19;

/**
 * @param bytes  are changed
 * @throws CorruptionError; PodlogError 413
 */
export function decodeJson(bytes: Buffer, entries: EntryCollector): void {
  const decoder = new JsonPush(bytes, entries);
  decoder.decode();
}

class JsonPush {
  readonly #json: JsonCursor;
  readonly #entries: EntryCollector;
  readonly #times = new Rfc3339Parser();
  // The time of the entry that is being read.
  #seconds = 0;
  #ns = 0;

  constructor(bytes: Buffer, entries: EntryCollector) {
    this.#json = new JsonCursor(bytes);
    this.#entries = entries;
  }

  decode(): void {
    const json = this.#json;
    if (json.bytes.length === 0) throw new CorruptionError('EOF');
    if (json.skipsNull()) return;
    json.object((key) => {
      if (key !== 'streams') json.skip();
      else if (!json.skipsNull()) json.array(() => this.#stream());
    });
    json.expectEnd();
  }

  #stream(): void {
    const json = this.#json;
    let labels = '{}';
    this.#entries.begin();
    json.object((key) => {
      switch (key) {
        case 'stream':
          labels = this.#labels();
          break;
        case 'labels':
          labels = json.text();
          break;
        case 'values':
          json.array(() => this.#value());
          break;
        case 'entries':
          json.array(() => this.#oldEntry());
          break;
        default:
          json.skip();
      }
    });
    this.#entries.end(json.bytes, labels);
  }

  #labels(): string {
    const labels = new Map<string, string>();
    this.#json.object((key) => labels.set(key, this.#json.textOrScalar()));
    return streamLabelsText(labels);
  }

  /** `["<ns>", "<line>"]`, and perhaps metadata. */
  #value(): void {
    const json = this.#json;
    let part = 0;
    let start = 0;
    let end = 0;
    // A value without a time has Go's first one, and one without a line an empty one.
    this.#seconds = YEAR_1_SECONDS;
    this.#ns = 0;
    json.array(() => {
      switch (part++) {
        case 0:
          json.string();
          this.#readNs(json.start, json.end);
          break;
        case 1:
          json.string();
          ({ start, end } = json);
          break;
        case 2:
          this.#metadata();
          break;
        default:
          json.skip();
      }
    });
    this.#entries.add(start, end, this.#seconds, this.#ns);
  }

  #oldEntry(): void {
    const json = this.#json;
    let start = 0;
    let end = 0;
    this.#seconds = 0;
    this.#ns = 0;
    json.object((key) => {
      if (key === 'ts') {
        json.string();
        this.#readRfc3339(json.start, json.end);
      } else if (key === 'line') {
        json.string();
        ({ start, end } = json);
      } else {
        json.skip();
      }
    });
    this.#entries.add(start, end, this.#seconds, this.#ns);
  }

  #metadata(): void {
    const json = this.#json;
    json.object((name) => {
      json.string();
      this.#entries.metadata.add(name, json.start, json.end);
    });
  }

  #readNs(start: number, end: number): void {
    const text = this.#json.bytes.toString('latin1', start, Math.min(end, start + 2 * DIGITS_MAX));
    const match = /^([-+]?)(\d+)$/.exec(text);
    if (match === null || match[2]!.length > DIGITS_MAX) {
      throw new CorruptionError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    }
    const digits = match[2]!.padStart(NS_DIGITS + 1, '0');
    const seconds = Number(digits.slice(0, -NS_DIGITS));
    const ns = Number(digits.slice(-NS_DIGITS));
    const isNegative = match[1] === '-';
    // The nanoseconds of a time before 1970 count from the second before it.
    this.#seconds = isNegative ? -seconds - (ns > 0 ? 1 : 0) : seconds;
    this.#ns = isNegative && ns > 0 ? NS_PER_SECOND - ns : ns;
  }

  #readRfc3339(start: number, end: number): void {
    const times = this.#times;
    if (times.parse(this.#json.bytes, start, end) !== end) {
      const text = this.#json.bytes.toString('utf8', start, Math.min(end, start + 100));
      throw new CorruptionError(`parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse it`);
    }
    const seconds = Math.floor(times.timeNs / NS_PER_SECOND);
    this.#seconds = times.day * SECONDS_PER_DAY + seconds;
    this.#ns = times.timeNs - seconds * NS_PER_SECOND;
  }
}
