/** Whether codes are less than their number: a check of everything that is decoded, so it takes words instead of codes. */
const WORD_BYTES = 4;

/**
 * Whether all codes are less than `limit`, two or four at a time: a lane has its highest bit after `2^(bits − 1) − limit` is added to a
 * code exactly if the code is not less. False where codes or the limit have that bit, or memory is not aligned.
 */
export function areLess(codes: Uint8Array | Uint16Array, limit: number): boolean {
  const bits = codes.BYTES_PER_ELEMENT * 8;
  if (limit > 2 ** (bits - 1) || codes.byteOffset % WORD_BYTES !== 0) return false;
  const lanes = bits === 8 ? 0x01010101 : 0x00010001;
  const added = Math.imul(2 ** (bits - 1) - limit, lanes);
  const words = new Int32Array(codes.buffer, codes.byteOffset, Math.floor(codes.byteLength / WORD_BYTES));
  let found = 0;
  for (let i = 0; i < words.length; i++) found |= words[i]! | (words[i]! + added);
  if ((found & Math.imul(2 ** (bits - 1), lanes)) !== 0) return false;
  for (let i = words.length * (WORD_BYTES / codes.BYTES_PER_ELEMENT); i < codes.length; i++) {
    if (codes[i]! >= limit) return false;
  }
  return true;
}
