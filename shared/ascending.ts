/** Search in ascending numbers. */

/** Returns how many of the numbers are below another one: the index of the first that is not. */
export function countBelow(ascending: Uint32Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Returns the index of a number; -1 where it is not there. */
export function indexIn(ascending: Uint32Array, value: number): number {
  const index = countBelow(ascending, value);
  return ascending[index] === value ? index : -1;
}
