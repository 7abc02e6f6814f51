/** Texts of a block, end to end. */

/** Text i is bytes[offsets[i], offsets[i + 1]). */
export interface BlockTexts {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}

export function textAt({ bytes, offsets }: BlockTexts, row: number): Uint8Array {
  return bytes.subarray(offsets[row], offsets[row + 1]);
}
