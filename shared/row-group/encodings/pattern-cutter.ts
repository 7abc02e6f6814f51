/** Cuts the numbers out of texts, and judges whether few patterns (pattern.ts) remain of many texts. */
import { isDigit } from '../../ascii.ts';
import type { CutTexts } from './column-values.ts';
import type { ValueRefs } from '../../byte-strings.ts';
import { JoinedDictionary } from './joined-dictionary.ts';
import { NUMBER_DIGITS_MAX, PADDED_DIGITS_MAX, PLACES_MAX } from './pattern.ts';
import { looksLikeUuid } from './uuid.ts';

/** The parameters do not pay for fewer texts. */
const TEXTS_MIN = 64;
/** This many texts, spread over a column, are searched for a digit, then as many are cut, before all are. */
const GLANCE_TEXTS = 16;
const PROBE_TEXTS = 128;
/** Largest number of patterns in the probe: all texts have few more. */
const PROBE_PATTERNS_MAX = 64;
/** Least number of distinct texts for each pattern; with fewer, texts do not differ by their numbers. */
const TEXTS_PER_PATTERN_MIN = 4;
/** A dictionary of few texts is searched faster, and is smaller if texts repeat often. */
const DISTINCT_MIN = 256;
const REPEATS_MAX = 8;
/** With a larger share of distinct texts a column is not a dictionary, even if it is small. */
const DISTINCT_SHARE_MIN = 0.7;

const ZERO = 0x30;
const HASH_FACTOR = 0x9e3779b1;

/** Owns the memory for cutting one column after the other. */
export class PatternCutter {
  /** These two are allocated when needed: most columns have nothing to cut. */
  #patterns: JoinedDictionary | undefined;
  #seen: Uint8Array | undefined;
  /** The pattern of one text, and its end. */
  #pattern = Buffer.allocUnsafeSlow(256);
  #patternEnd = 0;
  #numbers = new Float64Array(64);

  /** @returns undefined when another encoding is better: few texts, many patterns, or no numbers */
  cut(refs: ValueRefs): CutTexts | undefined {
    const { count } = refs;
    if (count < TEXTS_MIN) return undefined;
    if (looksLikeUuid(refs.bytes, refs.starts[0]!, refs.ends[0]!)) return undefined;
    if (!haveDigits(sampleOf(refs, GLANCE_TEXTS))) return undefined;
    if (count > PROBE_TEXTS * 2 && !this.#hasFewPatterns(sampleOf(refs, PROBE_TEXTS))) return undefined;
    const cut = this.cutAny(refs, count / TEXTS_PER_PATTERN_MIN);
    if (cut === undefined || cut.numbers.length === 0) return undefined;
    const distinct = this.#estimateDistinct(cut);
    const areMany = distinct >= count * DISTINCT_SHARE_MIN || isLargeDictionary(distinct, count);
    return areMany && cut.strides.length * TEXTS_PER_PATTERN_MIN <= distinct ? cut : undefined;
  }

  /** Does the same for values that are codes of distinct texts. */
  cutRepeated(texts: ValueRefs, codes: Uint16Array): CutTexts | undefined {
    if (!isLargeDictionary(texts.count, codes.length)) return undefined;
    const cut = this.cutAny(texts, texts.count / TEXTS_PER_PATTERN_MIN);
    return cut && cut.numbers.length > 0 ? withCodes(cut, codes) : undefined;
  }

  /** @returns undefined when there are more patterns than that, or a text has too many numbers */
  cutAny({ bytes, starts, ends, count }: ValueRefs, patternsMax = Infinity): CutTexts | undefined {
    const patterns = (this.#patterns ??= new JoinedDictionary());
    patterns.clear();
    const codes = new Uint16Array(count);
    const firsts = new Uint32Array(count);
    let used = 0;
    for (let i = 0; i < count; i++) {
      this.#reserve(ends[i]! - starts[i]!, used + PLACES_MAX);
      const places = this.#cutText(bytes, starts[i]!, ends[i]!, used);
      if (places < 0) return undefined;
      const code = patterns.addBytes(this.#pattern, 0, this.#patternEnd);
      if (code < 0 || code >= patternsMax) return undefined;
      codes[i] = code;
      firsts[i] = used;
      used += places;
    }
    const { bytes: patternBytes, offsets } = patterns.strings();
    return {
      patterns: { bytes: Buffer.from(patternBytes.subarray(0, offsets.at(-1))), offsets: offsets.slice() },
      codes,
      firsts,
      strides: new Uint32Array(patterns.count).fill(1),
      numbers: this.#numbers.slice(0, used),
    };
  }

  /**
   * Cuts one text: its pattern into #pattern, its numbers from `first` on.
   * @returns the count of numbers; −1 when there are too many
   */
  #cutText(bytes: Buffer, start: number, end: number, first: number): number {
    const pattern = this.#pattern;
    const numbers = this.#numbers;
    let to = 0;
    let used = first;
    for (let at = start; at < end;) {
      const byte = bytes[at]!;
      if (!isDigit(byte)) {
        pattern[to++] = byte;
        at++;
        continue;
      }
      if (used === first + PLACES_MAX) return -1;
      const isPadded = byte === ZERO && at + 1 < end && isDigit(bytes[at + 1]!);
      const numberStart = at;
      const numberEnd = Math.min(end, at + (isPadded ? PADDED_DIGITS_MAX : NUMBER_DIGITS_MAX));
      let value = 0;
      for (; at < numberEnd && isDigit(bytes[at]!); at++) value = value * 10 + (bytes[at]! - ZERO);
      pattern[to++] = isPadded ? ZERO + at - numberStart : ZERO;
      numbers[used++] = value;
    }
    this.#patternEnd = to;
    return used - first;
  }

  /** Linear counting (Whang, Vander-Zanden, Taylor 1990): estimates the number of hashes by how full a bitmap is. */
  #estimateDistinct({ codes, firsts, numbers }: CutTexts): number {
    const seen = (this.#seen ??= new Uint8Array(1 << 16)).fill(0);
    let free = seen.length;
    for (let i = 0; i < codes.length; i++) {
      let hash = Math.imul(codes[i]! + 1, HASH_FACTOR);
      for (let at = firsts[i]!, end = firsts[i + 1] ?? numbers.length; at < end; at++) {
        hash = Math.imul(hash ^ numbers[at]!, HASH_FACTOR);
        hash ^= hash >>> 15;
      }
      const slot = hash & (seen.length - 1);
      free -= 1 - seen[slot]!;
      seen[slot] = 1;
    }
    return Math.min(codes.length, seen.length * Math.log(seen.length / Math.max(free, 1)));
  }

  #hasFewPatterns(refs: ValueRefs): boolean {
    const cut = this.cutAny(refs, PROBE_PATTERNS_MAX);
    return cut !== undefined && cut.numbers.length > 0;
  }

  #reserve(textBytes: number, numbers: number): void {
    if (this.#pattern.length < textBytes) this.#pattern = Buffer.allocUnsafeSlow(textBytes * 2);
    if (this.#numbers.length >= numbers) return;
    const larger = new Float64Array(this.#numbers.length * 2);
    larger.set(this.#numbers);
    this.#numbers = larger;
  }
}

/** Returns the values when each is a code of a text that is cut. */
export function withCodes(texts: CutTexts, codes: ArrayLike<number>): CutTexts {
  const count = codes.length;
  const patternCodes = new Uint16Array(count);
  const firsts = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    patternCodes[i] = texts.codes[codes[i]!]!;
    firsts[i] = texts.firsts[codes[i]!]!;
  }
  return { ...texts, codes: patternCodes, firsts };
}

function isLargeDictionary(distinct: number, count: number): boolean {
  return distinct > DISTINCT_MIN && distinct * REPEATS_MAX > count;
}

function haveDigits({ bytes, starts, ends, count }: ValueRefs): boolean {
  for (let i = 0; i < count; i++) {
    for (let at = starts[i]!, end = ends[i]!; at < end; at++) if (isDigit(bytes[at]!)) return true;
  }
  return false;
}

function sampleOf({ bytes, starts, ends, count }: ValueRefs, texts: number): ValueRefs {
  const sample = { bytes, starts: new Int32Array(texts), ends: new Int32Array(texts), count: texts };
  for (let i = 0; i < texts; i++) {
    const index = Math.floor((i * count) / texts);
    sample.starts[i] = starts[index]!;
    sample.ends[i] = ends[index]!;
  }
  return sample;
}
