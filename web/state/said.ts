/** A short sentence about what was done, which leaves by itself. */
import { signal } from '@preact/signals';

const SHOWN_MS = 2_500;
export const said = signal('');
let timer: ReturnType<typeof setTimeout> | undefined;

export function say(text: string): void {
  said.value = text;
  clearTimeout(timer);
  timer = setTimeout(() => (said.value = ''), SHOWN_MS);
}

export async function copy(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(done);
  } catch {
    say('The browser does not let this page copy; it does over https and on localhost');
  }
}
