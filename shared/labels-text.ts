/** A label set as a text: `{a="b", c="d"}`; the identity of a series. */
import { quoted } from './go-quote.ts';

/** @param labels  sorted by name */
export function labelsText(labels: Iterable<readonly [name: string, value: string]>): string {
  return `{${Array.from(labels, ([name, value]) => `${name}=${quoted(value)}`).join(', ')}}`;
}
