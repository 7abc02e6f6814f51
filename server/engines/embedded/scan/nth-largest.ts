/** Selection: the n-th largest of many numbers, without sorting them. Sources: Hoare, "Find", 1961; for a few of them, Williams, "Heapsort", 1964. */

/** @param n  1 for the largest, up to the number of numbers */
export function nthLargest(numbers: Float64Array, n: number): number {
  return n * FEW_FACTOR < numbers.length ? leastOfHeap(numbers, n) : found(numbers, n);
}

/**
 * If there are this many times as many numbers, those that are larger than the n-th are few: they go through a heap.
 */
const FEW_FACTOR = 16;

function leastOfHeap(numbers: Float64Array, n: number): number {
  const heap = numbers.subarray(0, n).toSorted();
  for (let i = n; i < numbers.length; i++) {
    const number = numbers[i]!;
    if (!(number > heap[0]!)) continue;
    let at = 0;
    for (let child = 1; child < n; child = at * 2 + 1) {
      if (child + 1 < n && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= number) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = number;
  }
  return heap[0]!;
}

function found(numbers: Float64Array, n: number): number {
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
