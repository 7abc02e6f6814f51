/** Counts as people read them. */

const COUNTS = new Intl.NumberFormat('en');

/** Returns `31,364`. */
export function count(value: number): string {
  return COUNTS.format(value);
}

/** Returns `1 line`, `31,364 lines`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
