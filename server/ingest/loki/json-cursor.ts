/** Reads JSON (RFC 8259) in bytes, value after value, each as the caller expects it. Strings are ranges of the bytes. */
import { CorruptionError } from '../../../shared/errors.ts';
import { escapeBytes, escapedCodePoint, SHORT_ESCAPES, writeCodePoint } from '../../../shared/json-escapes.ts';
import { LOKI_JSON_DEPTH_MAX } from '../../limits.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;
const SPACE = 0x20;
const NULL = 'null';
const SCALAR = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)/y;
/** Bytes of a number; a longer one is refused. */
const SCALAR_BYTES_MAX = 1024;
export class JsonCursor {
  readonly bytes: Buffer;
  at = 0;
  /** The string that was read last is bytes[start, end). */
  start = 0;
  end = 0;
  #depth = 0;

  /** @param bytes  are changed: escapes in strings are undone */
  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Reads an object. @param member  is called for each, and reads its value */
  object(member: (key: string) => void): void {
    this.#enter(BRACE, 'an object');
    if (!this.#skips(BRACE_END)) {
      do {
        const key = this.text();
        if (!this.#skips(COLON)) throw this.#expected('":"');
        member(key);
      } while (this.#skips(COMMA));
      if (!this.#skips(BRACE_END)) throw this.#expected('"," or "}"');
    }
    this.#depth--;
  }

  /** Reads an array. @param element  is called for each, and reads it */
  array(element: () => void): void {
    this.#enter(BRACKET, 'an array');
    if (!this.#skips(BRACKET_END)) {
      do element();
      while (this.#skips(COMMA));
      if (!this.#skips(BRACKET_END)) throw this.#expected('"," or "]"');
    }
    this.#depth--;
  }

  /** Reads a string: its range is in `start` and `end`. */
  string(): void {
    const { bytes } = this;
    if (!this.#skips(QUOTE)) throw this.#expected('a string');
    this.start = this.at;
    for (let at = this.at; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        this.end = at;
        this.at = at + 1;
        return;
      }
      if (byte === BACKSLASH) {
        this.#unescape(at);
        return;
      }
      if (byte < SPACE) {
        this.at = at;
        throw this.#expected('an escaped control character');
      }
    }
    throw cutOff();
  }

  /** Reads a string. */
  text(): string {
    this.string();
    return this.bytes.toString('utf8', this.start, this.end);
  }

  /** Reads a string, or the text of a number, true, false or null. */
  textOrScalar(): string {
    this.#space();
    if (this.bytes[this.at] === QUOTE) return this.text();
    const from = this.at;
    this.#scalar();
    return this.bytes.toString('latin1', from, this.at);
  }

  /** Passes null, if it is next. */
  skipsNull(): boolean {
    this.#space();
    if (this.bytes.toString('latin1', this.at, this.at + NULL.length) !== NULL) return false;
    this.at += NULL.length;
    return true;
  }

  /** Passes any value. */
  skip(): void {
    this.#space();
    switch (this.bytes[this.at]) {
      case QUOTE:
        this.string();
        return;
      case BRACE:
        this.object(() => this.skip());
        return;
      case BRACKET:
        this.array(() => this.skip());
        return;
      default:
        this.#scalar();
    }
  }

  expectEnd(): void {
    this.#space();
    if (this.at < this.bytes.length) throw this.#expected('the end');
  }

  #scalar(): void {
    const text = this.bytes.toString('latin1', this.at, this.at + SCALAR_BYTES_MAX);
    SCALAR.lastIndex = 0;
    if (SCALAR.exec(text) === null) throw this.#expected('a value');
    this.at += SCALAR.lastIndex;
  }

  #enter(byte: number, what: string): void {
    if (!this.#skips(byte)) throw this.#expected(what);
    if (++this.#depth > LOKI_JSON_DEPTH_MAX) {
      throw new CorruptionError(`JSON of more than ${LOKI_JSON_DEPTH_MAX} levels, at byte ${this.at}`);
    }
  }

  /** Undoes the escapes of a string from the first of them on. */
  #unescape(first: number): void {
    const { bytes } = this;
    let to = first;
    for (let at = first; at < bytes.length;) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        this.end = to;
        this.at = at + 1;
        return;
      }
      if (byte < SPACE) {
        this.at = at;
        throw this.#expected('an escaped control character');
      }
      if (byte !== BACKSLASH) {
        bytes[to++] = byte;
        at++;
        continue;
      }
      const meaning = SHORT_ESCAPES[bytes[at + 1] ?? 0]!;
      if (meaning !== 0) {
        bytes[to++] = meaning;
        at += 2;
        continue;
      }
      const code = escapedCodePoint(bytes, at, bytes.length);
      if (code < 0) {
        this.at = at;
        throw this.#expected('an escape');
      }
      at += escapeBytes(code);
      to = writeCodePoint(bytes, to, code);
    }
    throw cutOff();
  }

  /** Passes white space, and the byte if it is next. */
  #skips(byte: number): boolean {
    this.#space();
    if (this.bytes[this.at] !== byte) return false;
    this.at++;
    return true;
  }

  #space(): void {
    for (;;) {
      const byte = this.bytes[this.at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.at++;
    }
  }

  #expected(what: string): CorruptionError {
    if (this.at >= this.bytes.length) return cutOff();
    const found = JSON.stringify(String.fromCharCode(this.bytes[this.at]!));
    return new CorruptionError(`JSON: ${what} is expected at byte ${this.at}, found ${found}`);
  }
}

function cutOff(): CorruptionError {
  return new CorruptionError('unexpected end of JSON input');
}
