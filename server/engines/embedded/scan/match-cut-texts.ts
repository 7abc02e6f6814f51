/**
 * Searches texts whose numbers are cut out (shared/row-group/encodings/pattern.ts): a pattern's literal bytes decide
 * most tests for all of its texts at once, numbers decide equality, and only the rest is formatted.
 */
import { isDigit } from '../../../../shared/ascii.ts';
import type { CutTexts, ValuesOf } from '../../../../shared/row-group/encodings/column-values.ts';
import { cutTextSizeMax, writeCutText } from '../../../../shared/row-group/encodings/pattern.ts';
import { PatternCutter } from '../../../../shared/row-group/encodings/pattern-cutter.ts';
import { byteStringAt } from '../../../../shared/byte-strings.ts';
import type { ValueTest } from '../../../store/predicate.ts';
import { hasMarked, takeMask } from './masks.ts';
import { foldedFor, type Needle, needleOf, occursIn } from './needle.ts';
import { beginsWith, numbersOfPrefix } from './number-prefix.ts';
import { markMatchingValues } from './match-regexps.ts';
import { regexpOf, requiredLeaf } from './regexps.ts';
import { matchesShape, type ShapeBits, shapeBits, type WildcardBits, wildcardBits } from './wildcard-digits.ts';

const BACKSLASH = 0x5c;

/** The result of a test for a pattern: none of its texts passes, all pass, or each must be tested. */
const NONE = 0;
const ALL = 1;
const EACH = 2;
type ShapeMatch = typeof NONE | typeof ALL | typeof EACH;

const NOTHING = new Uint8Array(0);
/** Stands in for a pattern whose texts are not asked about. */
const NO_SHAPE: ShapeBits = { always: false, widths: new Int32Array(0), behind: [], head: 0, tail: 0 };

const cutter = new PatternCutter();

/**
 * By value: 1 where it passes one of `tests`. Undefined when no value does.
 * @param test  the same for a formatted text
 * @param isEscaped  texts may have JSON escapes, so that their bytes are not what is compared
 */
export function matchCutTexts(
  texts: ValuesOf<'pattern'>,
  tests: readonly ValueTest[],
  test: (text: Buffer) => boolean,
  isEscaped: boolean,
): Uint8Array | undefined {
  const asked = tests.map((wanted): AskedTest => ({ wanted, bits: bitsOf(wanted) }));
  const byShape = matchShapes(texts, (shape) => {
    if (isEscaped && shape.includes(BACKSLASH)) return EACH;
    const each = asked.map((one) => matchShape(shape, one));
    return each.includes(ALL) ? ALL : each.includes(EACH) ? EACH : NONE;
  });
  const matched = takeMask(texts.codes.length);
  markShapes(texts, byShape, test, matched);
  for (const { wanted, bits } of asked) {
    // A text that contains a backslash is stored with an escape, and was tested above.
    if (wanted.kind === 'equals' && !(isEscaped && wanted.text.includes(BACKSLASH))) {
      markEqual(texts, Buffer.from(wanted.text), matched);
    }
    if (wanted.kind === 'regexp') {
      const may = matchShapes(texts, (shape) => {
        return !(isEscaped && shape.includes(BACKSLASH)) && mayMatchRegexp(shape, wanted) ? EACH : NONE;
      });
      if (may.includes(EACH)) markMatchingValues(texts, wanted, texts.codes, may, matched);
    }
    const prefix = prefixOf(wanted);
    if (prefix !== undefined) markBeginning(texts, prefix, isEscaped, matched);
    else if (bits !== undefined) {
      markWildcard(texts, bits, matched, (_, shape) => !(isEscaped && shape.includes(BACKSLASH)));
    }
  }
  return hasMarked(matched) ? matched : undefined;
}

interface AskedTest {
  readonly wanted: ValueTest;
  /** Undefined where digits are not looked at one by one. */
  readonly bits: WildcardBits | undefined;
}

/** Returns the bits of a wildcard that is more than a prefix; undefined for others, and for long ones. */
function bitsOf(wanted: ValueTest): WildcardBits | undefined {
  return wanted.kind === 'wildcard' && prefixOf(wanted) === undefined ? wildcardBits(wanted.parts) : undefined;
}

function matchShape(shape: Buffer, { wanted, bits }: AskedTest): ShapeMatch {
  switch (wanted.kind) {
    case 'equals':
      // Decided by its numbers.
      return NONE;
    case 'wildcard': {
      const prefix = prefixOf(wanted);
      if (prefix === undefined) return bits === undefined ? matchWildcardShape(shape, wanted.parts) : NONE;
      const numbers = numbersOfPrefix(shape, prefix);
      // If numbers decide, they are tested.
      return numbers === 'each' ? EACH : numbers === 'all' ? ALL : NONE;
    }
    case 'exists':
      return ALL;
    case 'regexp':
      // Looked at many at a time.
      return NONE;
    case 'compare':
      return EACH;
  }
}

/** Returns false where a text that each match contains is in no text of the pattern. */
function mayMatchRegexp(shape: Buffer, wanted: { readonly pattern: string }): boolean {
  return regexpOf(wanted).required.every((texts) => {
    return texts.some((text) => {
      const needle = needleOf(requiredLeaf(text));
      return literalPieces(needle.bytes).every((piece) => foldedFor(needle, shape).includes(piece));
    });
  });
}

/** By value: 1 where it contains the needle. Undefined when none does. */
export function cutTextsContaining(texts: CutTexts, needle: Needle): Uint8Array | undefined {
  const pieces = literalPieces(needle.bytes);
  const hasDigits = needle.bytes.some(isDigit);
  const byShape = matchShapes(texts, (shape) => {
    // Numbers are only digits: a needle without digits lies within one of the pattern's literal pieces.
    const folded = foldedFor(needle, shape);
    if (!pieces.every((piece) => folded.includes(piece))) return NONE;
    if (!hasDigits) return ALL;
    return shape.some(isDigit) ? EACH : NONE;
  });
  if (!byShape.some((match) => match !== NONE)) return undefined;
  const matched = takeMask(texts.codes.length);
  // Without digits, patterns decide. Letters that are folded are compared with folded ones.
  const bits = hasDigits && !needle.isFolded ? wildcardBits([NOTHING, needle.bytes, NOTHING]) : undefined;
  if (bits === undefined) markShapes(texts, byShape, (text) => occursIn(needle, text), matched);
  else markWildcard(texts, bits, matched, (code) => byShape[code] !== NONE);
  return hasMarked(matched) ? matched : undefined;
}

function matchShapes(texts: CutTexts, match: (shape: Buffer) => ShapeMatch): Uint8Array {
  const count = texts.patterns.offsets.length - 1;
  return Uint8Array.from({ length: count }, (_, code) => match(byteStringAt(texts.patterns, code)));
}

/**
 * Matches a wildcard with a pattern.
 * @param shape  a pattern
 * @param parts  of a wildcard
 */
function matchWildcardShape(shape: Buffer, parts: readonly Uint8Array[]): ShapeMatch {
  const first = shape.findIndex(isDigit);
  if (first < 0) return EACH;
  const head = shape.subarray(0, first);
  const tail = shape.subarray(shape.findLastIndex(isDigit) + 1);
  const start = parts[0]!;
  const end = parts.at(-1)!;
  const headKnown = Math.min(head.length, start.length);
  const tailKnown = Math.min(tail.length, end.length);
  if (head.compare(start, 0, headKnown, 0, headKnown) !== 0) return NONE;
  const endStart = end.length - tailKnown;
  if (tail.compare(end, endStart, end.length, tail.length - tailKnown) !== 0) return NONE;
  return parts.length === 2 && start.length <= head.length && end.length <= tail.length ? ALL : EACH;
}

/**
 * Marks the values that pass.
 * @param byShape  a ShapeMatch for each pattern
 */
function markShapes(texts: CutTexts, byShape: Uint8Array, test: (text: Buffer) => boolean, matched: Uint8Array): void {
  if (!byShape.some((match) => match !== NONE)) return;
  const { codes } = texts;
  let scratch = Buffer.alloc(0);
  for (let i = 0; i < codes.length; i++) {
    const match = byShape[codes[i]!]!;
    if (match === NONE) continue;
    if (match === EACH) {
      const sizeBytes = cutTextSizeMax(texts, i);
      if (sizeBytes > scratch.length) scratch = Buffer.allocUnsafe(sizeBytes);
      if (!test(scratch.subarray(0, writeCutText(texts, i, scratch, 0)))) continue;
    }
    matched[i] = 1;
  }
}

/** Returns the prefix of all texts that match a wildcard; undefined when the wildcard requires more than the prefix. */
function prefixOf(wanted: ValueTest): Uint8Array | undefined {
  return wanted.kind === 'wildcard' && wanted.parts.slice(1).every((part) => part.length === 0)
    ? wanted.parts[0]
    : undefined;
}

/** Marks the values that begin with a prefix, where their numbers decide. */
function markBeginning(texts: CutTexts, prefix: Uint8Array, isEscaped: boolean, matched: Uint8Array): void {
  const { patterns, codes, firsts, strides, numbers } = texts;
  const wanted = Array.from({ length: strides.length }, (_, code) => {
    const shape = byteStringAt(patterns, code);
    if (isEscaped && shape.includes(BACKSLASH)) return undefined;
    const ofShape = numbersOfPrefix(shape, prefix);
    return typeof ofShape === 'string' ? undefined : ofShape;
  });
  if (wanted.every((each) => each === undefined)) return;
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    const each = wanted[code];
    if (each === undefined) continue;
    const { equal, digits } = each;
    const first = firsts[i]!;
    const stride = strides[code]!;
    let place = 0;
    while (place < equal.length && numbers[first + place * stride] === equal[place]) place++;
    if (place < equal.length) continue;
    if (digits === undefined || beginsWith(numbers[first + place * stride]!, digits)) matched[i] = 1;
  }
}

/**
 * Marks the values that match a wildcard, by the digits of their numbers.
 * @param isAsked  of patterns
 */
function markWildcard(
  texts: CutTexts,
  bits: WildcardBits,
  matched: Uint8Array,
  isAsked: (code: number, shape: Buffer) => boolean,
): void {
  const { patterns, codes, firsts, strides, numbers } = texts;
  const shapes = Array.from(strides, (_, code) => {
    const shape = byteStringAt(patterns, code);
    return isAsked(code, shape) ? shapeBits(bits, shape) : NO_SHAPE;
  });
  const ways = Uint8Array.from(shapes, ({ always }) => (always === undefined ? EACH : always ? ALL : NONE));
  if (!ways.some((way) => way !== NONE)) return;
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    const way = ways[code]!;
    if (way === NONE) continue;
    if (way === ALL || matchesShape(bits, shapes[code]!, numbers, firsts[i]!, strides[code]!)) matched[i] = 1;
  }
}

/**
 * Marks the values that are equal to these bytes: cutting has one result, so pattern and numbers are equal when texts
 * are.
 */
function markEqual(texts: CutTexts, wanted: Buffer, matched: Uint8Array): void {
  const { patterns, codes, firsts, strides, numbers } = texts;
  const refs = { bytes: wanted, starts: Int32Array.of(0), ends: Int32Array.of(wanted.length), count: 1 };
  const cut = cutter.cutAny(refs);
  if (cut === undefined) return;
  const shape = byteStringAt(cut.patterns, 0);
  const code = strides.findIndex((_, each) => byteStringAt(patterns, each).equals(shape));
  if (code < 0) return;
  const stride = strides[code]!;
  for (let i = 0; i < codes.length; i++) {
    if (codes[i] !== code) continue;
    const first = firsts[i]!;
    let place = 0;
    while (place < cut.numbers.length && numbers[first + place * stride] === cut.numbers[place]) place++;
    if (place < cut.numbers.length) continue;
    matched[i] = 1;
  }
}

/** Returns the runs of bytes without digits. */
function literalPieces(needle: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, start = 0; at <= needle.length; at++) {
    if (at < needle.length && !isDigit(needle[at]!)) continue;
    if (at > start) pieces.push(needle.subarray(start, at));
    start = at + 1;
  }
  return pieces;
}
