/** The codes of a name's values in the rows of a row group, in template order. */
import type { Texts } from './texts.ts';

/** The codes of one template's rows: the same for all, or `base + codes[first + rank]`. */
export type CodePart =
  | { readonly kind: 'same'; readonly code: number }
  | { readonly kind: 'each'; readonly codes: Codes; readonly first: number; readonly base: number };

export type Codes = Uint8Array | Uint16Array | Uint32Array | Int32Array;

/** One of the names that rows are grouped by. Two codes may have the same value. */
export interface Dimension {
  /** Codes are less than this. */
  readonly size: number;
  /** The code of all rows, if they have the same. */
  readonly constant?: number | undefined;
  /** By template. */
  readonly parts: readonly CodePart[];
  /**
   * Adds the number of rows of the whole row group to each code; undefined where that is no cheaper than reading
   * `parts`.
   */
  readonly addTotals?: ((totals: Uint32Array) => void) | undefined;
  /** By stream: the code of all its rows; undefined where they have several, or all rows have the same. */
  readonly ofStreams?: Int32Array | undefined;
  /** The values of the codes. */
  readonly texts: Texts;
}

/** Lends memory for codes. */
export type Lend = (size: number) => Uint32Array;

/** Adds a part's codes, times a factor. */
export function addCodes(part: CodePart, factor: number, to: Uint32Array): void {
  if (part.kind === 'same') {
    if (part.code > 0) for (let i = 0; i < to.length; i++) to[i]! += part.code * factor;
    return;
  }
  const { codes, first, base } = part;
  for (let i = 0; i < to.length; i++) to[i]! += (base + codes[first + i]!) * factor;
}
