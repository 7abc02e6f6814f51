/** The indices of anything, in memory that all share. */

let counting = new Uint32Array(0);

/** 0, 1, 2, …: not to be written to. */
export function countingUp(count: number): Uint32Array {
  if (count > counting.length) {
    counting = new Uint32Array(count);
    for (let i = 0; i < count; i++) counting[i] = i;
  }
  return counting.subarray(0, count);
}
