/** Where the words of a search occur in a text. */

export interface Part {
  readonly text: string;
  readonly isMatch: boolean;
}

/** @param words  in lower case */
export function markedParts(text: string, words: readonly string[]): readonly Part[] {
  if (words.length === 0) return [{ text, isMatch: false }];
  const lower = text.toLowerCase();
  // Lower case may have another length: then nothing can be marked.
  if (lower.length !== text.length) return [{ text, isMatch: false }];
  const parts: Part[] = [];
  let at = 0;
  while (at < text.length) {
    let next = text.length;
    let length = 0;
    for (const word of words) {
      const found = lower.indexOf(word, at);
      if (found !== -1 && (found < next || (found === next && word.length > length))) {
        next = found;
        length = word.length;
      }
    }
    if (next > at) parts.push({ text: text.slice(at, next), isMatch: false });
    if (length > 0) parts.push({ text: text.slice(next, next + length), isMatch: true });
    at = next + length;
    if (length === 0) break;
  }
  return parts;
}
