/** Sorting row indices by time. Rows come almost sorted, so runs are found and merged: linear when there is one. */

/**
 * Sorts order[start, end) by times[order[i]], ascending; equal times keep their order.
 * @param order  indices into times
 */
export function sortByTime(order: Uint32Array, times: Float64Array, start: number, end: number): void {
  let runs = runStarts(order, times, start, end);
  if (runs.length <= 2) return;
  // From here on offsets count from `start`.
  runs = runs.map((run) => run - start);
  const own = order.subarray(start, end);
  let from: Uint32Array = own;
  let to: Uint32Array = own.slice();
  while (runs.length > 2) {
    const merged: number[] = [];
    for (let r = 0; r + 1 < runs.length; r += 2) {
      const middle = runs[r + 1]!;
      mergeRuns(from, to, times, runs[r]!, middle, runs[r + 2] ?? middle);
      merged.push(runs[r]!);
    }
    merged.push(end - start);
    runs = merged;
    [from, to] = [to, from];
  }
  if (from !== own) own.set(from);
}

/** Returns the starts of ascending runs, and the end. */
function runStarts(order: Uint32Array, times: Float64Array, start: number, end: number): number[] {
  const runs = [start];
  for (let i = start + 1; i < end; i++) if (times[order[i]!]! < times[order[i - 1]!]!) runs.push(i);
  runs.push(end);
  return runs;
}

function mergeRuns(
  from: Uint32Array,
  to: Uint32Array,
  times: Float64Array,
  start: number,
  middle: number,
  end: number,
): void {
  let left = start;
  let right = middle;
  for (let at = start; at < end; at++) {
    const takeLeft = right >= end || (left < middle && times[from[left]!]! <= times[from[right]!]!);
    to[at] = from[takeLeft ? left++ : right++]!;
  }
}
