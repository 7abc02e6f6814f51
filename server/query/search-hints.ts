/** Advice about search texts: conditions in them that no line satisfies, and what may have been meant. */
import { counted } from '../../shared/counted.ts';
import { nearest } from '../../shared/nearest.ts';
import { HINT_FILTERS_MAX } from '../limits.ts';
import type { Hint } from './hint.ts';
import { LOOKS_LIKE_ID, valuesMeant, valuesWidened, WHOLE_ID } from './mistaken-values.ts';
import { all, type QueryString } from './parameters.ts';
import { type ConditionInQuestion, type Question, searchConditions, withSearch } from './question-parts.ts';
import { parametersOf, rangeText } from './question-text.ts';
import { alternativesMeant, operatorMeant, searchOf } from './search-meant.ts';

/** What is known of the lines of the question's range. */
export interface Counts {
  readonly count: (query: QueryString) => Promise<number>;
  /** For a suggested question, which may not be valid. */
  readonly countIfValid: (query: QueryString) => Promise<number>;
  /** The values of a name with their numbers of lines; undefined where there are too many. */
  readonly knownValues: (name: string, query: QueryString) => Promise<ReadonlyMap<string, number> | undefined>;
}

/** Conditions of search texts, wherever they are in them, that no line of the range satisfies. */
export async function* searchHints(question: Question, store: Counts): AsyncGenerator<Hint> {
  for (const [i, text] of all(question.query, 'search').entries()) {
    const operator = operatorMeant(text);
    if (operator === undefined) continue;
    const query = withSearch(question.query, i, operator.text);
    const lines = await store.countIfValid(query);
    const message = `the word at ${operator.position} is a text; did you mean ${operator.text}?`;
    if (lines > 0)
      return yield { message: `${message} ${counted(lines, 'line')}`, parameters: parametersOf(query), lines };
  }
  for (const [i, text] of all(question.query, 'search').entries()) {
    const meant = alternativesMeant(text);
    if (meant === undefined) continue;
    const query = withSearch(question.query, i, meant.text);
    const lines = await store.count(query);
    const message = `no line has all of these values of ${meant.name}; did you mean ${meant.text}? ${counted(lines, 'line')}`;
    if (lines > 0) yield { message, parameters: parametersOf(query), lines };
  }
  for (const condition of searchConditions(question).slice(0, HINT_FILTERS_MAX)) {
    if ((await store.count(condition.alone(condition.text))) > 0) continue;
    const meant = await conditionMeant(condition, store);
    if (meant === undefined) continue;
    const query = condition.withMeant(meant);
    const lines = await store.count(query);
    const problem = `no line ${rangeText(question.query)} has ${condition.text} at ${condition.position}`;
    const message = `${problem}; did you mean ${meant}? ${counted(lines, 'line')}`;
    yield { message, parameters: parametersOf(query), lines };
  }
}

/** Returns what finds lines in the place of a condition that finds none. */
async function conditionMeant(condition: ConditionInQuestion, store: Counts): Promise<string | undefined> {
  const { name, value, isWild, alone } = condition;
  const firstOf = async (meant: readonly QueryString[]): Promise<string | undefined> => {
    for (const each of meant) {
      const text = searchOf(each);
      if ((await store.countIfValid(alone(text))) > 0) return text;
    }
    return undefined;
  };
  const meant = await firstOf([...valuesMeant(name, value), ...(name === 'q' ? conditionIn(value) : [])]);
  if (meant !== undefined || isWild) return meant;
  if (name !== 'q' && !LOOKS_LIKE_ID.test(value)) {
    const { search: _, ...range } = alone('');
    const other = nearest(value, (await store.knownValues(name, range))?.keys() ?? []);
    if (other !== undefined) return searchOf({ [name]: other });
  }
  return WHOLE_ID.test(value) ? undefined : firstOf(valuesWidened(name, value));
}

/** Returns the condition in a word of another language: `--namespace=shop`, `.status==502`, `[status]=502`, `level：error`. */
function conditionIn(word: string): QueryString[] {
  const [, name, value] = /^[^\p{L}]*([\p{L}_][\p{L}\p{N}_.@-]*)\]?(?:={1,3}|[:：])(.+)$/u.exec(word) ?? [];
  return name === undefined || value === undefined ? [] : [{ [name]: value }];
}
