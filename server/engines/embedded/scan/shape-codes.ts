/**
 * Shapes of texts whose numbers are cut out (shared/row-group/encodings/pattern.ts): from their patterns, and from the few
 * numbers that a shape keeps, without writing a text out.
 */
import { byteStringAt } from '../../../../shared/byte-strings.ts';
import type { CutTexts } from '../../../../shared/row-group/encodings/column-values.ts';
import { type PatternShapes, SHORT_NUMBERS, shapesOfPattern } from './shape.ts';

const BACKSLASH = 0x5c;
/** With more places that matter, a text is looked at instead: the keys of their numbers must be safe integers. */
const PLACES_MAX = 4;

export interface ShapeCodes {
  readonly shapes: readonly Buffer[];
  /** By value. */
  readonly codes: Uint8Array | Uint16Array | Uint32Array;
  /** By code: how many values have it. */
  readonly counts: Uint32Array;
}

/**
 * Undefined where the texts themselves must be looked at.
 * @param isEscaped  texts may have JSON escapes, so that their bytes are not those of the value
 */
export function shapeCodesOf(texts: CutTexts, isEscaped: boolean): ShapeCodes | undefined {
  let known = kept.get(texts.patterns);
  if (known?.isEscaped !== isEscaped) kept.set(texts.patterns, (known = patternShapesOf(texts, isEscaped)));
  const { byPattern, shapes } = known;
  if (byPattern === undefined) return undefined;
  return shapes === undefined
    ? codesByNumbers(texts, byPattern)
    : { shapes, codes: texts.codes, counts: texts.strides };
}

interface KeptShapes {
  readonly isEscaped: boolean;
  /** Undefined where the texts themselves must be looked at. */
  readonly byPattern: readonly PatternShapes[] | undefined;
  /** By pattern: its only shape. Undefined where some have several. */
  readonly shapes: readonly Buffer[] | undefined;
}

/** By patterns: their shapes, which took longer than counting them. They are kept while a worker keeps the column. */
const kept = new WeakMap<object, KeptShapes>();

function patternShapesOf({ patterns, strides }: CutTexts, isEscaped: boolean): KeptShapes {
  const byPattern: PatternShapes[] = [];
  for (let code = 0; code < strides.length; code++) {
    const pattern = byteStringAt(patterns, code);
    const shapes = isEscaped && pattern.includes(BACKSLASH) ? undefined : shapesOfPattern(pattern);
    if (shapes === undefined || shapes.places.length > PLACES_MAX)
      return { isEscaped, byPattern: undefined, shapes: undefined };
    byPattern.push(shapes);
  }
  const areSingle = byPattern.every(({ places }) => places.length === 0);
  return { isEscaped, byPattern, shapes: areSingle ? byPattern.map(({ shapeWith }) => shapeWith([])) : undefined };
}

function codesByNumbers(
  { codes, firsts, strides, numbers }: CutTexts,
  byPattern: readonly PatternShapes[],
): ShapeCodes {
  const shapes: Buffer[] = [];
  const counts: number[] = [];
  const known = byPattern.map(() => new Map<number, number>());
  const own = new Uint32Array(codes.length);
  for (let i = 0; i < own.length; i++) {
    const pattern = codes[i]!;
    const { places, shapeWith } = byPattern[pattern]!;
    let key = 0;
    for (const place of places) {
      const number = numbers[firsts[i]! + place * strides[pattern]!]!;
      key = key * (SHORT_NUMBERS + 1) + Math.min(number, SHORT_NUMBERS);
    }
    let code = known[pattern]!.get(key);
    if (code === undefined) {
      code = shapes.push(shapeWith(numbersOf(key, places.length))) - 1;
      counts.push(0);
      known[pattern]!.set(key, code);
    }
    own[i] = code;
    counts[code]!++;
  }
  return { shapes, codes: own, counts: Uint32Array.from(counts) };
}

function numbersOf(key: number, count: number): number[] {
  const numbers: number[] = [];
  for (let rest = key; numbers.length < count; rest = Math.floor(rest / (SHORT_NUMBERS + 1))) {
    numbers.unshift(rest % (SHORT_NUMBERS + 1));
  }
  return numbers;
}
