/** Moves texts into a merged column: dictionaries and patterns are joined, and their codes translated. */
import { refsOf } from '../../byte-strings.ts';
import type { ByteStrings } from '../../byte-strings.ts';
import type { ColumnValues, CutTexts } from '../encodings/column-values.ts';
import { encodeDictionary } from '../encodings/dictionary.ts';
import type { Encoded } from '../encodings/encoding.ts';
import type { JoinedDictionary } from '../encodings/joined-dictionary.ts';
import { encodePatterns, placesOf } from '../encodings/pattern.ts';
import { withCodes } from '../encodings/pattern-cutter.ts';
import type { PatternCutter } from '../encodings/pattern-cutter.ts';
import { ENCODING_DICTIONARY } from '../format.ts';
import { allOrNone, type ChunkTarget, distinctOf, textsOf, type ValueRuns } from './value-runs.ts';

/** Only constants and dictionaries. */
export function moveDictionary(
  runs: ValueRuns,
  chunks: readonly ColumnValues[],
  joined: JoinedDictionary,
  { encoder, parameters, pages }: ChunkTarget,
): Encoded | undefined {
  const dictionaries = chunks.map((chunk) => ({
    strings: textsOf(chunk),
    codes: chunk.kind === 'dictionary' ? chunk.codes : undefined,
  }));
  const codes = joinCodes(runs, dictionaries, joined);
  if (codes === undefined || joined.count === 1) return undefined;
  const texts = refsOf(joined.strings());
  const cut = encoder.cutter.cutRepeated(texts, codes);
  if (cut !== undefined) return encodePatterns(cut, parameters, pages);
  encodeDictionary(texts, codes, parameters, pages);
  return { encoding: ENCODING_DICTIONARY, texts };
}

/** Only for constants, dictionaries and patterns: patterns are joined like dictionaries, and numbers stay numbers. */
export function movePatterns(
  runs: ValueRuns,
  chunks: readonly ColumnValues[],
  joined: JoinedDictionary,
  { encoder, parameters, pages }: ChunkTarget,
): Encoded | undefined {
  const columns = allOrNone(chunks, (chunk) => cutTextsOf(chunk, encoder.cutter));
  if (columns === undefined) return undefined;
  const dictionaries = columns.map(({ patterns, codes }) => ({ strings: patterns, codes }));
  const codes = joinCodes(runs, dictionaries, joined);
  if (codes === undefined) return undefined;
  const patterns = joined.strings();
  const { firsts, numbers } = copyCutNumbers(runs, columns, codes, placesOf(patterns));
  if (numbers.length > 0) {
    const strides = new Uint32Array(joined.count).fill(1);
    return encodePatterns({ patterns, codes, firsts, strides, numbers }, parameters, pages);
  }
  // Patterns without numbers are the texts themselves.
  const texts = refsOf(patterns);
  if (texts.count === 1) return undefined;
  encodeDictionary(texts, codes, parameters, pages);
  return { encoding: ENCODING_DICTIONARY, texts };
}

/**
 * Returns the codes of all values in a dictionary that is joined from those of the chunks; undefined when it is too
 * large.
 */
function joinCodes(
  runs: ValueRuns,
  dictionaries: readonly { readonly strings: ByteStrings; readonly codes: ArrayLike<number> | undefined }[],
  joined: JoinedDictionary,
): Uint16Array | undefined {
  // Only values that the result uses may enter its dictionary, so codes are translated as they come.
  const translations = dictionaries.map(({ strings }) => new Int32Array(strings.offsets.length - 1).fill(-1));
  joined.clear();
  const codes = new Uint16Array(runs.count);
  for (let run = 0, at = 0; run < runs.runCount; run++) {
    const c = runs.chunkOf[run]!;
    const { strings, codes: from } = dictionaries[c]!;
    const translated = translations[c]!;
    let i = runs.startOf[run]!;
    for (const end = i + runs.lengthOf[run]!; i < end; i++) {
      const theirs = from === undefined ? 0 : from[i]!;
      let code = translated[theirs]!;
      if (code < 0) {
        code = joined.add(strings, theirs);
        if (code < 0) return undefined;
        translated[theirs] = code;
      }
      codes[at++] = code;
    }
  }
  return codes;
}

/** Copies the numbers of all values, one value after the other. */
function copyCutNumbers(
  runs: ValueRuns,
  columns: readonly CutTexts[],
  codes: Uint16Array,
  places: Uint32Array,
): { firsts: Uint32Array; numbers: Float64Array } {
  const firsts = new Uint32Array(runs.count);
  let total = 0;
  for (let i = 0; i < firsts.length; i++) {
    firsts[i] = total;
    total += places[codes[i]!]!;
  }
  const numbers = new Float64Array(total);
  for (let run = 0, value = 0, to = 0; run < runs.runCount; run++) {
    const from = columns[runs.chunkOf[run]!]!;
    let i = runs.startOf[run]!;
    for (const end = i + runs.lengthOf[run]!; i < end; i++, value++) {
      const stride = from.strides[from.codes[i]!]!;
      let at = from.firsts[i]!;
      for (let place = places[codes[value]!]!; place > 0; place--, at += stride) numbers[to++] = from.numbers[at]!;
    }
  }
  return { firsts, numbers };
}

/** Returns a chunk as patterns; undefined when it is neither that nor a few texts that can be cut. */
function cutTextsOf(chunk: ColumnValues, cutter: PatternCutter): CutTexts | undefined {
  if (chunk.kind === 'pattern') return chunk;
  const cut = distinctOf(chunk, (texts) => cutter.cutAny(texts));
  if (cut === undefined) return undefined;
  const { values, codes, count } = cut;
  return withCodes(values, codes ?? new Uint8Array(count));
}
