/** The names that lines of the range have, so that one that is misspelt is seen before it is asked for. */
import { effect, signal } from '@preact/signals';
import { askFields } from './facets.ts';
import { asked } from './search.ts';
import { access } from './session.ts';

const names = signal<ReadonlySet<string> | undefined>(undefined);
let isAsking = false;

/** Names that every line has, or that are made from those of others. */
const ALWAYS = /^(?:level|message|line|time|line\.pattern|(?:field|label)\..*|q(?:\.raw)?|.*\.(?:shape|log10))$/;

// The names of another range, or of another token, are others.
effect(() => {
  void asked.value;
  void access.value;
  names.value = undefined;
});

/** Asks for them once. */
export async function learnNames(): Promise<void> {
  if (names.peek() !== undefined || isAsking) return;
  isAsking = true;
  try {
    const fields = await askFields([], { ...asked.peek(), search: undefined }, undefined, 0);
    names.value = new Set(fields.map(({ name }) => name));
  } catch {
    // Nothing is underlined then, and the search says what is wrong.
  } finally {
    isAsking = false;
  }
}

export function isUnknown(name: string): boolean {
  const known = names.value;
  return known !== undefined && known.size > 0 && !ALWAYS.test(name) && !known.has(name);
}
