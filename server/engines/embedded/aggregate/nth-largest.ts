/** Selection: the n-th largest of many numbers, without sorting them. Source: Hoare, "Find", 1961. */

/** @param n  1 for the largest, up to the number of numbers */
export function nthLargest(numbers: Float64Array, n: number): number {
  const left = numbers.slice();
  const wanted = left.length - n;
  let low = 0;
  let high = left.length - 1;
  while (low < high) {
    const pivot = left[(low + high) >> 1]!;
    let i = low;
    let j = high;
    while (i <= j) {
      while (left[i]! < pivot) i++;
      while (left[j]! > pivot) j--;
      if (i > j) break;
      const swapped = left[i]!;
      left[i++] = left[j]!;
      left[j--] = swapped;
    }
    if (wanted <= j) high = j;
    else if (wanted >= i) low = i;
    else break;
  }
  return left[wanted]!;
}
