/** What the page knows of LogQL's grammar, which is loaded when the first query is typed. */
import { signal } from '@preact/signals';

export const language = signal<typeof import('../search/logql-tokens.ts') | undefined>(undefined);

export async function learnLanguage(): Promise<void> {
  try {
    language.value ??= await import('../search/logql-tokens.ts');
  } catch {
    // Without colours a query is answered all the same.
  }
}
