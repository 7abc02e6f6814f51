/** The operator's choice of which lines are joined into entries. */
import type { EntryRules } from './entry-rules.ts';
import { StartPattern } from './start-pattern.ts';
import { TraceRules } from './trace-rules.ts';

export type Multiline =
  | { readonly kind: 'off' }
  | { readonly kind: 'traces' }
  /** A line begins an entry where the pattern matches; the lines up to the next such line belong to it. */
  | { readonly kind: 'start'; readonly pattern: string };

/** Returns undefined when every line is an entry of its own. */
export function createEntryRules(multiline: Multiline): EntryRules | undefined {
  switch (multiline.kind) {
    case 'off':
      return undefined;
    case 'traces':
      return new TraceRules();
    case 'start':
      return new StartPattern(multiline.pattern);
  }
}
