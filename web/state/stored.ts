/** Choices of the reader, kept by the browser. */
import { effect, type Signal, signal } from '@preact/signals';

const PREFIX = 'podlog.';

/** Returns a signal that begins with what was chosen the last time. */
export function stored<Value>(name: string, otherwise: Value): Signal<Value> {
  const chosen = signal<Value>((read(name) as Value | undefined) ?? otherwise);
  let isFirst = true;
  effect(() => {
    const { value } = chosen;
    if (!isFirst) write(name, value);
    isFirst = false;
  });
  return chosen;
}

function read(name: string): unknown {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? undefined : (JSON.parse(text) as unknown);
  } catch {
    // Without storage, or with a value of another version, the choice is the default.
    return undefined;
  }
}

function write(name: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // The choice lasts as long as the page.
  }
}
