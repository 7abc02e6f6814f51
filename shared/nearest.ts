/** What an unknown name may have meant. */

/**
 * Returns the name that differs least from what was written, if by no more than a third of its letters; upper and lower
 * case, and the signs between words, do not count.
 */
export function nearest(written: string, names: Iterable<string>): string | undefined {
  const plain = plainOf(written);
  let best: string | undefined;
  let least = Math.max(1, Math.floor(plain.length / 3)) + 1;
  for (const name of names) {
    if (name === written) continue;
    const other = plainOf(name);
    if (Math.abs(other.length - plain.length) >= least) continue;
    const distance = editDistance(plain, other);
    if (distance < least) [best, least] = [name, distance];
  }
  return best;
}

/** `; did you mean --listen?`, or nothing. */
export function didYouMean(written: string, names: Iterable<string>): string {
  const name = nearest(written, names);
  return name === undefined ? '' : `; did you mean ${name}?`;
}

function plainOf(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]/g, '');
}

/** How many letters to insert, delete, replace, or swap with their neighbours. */
function editDistance(a: string, b: string): number {
  let twoAbove: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let distance = Math.min(replaced, above[j]! + 1, row[j - 1]! + 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwapped) distance = Math.min(distance, twoAbove[j - 2]! + 1);
      row.push(distance);
    }
    [twoAbove, above] = [above, row];
  }
  return above[b.length]!;
}
