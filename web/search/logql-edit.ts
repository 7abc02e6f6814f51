/** The same edits of a query of LogQL: label filters and line filters at its end. */
import type { Selection } from './selection.ts';

/** A label filter as these edits write it. */
interface Filter {
  readonly text: string;
  readonly isNegated: boolean;
  readonly values: readonly string[];
}

/** The label that a name of podlog's is in LogQL. */
function labelOf(name: string): string {
  return name === 'level' ? 'detected_level' : name.replaceAll(/\W/g, '_').replace(/^(?=\d)/, '_');
}

function filtersOf(query: string, name: string): Filter[] {
  const written = new RegExp(String.raw`\s*\|\s*${labelOf(name)}\s*([!=])([=~]?)\s*("(?:[^"\\]|\\.)*")`, 'g');
  return [...query.matchAll(written)].map(([text, first, second, quoted]) => {
    const value = JSON.parse(quoted!) as string;
    const isList = second === '~';
    const values = isList ? value.split(/(?<!\\)\|/).map((each) => each.replaceAll(/\\(\W)/g, '$1')) : [value];
    return { text, isNegated: first === '!', values };
  });
}

export function selectionInLogql(query: string, name: string, value: string): Selection {
  const found = filtersOf(query, name).find(({ values }) => values.includes(value));
  return found === undefined ? 'none' : found.isNegated ? 'excluded' : 'included';
}

export function valuesInLogql(query: string, name: string, isNegated: boolean): readonly string[] {
  return filtersOf(query, name).flatMap((filter) => (filter.isNegated === isNegated ? filter.values : []));
}

export function toggleInLogql(query: string, name: string, value: string, isNegated: boolean): string {
  const isTakenBack = selectionInLogql(query, name, value) === (isNegated ? 'excluded' : 'included');
  let rest = query.trimEnd();
  let others: readonly string[] = [];
  for (const filter of filtersOf(query, name)) {
    const kept = filter.values.filter((each) => each !== value);
    const isOfKind = filter.isNegated === isNegated;
    if (isOfKind) others = kept;
    rest = rest.replace(filter.text, () => (isOfKind ? '' : filterText(name, kept, filter.isNegated)));
  }
  const values = isTakenBack ? others : [...others, value];
  // What was added for a filter alone goes with it.
  if (values.length === 0) return rest.replace(PARSER_AT_END, '');
  const isFound = OF_STREAMS.has(labelOf(name)) || PARSED.test(rest);
  return rest + (isFound ? '' : PARSER) + filterText(name, values, isNegated);
}

/** Labels that agents and the server give; other names may be fields, which a parser brings out of the line. */
export const OF_STREAMS: ReadonlySet<string> = new Set(
  'namespace pod container node stream source service_name detected_level'.split(' '),
);
const PARSED = /\|\s*(?:json|logfmt|podlog|pattern|regexp|unpack)\b/;
const PARSER = ' | podlog';
const PARSER_AT_END = / \| podlog$/;

function filterText(name: string, values: readonly string[], isNegated: boolean): string {
  if (values.length === 0) return '';
  const list = values.length > 1;
  const text = list
    ? values.map((each) => each.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)).join('|')
    : values[0];
  return ` | ${labelOf(name)}${isNegated ? '!' : '='}${list ? '~' : isNegated ? '=' : ''}${JSON.stringify(text)}`;
}

/** @param condition  a text in quotes, which lines have or, after a minus, have not */
export function appendToLogql(query: string, condition: string): string {
  return `${query.trimEnd()} ${condition.startsWith('-') ? `!= ${condition.slice(1)}` : `|= ${condition}`}`;
}
