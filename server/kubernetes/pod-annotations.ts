/**
 * The annotations of a pod that configure which of its lines are kept, and how they are parsed. They may change while
 * it runs.
 */
import { parseBoolean } from '../../shared/boolean.ts';
import type { Labels } from '../../shared/labels.ts';
import { PARSERS, type Parser } from '../../shared/row-group/line-formats/cut-text.ts';

const EXCLUDE = 'podlog.io/exclude';
/** Names, separated by commas. */
const EXCLUDE_CONTAINERS = 'podlog.io/exclude-containers';
const PARSER = 'podlog.io/parser';

/** Returns true for all of the pod's containers, or the names of some. */
export function excludedBy(annotations: Labels = {}): true | readonly string[] {
  if (parseBoolean(annotations[EXCLUDE] ?? '') === true) return true;
  const names = annotations[EXCLUDE_CONTAINERS]?.split(',').map((name) => name.trim()) ?? [];
  return names.filter((name) => name !== '');
}

/** Returns `auto` where there is no annotation, or it does not name a parser. */
export function parserOf(annotations: Labels = {}): Parser {
  return PARSERS.find((parser) => parser === annotations[PARSER]?.trim()) ?? 'auto';
}

/** Returns what is wrong with the annotations, for the log. */
export function annotationProblem(annotations: Labels = {}): string | undefined {
  const wanted = annotations[PARSER]?.trim();
  if (wanted === undefined || PARSERS.some((parser) => parser === wanted)) return undefined;
  return `${PARSER} is ${JSON.stringify(wanted)}, which is not one of ${PARSERS.join(', ')}; its lines are parsed as auto`;
}
