/** The parts of a question that advice is about: the names in its filters, and the question without each filter. */
import { askedAs, parseName, shapesOf, verbatim } from '../store/asked-name.ts';
import { leavesOf } from '../store/predicate.ts';
import {
  type AuthorizedQuery,
  all,
  isFilter,
  parseFilter,
  parseFilters,
  parseReading,
  type QueryString,
} from './parameters.ts';
import { written } from './question-text.ts';
import { conditionsOf, type WrittenCondition } from './search-meant.ts';
import { writtenName } from './search-text/print.ts';
import { namesOf, termsOf } from './search-text/terms.ts';

/** A question that may need advice. */
export interface Question extends AuthorizedQuery {
  /** Names of parameters that are no filters on its route. */
  readonly ownNames: readonly string[];
  readonly nowMs: number;
  /** Set for erasures, which are never advised to erase more. */
  readonly isErasure?: boolean;
}

/** A name in a question. */
export interface WrittenName {
  /** As it is written, and without what only says whether it is a label or a field. */
  readonly asked: string;
  readonly name: string;
  /** Its place in the search text, from 1 on. */
  readonly position?: number;
  /** Returns the question with another name instead. */
  readonly replaced?: (by: string) => QueryString;
}

/** The question without one of its filters. */
export interface Without {
  readonly filter: string;
  /** Undefined for a term of the search text. */
  readonly parameter?: string;
  readonly query: QueryString;
  /** The filter alone. */
  readonly alone: QueryString;
}

/** What a parameter has in front of the name of a label or field, see ../store/asked-name.ts. */
const NAME_PREFIXES = ['label.', 'field.', '\\', ''] as const;

export function isFilterOf({ ownNames }: Question, name: string): boolean {
  return isFilter(name) && !ownNames.includes(name);
}

/** Each name once. */
export function namesInFilters(question: Question): WrittenName[] {
  const { query } = question;
  const names: WrittenName[] = [];
  for (const parameter of Object.keys(query)) {
    if (!isFilterOf(question, parameter) || parameter === 'search' || parameter === 'previous') continue;
    const where = parseFilter(parameter, all(query, parameter), parseReading(query));
    const [leaf] = leavesOf(where).filter((each) => each.kind === 'value');
    if (leaf === undefined) continue;
    const prefix = NAME_PREFIXES.find((each) => parameter.startsWith(each + leaf.name)) ?? '';
    const asked = `${prefix}${leaf.name}`;
    const replaced = (by: string): QueryString => {
      const plain = nameInPlaceOf(asked, by);
      const other = isFilterOf(question, plain) ? plain : verbatim(by);
      return renamed(query, parameter, `${other}${parameter.slice(asked.length)}`);
    };
    names.push({ asked, name: leaf.name, replaced });
  }
  for (const [i, text] of all(query, 'search').entries()) {
    for (const { name: asked, start, end } of namesOf(text)) {
      const { name } = parseName(asked);
      const replaced = (by: string): QueryString =>
        withSearch(query, i, `${text.slice(0, start)}${writtenName(nameInPlaceOf(asked, by))}${text.slice(end)}`);
      names.push({ asked, name, position: start + 1, replaced });
    }
  }
  return [...new Map(names.map((each) => [each.name, each])).values()];
}

/** Returns the names of which lines that were found are no proof that some line has them: those that are negated, or alternatives. */
export function unprovenNames(question: Question): WrittenName[] {
  const names = namesInFilters(question);
  if (names.length === 0) return [];
  const { where } = parseFilters(question, question.nowMs, question.ownNames);
  const required = where.kind === 'all' ? where.of : [where];
  const proven = new Set(required.map((each) => (each.kind === 'value' ? each.name : undefined)));
  return names.filter(({ name }) => !proven.has(name));
}

function renamed(query: QueryString, parameter: string, by: string): QueryString {
  return Object.fromEntries(Object.entries(query).map(([each, values]) => [each === parameter ? by : each, values]));
}

/**
 * Returns how to ask for a name in the place of another: for a label or a field alone where that one is, and for the shapes of its
 * values.
 */
function nameInPlaceOf(asked: string, by: string): string {
  const { only, isShape } = parseName(asked);
  const name = only === undefined ? askedAs(by) : `${only}.${by}`;
  return isShape ? shapesOf(name) : name;
}

/** Returns the question without each of its filters. */
export function withoutEach(question: Question): Without[] {
  const { query } = question;
  const frame = frameOf(question);
  const list: Without[] = [];
  for (const parameter of Object.keys(query)) {
    if (!isFilterOf(question, parameter) || parameter === 'search') continue;
    const { [parameter]: values, ...rest } = query;
    list.push({ filter: written(parameter, values), parameter, query: rest, alone: { ...frame, [parameter]: values } });
  }
  for (const [i, text] of all(query, 'search').entries()) {
    for (const { text: term, rest } of termsOf(text)) {
      list.push({ filter: term, query: withSearch(query, i, rest), alone: { ...frame, search: term } });
    }
  }
  // A question with one filter and none left is everything, which is no nearer than its range.
  return list.filter(
    ({ query: rest }) => Object.keys(rest).some((name) => isFilterOf(question, name)) || list.length === 1,
  );
}

/** A condition of a search text in its question. */
export interface ConditionInQuestion extends WrittenCondition {
  /** The question with another condition in its place. */
  readonly withMeant: (by: string) => QueryString;
  /** With a condition alone. */
  readonly alone: (condition: string) => QueryString;
}

/** Returns what must be in the values of names, and in lines, for the search texts of a question. */
export function searchConditions(question: Question): ConditionInQuestion[] {
  const { query } = question;
  const frame = frameOf(question);
  return all(query, 'search').flatMap((text, i) =>
    conditionsOf(text).map((condition) => ({
      ...condition,
      withMeant: (by) => withSearch(query, i, condition.replaced(by)),
      alone: (each) => ({ ...frame, search: each }),
    })),
  );
}

/** Returns the question without its filters. */
function frameOf(question: Question): QueryString {
  return Object.fromEntries(Object.entries(question.query).filter(([name]) => !isFilterOf(question, name)));
}

/** @param text  undefined leaves it out */
export function withSearch(query: QueryString, at: number, text: string | undefined): QueryString {
  const { search: _, ...rest } = query;
  const texts = all(query, 'search').flatMap((each, i) => (i !== at ? [each] : text === undefined ? [] : [text]));
  return texts.length === 0 ? rest : { ...rest, search: texts };
}
