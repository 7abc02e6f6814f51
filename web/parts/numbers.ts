/** Numbers as the page shows them. */
import { durationText } from '../../shared/readable-line/measures.ts';

/** `1.52 s` */
export function milliseconds(ms: number): string {
  return durationText(ms * 1e6);
}
