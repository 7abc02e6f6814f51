/**
 * Search in texts whose numbers are cut out (shared/row-group/encodings/pattern.ts): a pattern's literal bytes settle
 * most questions for all of its texts at once, numbers settle equality, and only what is left is written out.
 */
import { cutTextSizeMax, isDigit, writeCutText } from '../../../shared/row-group/encodings/pattern.ts';
import type { CutTexts } from '../../../shared/row-group/encodings/pattern.ts';
import { PatternCutter } from '../../../shared/row-group/encodings/pattern-cutter.ts';
import { byteStringAt } from '../../../shared/row-group/byte-strings.ts';
import type { Pattern } from './pattern.ts';

const BACKSLASH = 0x5c;

/** What a pattern says of its texts: none passes, all pass, or each is to be looked at. */
const NONE = 0;
const ALL = 1;
const EACH = 2;
type Verdict = typeof NONE | typeof ALL | typeof EACH;

const cutter = new PatternCutter();

/**
 * By value: 1 where it matches one of `patterns`. Undefined when no value does.
 * @param test  the same for a text that is written out
 * @param isEscaped  texts may have JSON escapes, so that their bytes are not what is compared
 */
export function matchCutTexts(
  texts: CutTexts,
  patterns: readonly Pattern[],
  test: (text: Buffer) => boolean,
  isEscaped: boolean,
): Uint8Array | undefined {
  const verdicts = verdictsOf(texts, (shape) => {
    if (isEscaped && shape.includes(BACKSLASH)) return EACH;
    const each = patterns.map((pattern) =>
      pattern.kind === 'wildcard' ? wildcardVerdict(shape, pattern.parts) : NONE,
    );
    return each.includes(ALL) ? ALL : each.includes(EACH) ? EACH : NONE;
  });
  let matched = matchVerdicts(texts, verdicts, test);
  for (const pattern of patterns) {
    // What has a backslash itself is written with an escape, and was looked at above.
    if (pattern.kind !== 'equals' || (isEscaped && pattern.text.includes(BACKSLASH))) continue;
    matched = markEqual(texts, Buffer.from(pattern.text), matched);
  }
  return matched;
}

/** By value: 1 where it contains the needle. Undefined when none does. */
export function cutTextsContaining(texts: CutTexts, needle: Buffer): Uint8Array | undefined {
  const pieces = literalPieces(needle);
  const hasDigits = needle.some(isDigit);
  const verdicts = verdictsOf(texts, (shape) => {
    // Numbers are digits and nothing else: what has none lies within one of the pattern's literal pieces.
    if (!pieces.every((piece) => shape.includes(piece))) return NONE;
    if (!hasDigits) return ALL;
    return shape.some(isDigit) ? EACH : NONE;
  });
  return matchVerdicts(texts, verdicts, (text) => text.includes(needle));
}

function verdictsOf(texts: CutTexts, verdictOf: (shape: Buffer) => Verdict): Uint8Array {
  const count = texts.patterns.offsets.length - 1;
  return Uint8Array.from({ length: count }, (_, code) => verdictOf(byteStringAt(texts.patterns, code)));
}

/** `shape` is a pattern, `parts` a wildcard's: see pattern.ts on either side. */
function wildcardVerdict(shape: Buffer, parts: readonly Uint8Array[]): Verdict {
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

function matchVerdicts(texts: CutTexts, verdicts: Uint8Array, test: (text: Buffer) => boolean): Uint8Array | undefined {
  if (!verdicts.some((verdict) => verdict !== NONE)) return undefined;
  const { codes } = texts;
  const matched = new Uint8Array(codes.length);
  let some = false;
  let scratch = Buffer.alloc(0);
  for (let i = 0; i < codes.length; i++) {
    const verdict = verdicts[codes[i]!]!;
    if (verdict === NONE) continue;
    if (verdict === EACH) {
      const sizeBytes = cutTextSizeMax(texts, i);
      if (sizeBytes > scratch.length) scratch = Buffer.allocUnsafe(sizeBytes);
      if (!test(scratch.subarray(0, writeCutText(texts, i, scratch, 0)))) continue;
    }
    matched[i] = 1;
    some = true;
  }
  return some ? matched : undefined;
}

/** Marks the values that are these bytes: cutting has one result, so pattern and numbers are equal when texts are. */
function markEqual(texts: CutTexts, wanted: Buffer, matched: Uint8Array | undefined): Uint8Array | undefined {
  const { patterns, codes, firsts, strides, numbers } = texts;
  const refs = { bytes: wanted, starts: Int32Array.of(0), ends: Int32Array.of(wanted.length), count: 1 };
  const cut = cutter.cutAny(refs);
  if (cut === undefined) return matched;
  const shape = byteStringAt(cut.patterns, 0);
  const code = strides.findIndex((_, each) => byteStringAt(patterns, each).equals(shape));
  if (code < 0) return matched;
  const stride = strides[code]!;
  let result = matched;
  for (let i = 0; i < codes.length; i++) {
    if (codes[i] !== code) continue;
    const first = firsts[i]!;
    let place = 0;
    while (place < cut.numbers.length && numbers[first + place * stride] === cut.numbers[place]) place++;
    if (place < cut.numbers.length) continue;
    result ??= new Uint8Array(codes.length);
    result[i] = 1;
  }
  return result;
}

/** The runs of bytes that are no digits. */
function literalPieces(needle: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, start = 0; at <= needle.length; at++) {
    if (at < needle.length && !isDigit(needle[at]!)) continue;
    if (at > start) pieces.push(needle.subarray(start, at));
    start = at + 1;
  }
  return pieces;
}
