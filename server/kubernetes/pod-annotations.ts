/** What a pod's annotations ask for: which of its lines are kept, and how they are cut. They may change while it runs. */
import type { Labels } from '../../shared/labels.ts';
import { PARSERS, type Parser } from '../../shared/row-group/text-lines/cut-text.ts';

const EXCLUDE = 'podlog.io/exclude';
/** Names, with commas between. */
const EXCLUDE_CONTAINERS = 'podlog.io/exclude-containers';
const PARSER = 'podlog.io/parser';

/** True for all of the pod's containers, or the names of some. */
export function excludedBy(annotations: Labels = {}): true | readonly string[] {
  if (annotations[EXCLUDE]?.trim().toLowerCase() === 'true') return true;
  const names = annotations[EXCLUDE_CONTAINERS]?.split(',').map((name) => name.trim()) ?? [];
  return names.filter((name) => name !== '');
}

/** `auto` where there is none, or one that is no parser. */
export function parserOf(annotations: Labels = {}): Parser {
  return PARSERS.find((parser) => parser === annotations[PARSER]?.trim()) ?? 'auto';
}

/** What is wrong with the annotations, for the log. */
export function annotationProblem(annotations: Labels = {}): string | undefined {
  const wanted = annotations[PARSER]?.trim();
  if (wanted === undefined || PARSERS.some((parser) => parser === wanted)) return undefined;
  return `${PARSER} is ${JSON.stringify(wanted)}, which is none of ${PARSERS.join(', ')}: its lines are cut as ever`;
}
