/**
 * Folds what varies in a text: `retry 3 of 5 for "anna" in 1.5s` becomes `retry ⟨n⟩ of ⟨n⟩ for ⟨text⟩ in ⟨duration⟩`. The
 * rule depends on the text alone, so lines of one kind have one pattern wherever they are stored. Folded are
 *
 *     ⟨n⟩         numbers: 7  -3  1.42.0  1e+06
 *     ⟨duration⟩  numbers with units of time: 250ms  1m30.5s
 *     ⟨size⟩      numbers with units of bytes: 12MiB  900kB
 *     ⟨time⟩      2026-11-23T15:01:12.123Z  2026-11-23  15:01:12
 *     ⟨ip⟩        10.42.0.17  fe80::1
 *     ⟨uuid⟩      8-4-4-4-12 hex digits
 *     ⟨hex⟩       0x7f…, and words of eight hex digits or more that have a decimal one
 *     ⟨id⟩        words of five letters and digits or more that change from one to the other more than once: w4zvn
 *     ⟨text⟩      what is between quotes
 *     ⟨email⟩     anna@example.com
 *
 * Other digits in words are numbers (`worker-2` is `worker-⟨n⟩`). A list of equal variables is one of them. Only the first line counts; colors and
 * repeated spaces do not.
 */
import { PATTERN_BYTES_MAX } from '../../limits.ts';
import {
  APOSTROPHE,
  AT,
  CLASSES,
  COLON,
  COMMA,
  DIGIT,
  ESCAPE,
  HEX_LETTER,
  HIGH,
  LETTER,
  MINUS,
  NEWLINE,
  PLUS,
  POINT,
  QUOTE,
  RETURN,
  SPACE,
  TAB,
  WORD,
  ZERO,
  digitsEnd,
  durationEnd,
  exponentEnd,
  isAt,
  isDigit,
  isWord,
  sizeEnd,
  timeEnd,
} from './number-ends.ts';

const SMALL_M = 0x6d;
const SMALL_X = 0x78;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;

const chip = (name: string): Buffer => Buffer.from(`⟨${name}⟩`);
const NUMBER = chip('n');
const DURATION = chip('duration');
const SIZE = chip('size');
const TIME = chip('time');
const IP = chip('ip');
const UUID = chip('uuid');
const HEX = chip('hex');
const ID = chip('id');
const TEXT = chip('text');
const EMAIL = chip('email');
const CUT = Buffer.from('…');

const UUID_PARTS = [8, 4, 4, 4, 12];
const HEX_DIGITS_MIN = 8;
const ID_BYTES_MIN = 5;
/** Changes from letters to digits or back within a word that is an id. */
const ID_CHANGES_MIN = 2;
const IPV6_GROUP_MAX = 4;
const IPV6_COLONS = 7;
/** Bytes before a sign that belongs to a number. */
const BEFORE_SIGN = Uint8Array.from({ length: 256 }, (_, byte) =>
  ' \t\n=(,[:"\''.includes(String.fromCharCode(byte)) ? 1 : 0,
);
/** Bytes that end what may be the first part of an email address. */
const AROUND_TOKEN = Uint8Array.from({ length: 256 }, (_, byte) =>
  ' \t"\'<>()[]{},;:=/|'.includes(String.fromCharCode(byte)) ? 1 : 0,
);
/** Room for the largest piece that is written before the length is checked. */
const PIECE_BYTES = 64;

/** Thrown away by the caller; not an Error, as it is none. */
const AMBIGUOUS = Symbol('the pattern of the text depends on its numbers');

/** Folds texts one after the other into one buffer. */
export class TextFolder {
  /** The text that was folded last is out[0, length). */
  readonly out = Buffer.allocUnsafeSlow(PATTERN_BYTES_MAX + PIECE_BYTES);
  length = 0;
  #bytes: Uint8Array = this.out;
  #end = 0;
  /** Whether digits are placeholders of numbers of unknown length. */
  #isCut = false;
  /** Where the token that is being written began, the last variable then, and the two bytes before the token. */
  #token = 0;
  #tokenChip: Buffer | undefined;
  #tokenChipEnd = 0;
  #gapBefore = 0;
  #gapLast = 0;
  /** Whether the token's first variable has become one with that of the token before: the bytes between them are gone. */
  #isJoined = false;
  /** The last variable, and its end in `out`. */
  #chip: Buffer | undefined;
  #chipEnd = 0;

  /** Folds bytes[start, end). */
  fold(bytes: Uint8Array, start: number, end: number): void {
    this.#isCut = false;
    this.#fold(bytes, start, end);
  }

  /**
   * Folds all texts of a pattern of shared/row-group/encodings/pattern.ts at once.
   * @returns false when their patterns depend on their numbers
   */
  foldCut(pattern: Uint8Array): boolean {
    this.#isCut = true;
    try {
      this.#fold(pattern, 0, pattern.length);
      return true;
    } catch (error) {
      if (error !== AMBIGUOUS) throw error;
      return false;
    }
  }

  #fold(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#end = end;
    this.length = 0;
    this.#chip = undefined;
    this.#beginToken();
    let at = start;
    while (at < end && this.length < PATTERN_BYTES_MAX) {
      const byte = bytes[at]!;
      const kind = CLASSES[byte]!;
      if ((kind & WORD) !== 0) at = this.#word(at);
      else if (kind === 0) {
        this.out[this.length++] = byte;
        if (AROUND_TOKEN[byte] === 1) this.#beginToken();
        at++;
      } else if (byte === NEWLINE) {
        if (this.length > 0) break;
        at++;
      } else at = this.#special(byte, at, start);
    }
    while (this.length > 0 && this.out[this.length - 1] === SPACE) this.length--;
    if (at < end && this.length >= PATTERN_BYTES_MAX) this.#cut();
  }

  /** Cuts a text that is too long, between characters. */
  #cut(): void {
    let to = PATTERN_BYTES_MAX - CUT.length;
    while (to > 0 && (this.out[to]! & 0xc0) === 0x80) to--;
    // A variable is not cut.
    const open = this.out.lastIndexOf(NUMBER.subarray(0, 3), to - 1);
    if (open >= 0 && this.out.indexOf(NUMBER.subarray(NUMBER.length - 3), open) + 3 > to) to = open;
    this.length = to + CUT.copy(this.out, to);
  }

  #special(byte: number, at: number, start: number): number {
    const bytes = this.#bytes;
    switch (byte) {
      case SPACE:
      case TAB:
        if (this.length > 0 && this.out[this.length - 1] !== SPACE) this.out[this.length++] = SPACE;
        this.#beginToken();
        return at + 1;
      case RETURN:
        return at + 1;
      case ESCAPE:
        return this.#colorEnd(at);
      case QUOTE:
        return this.#quoted(at, byte, this.#quoteEnd(at + 1, byte));
      case APOSTROPHE: {
        // It is an apostrophe within a word.
        if (at > start && isWord(this.#bytes, at - 1, this.#end)) return this.#literal(byte, at);
        const close = this.#quoteEnd(at + 1, byte);
        return this.#quoted(at, byte, close >= 0 && isWord(this.#bytes, close + 1, this.#end) ? -1 : close);
      }
      case PLUS:
      case MINUS: {
        const isSign =
          at + 1 < this.#end &&
          isDigit(this.#bytes, at + 1, this.#end) &&
          (at === start || BEFORE_SIGN[bytes[at - 1]!] === 1);
        return isSign ? at + 1 : this.#literal(byte, at);
      }
      case COLON: {
        const address = at === start || !isWord(this.#bytes, at - 1, this.#end) ? this.#ipv6End(at) : -1;
        return address < 0 ? this.#literal(byte, at) : this.#add(IP, address);
      }
      default:
        return this.#email(at);
    }
  }

  #literal(byte: number, at: number): number {
    this.out[this.length++] = byte;
    if (AROUND_TOKEN[byte] === 1) this.#beginToken();
    return at + 1;
  }

  #beginToken(): void {
    this.#token = this.length;
    this.#tokenChip = this.#chip;
    this.#tokenChipEnd = this.#chipEnd;
    this.#isJoined = false;
    this.#gapBefore = this.length < 2 ? 0 : this.out[this.length - 2]!;
    this.#gapLast = this.length < 1 ? 0 : this.out[this.length - 1]!;
  }

  /** @returns `end` */
  #add(variable: Buffer, end: number): number {
    if (this.#chip === variable && this.#isBetweenItems()) {
      this.length = this.#chipEnd;
      this.#isJoined = true;
      return end;
    }
    this.length += variable.copy(this.out, this.length);
    this.#chip = variable;
    this.#chipEnd = this.length;
    return end;
  }

  /** Whether only a comma, a space or both have been written since the last variable. */
  #isBetweenItems(): boolean {
    const from = this.#chipEnd;
    switch (this.length - from) {
      case 1:
        return this.out[from] === SPACE || this.out[from] === COMMA;
      case 2:
        return this.out[from] === COMMA && this.out[from + 1] === SPACE;
      default:
        return false;
    }
  }

  /** Returns the offset after `ESC [ 31 m`, or after the escape. */
  #colorEnd(at: number): number {
    const bytes = this.#bytes;
    if (at + 1 >= this.#end || bytes[at + 1] !== OPEN_BRACKET) return at + 1;
    let to = at + 2;
    while (to < this.#end && (CLASSES[bytes[to]!]! & WORD & ~DIGIT) === 0 && bytes[to] !== NEWLINE) to++;
    return to < this.#end && bytes[to] === SMALL_M ? to + 1 : at + 1;
  }

  /** Returns the offset of the closing quote on this line, or −1. */
  #quoteEnd(start: number, quote: number): number {
    const bytes = this.#bytes;
    for (let at = start; at < this.#end; at++) {
      const byte = bytes[at]!;
      if (byte === quote) return at;
      if (byte === NEWLINE) return -1;
      if (byte === BACKSLASH) at++;
    }
    return -1;
  }

  #quoted(at: number, quote: number, close: number): number {
    return close < 0 ? this.#literal(quote, at) : this.#add(TEXT, close + 1);
  }

  /** Folds `anna@example.com`, whose first part has been written. */
  #email(at: number): number {
    const bytes = this.#bytes;
    let to = at + 1;
    let label = to;
    let hasPoint = false;
    for (; to < this.#end; to++) {
      const byte = bytes[to]!;
      if (byte === POINT) {
        hasPoint = true;
        label = to + 1;
      } else if ((CLASSES[byte]! & WORD) === 0 && byte !== MINUS) break;
    }
    // A point at the end of a sentence.
    if (label === to && to > at + 1) {
      to--;
      label = to;
      while (label > at + 1 && bytes[label - 1] !== POINT) label--;
      hasPoint = label > at + 1;
    }
    let isTop = to - label >= 2;
    for (let i = label; i < to; i++) isTop &&= (CLASSES[bytes[i]!]! & (LETTER | HEX_LETTER)) !== 0;
    const isEmpty = this.length === this.#token && !this.#isJoined;
    if (!isTop || !hasPoint || isEmpty) return this.#literal(AT, at);
    this.length = this.#token;
    if (this.#isJoined) {
      if (this.length >= 2) this.out[this.length - 2] = this.#gapBefore;
      this.out[this.length - 1] = this.#gapLast;
    }
    this.#chip = this.#tokenChip;
    this.#chipEnd = this.#tokenChipEnd;
    return this.#add(EMAIL, to);
  }

  /** Folds the word that begins here. Returns the offset after it, or after what belongs to it. */
  #word(at: number): number {
    const bytes = this.#bytes;
    let kinds = 0;
    let changes = 0;
    let letters = 0;
    let to = at;
    let wasDigit = isDigit(this.#bytes, at, this.#end);
    for (; to < this.#end; to++) {
      const kind = CLASSES[bytes[to]!]!;
      if ((kind & WORD) === 0) break;
      kinds |= kind;
      const isOfDigits = kind === DIGIT;
      if (!isOfDigits) letters++;
      if (isOfDigits !== wasDigit) changes++;
      wasDigit = isOfDigits;
    }
    const isHex = (kinds & ~(DIGIT | HEX_LETTER)) === 0;
    if (isHex && to < this.#end) {
      if (bytes[to] === MINUS) {
        const uuid = this.#uuidEnd(at);
        if (uuid >= 0) return this.#add(UUID, uuid);
      } else if (bytes[to] === COLON) {
        const address = this.#ipv6End(at);
        if (address >= 0) return this.#add(IP, address);
      }
    }
    if ((kinds & DIGIT) === 0) return this.#copy(at, to);
    const isMixed = kinds !== DIGIT;
    if (isMixed && isHex && this.#isLong(to - at, letters + (changes >> 1), HEX_DIGITS_MIN)) return this.#add(HEX, to);
    if (isMixed && this.#isPrefixedHex(at, to)) return this.#add(HEX, to);
    if (isDigit(this.#bytes, at, this.#end)) {
      const end = this.#quantity(at, to);
      if (end >= 0) return end;
    }
    const isId = changes >= ID_CHANGES_MIN && (kinds & HIGH) === 0;
    if (isId && this.#isLong(to - at, letters + (changes >> 1), ID_BYTES_MIN)) return this.#add(ID, to);
    return this.#foldDigits(at, to);
  }

  /**
   * Whether a word has at least this many bytes.
   * @param lettersAndRuns  at most as many as its bytes; of which the digits' share is unknown in a pattern
   */
  #isLong(sizeBytes: number, lettersAndRuns: number, min: number): boolean {
    if (!this.#isCut) return sizeBytes >= min;
    if (lettersAndRuns >= min) return true;
    throw AMBIGUOUS;
  }

  #copy(at: number, to: number): number {
    const bytes = this.#bytes;
    const end = Math.min(to, at + PATTERN_BYTES_MAX + PIECE_BYTES - this.length);
    for (let i = at; i < end; i++) this.out[this.length++] = bytes[i]!;
    return end;
  }

  #foldDigits(at: number, to: number): number {
    const bytes = this.#bytes;
    for (let i = at; i < to && this.length < PATTERN_BYTES_MAX; i++) {
      if (!isDigit(this.#bytes, i, this.#end)) this.out[this.length++] = bytes[i]!;
      else {
        i = digitsEnd(this.#bytes, i, this.#end) - 1;
        this.#add(NUMBER, i);
      }
      if (this.length >= PATTERN_BYTES_MAX) return i + 1;
    }
    return to;
  }

  /** `0x7f3a`. */
  #isPrefixedHex(at: number, to: number): boolean {
    const bytes = this.#bytes;
    if (bytes[at] !== ZERO || to - at < 3 || bytes[at + 1]! !== SMALL_X) return false;
    for (let i = at + 2; i < to; i++) if ((CLASSES[bytes[i]!]! & (DIGIT | HEX_LETTER)) === 0) return false;
    // The digit may be the last of a longer number.
    if (this.#isCut) throw AMBIGUOUS;
    return true;
  }

  /** Returns the offset after a UUID, or −1. */
  #uuidEnd(start: number): number {
    let at = start;
    let hasDigits = false;
    let isLong = true;
    for (const [i, digits] of UUID_PARTS.entries()) {
      if (i > 0 && (at >= this.#end || this.#bytes[at++] !== MINUS)) return -1;
      const from = at;
      for (; at < this.#end && (CLASSES[this.#bytes[at]!]! & (DIGIT | HEX_LETTER)) !== 0; at++) {
        hasDigits ||= isDigit(this.#bytes, at, this.#end);
      }
      if (at === from) return -1;
      isLong &&= at - from === digits;
    }
    if (isWord(this.#bytes, at, this.#end)) return -1;
    if (this.#isCut && hasDigits) throw AMBIGUOUS;
    return isLong ? at : -1;
  }

  /** Returns the offset after an address such as `fe80::1`, or −1. */
  #ipv6End(start: number): number {
    const bytes = this.#bytes;
    let colons = 0;
    let isShort = false;
    let hasDigits = false;
    let group = 0;
    let groupMax = 0;
    let at = start;
    for (; at < this.#end; at++) {
      const byte = bytes[at]!;
      if (byte === COLON) {
        colons++;
        isShort ||= at > start && bytes[at - 1] === COLON;
        group = 0;
      } else if ((CLASSES[byte]! & (DIGIT | HEX_LETTER)) !== 0) {
        hasDigits ||= isDigit(this.#bytes, at, this.#end);
        groupMax = Math.max(groupMax, ++group);
      } else break;
    }
    const isAddress =
      hasDigits && colons <= IPV6_COLONS && (isShort || colons === IPV6_COLONS) && !isWord(this.#bytes, at, this.#end);
    if (!isAddress) return -1;
    if (this.#isCut) throw AMBIGUOUS;
    return groupMax <= IPV6_GROUP_MAX ? at : -1;
  }

  /**
   * Folds what begins with a number: a time, an address, or a number and its unit.
   * @param wordEnd  of the word that begins with it
   * @returns the offset after it; −1 when the word goes on in another way
   */
  #quantity(at: number, wordEnd: number): number {
    const time = timeEnd(this.#bytes, at, this.#end);
    if (time >= 0) return this.#add(TIME, time);
    let end = digitsEnd(this.#bytes, at, this.#end);
    let numbers = 1;
    while (isAt(this.#bytes, end, POINT, this.#end) && isDigit(this.#bytes, end + 1, this.#end)) {
      end = digitsEnd(this.#bytes, end + 1, this.#end);
      numbers++;
    }
    if (!isWord(this.#bytes, end, this.#end)) return this.#add(numbers === 4 ? IP : NUMBER, end);
    if (numbers <= 2) {
      const duration = durationEnd(this.#bytes, at, this.#end);
      if (duration >= 0) return this.#add(DURATION, duration);
      const size = sizeEnd(this.#bytes, end, this.#end);
      if (size >= 0) return this.#add(SIZE, size);
      const exponent = exponentEnd(this.#bytes, end, this.#end);
      if (exponent >= 0) return this.#add(NUMBER, exponent);
    }
    // `1.2beta` is a number, and a word that begins with another one.
    const first = digitsEnd(this.#bytes, at, this.#end);
    return first === wordEnd ? this.#add(NUMBER, first) : -1;
  }
}
