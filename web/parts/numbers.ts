/** Numbers as the page shows them. */
import { durationText } from '../../shared/readable-line/measures.ts';

const COUNTS = new Intl.NumberFormat('en');

/** `31,364` */
export function count(value: number): string {
  return COUNTS.format(value);
}

/** `1 line`, `31,364 lines` */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** `1.52 s` */
export function milliseconds(ms: number): string {
  return durationText(ms * 1e6);
}
