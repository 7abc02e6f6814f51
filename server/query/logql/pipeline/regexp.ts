/** `| regexp "(?P<method>\\w+)"`: the named groups of the first match. */
import { compileMatches } from '../syntax/matches.ts';
import { sanitizedKey } from '../../../../shared/loki-json/label-name.ts';
import type { Run, Wanted } from './stage.ts';

export function regexpStage(pattern: string, { nothing, isWanted }: Wanted): Run {
  const { first } = compileMatches(pattern);
  return ({ line, labels }) => {
    if (nothing) return true;
    const match = first(line);
    if (match === undefined) return true;
    for (const [field, group] of Object.entries(match.names)) {
      const name = labels.claim(sanitizedKey(field, true), isWanted);
      if (name !== undefined) labels.set(name, match.values[group] ?? '');
    }
    return true;
  };
}
