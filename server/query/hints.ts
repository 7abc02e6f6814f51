/**
 * What to ask instead of a question that finds nothing: names that no line in the range has, with the nearest that lines
 * have, and the nearest questions that have an answer, with their numbers of lines.
 */
import { counted } from '../../shared/counted.ts';
import { ParameterError, PodlogError } from '../../shared/errors.ts';
import { nearest } from '../../shared/nearest.ts';
import { HINT_FILTERS_MAX, HINTS_MAX, HINTS_MS_MAX, HINTS_READ_BYTES_MIN, HINTS_READ_FACTOR } from '../limits.ts';
import { parseName } from '../store/asked-name.ts';
import type { LogView } from '../store/log-store.ts';
import { normalised, type Predicate } from '../store/predicate.ts';
import type { Query } from '../store/query.ts';
import { countLines } from './count-lines.ts';
import { all, parseFilter, parseFilters, parseReading, type QueryString } from './parameters.ts';
import { isNameOfSome, parameterMeant } from './mistaken-names.ts';
import type { Hint } from './hint.ts';
import { LOOKS_LIKE_ID, valuesMeant, valuesWidened, WHOLE_ID } from './mistaken-values.ts';
import { searchHints } from './search-hints.ts';
import { isFilterOf, namesInFilters, type Question, withoutEach, type WrittenName } from './question-parts.ts';
import { parametersOf, rangeText, written } from './question-text.ts';
import { ReadBudget } from './read-budget.ts';

/** A name by which a question groups, or that it measures, and for which no line of its answer has a value. */
export interface EmptyName {
  readonly asked: string;
  readonly wants: 'value' | 'number';
}

const WIDER_RANGES = ['24h', '7d', undefined] as const;

/**
 * Answers within HINTS_MS_MAX, if need be with less advice.
 * @param read  by the answer without lines, see readCost
 */
export async function hintsOf(
  question: Question,
  { emptyNames, read }: { readonly emptyNames: readonly EmptyName[]; readonly read: number },
  view: LogView,
  query: Query,
): Promise<readonly Hint[]> {
  const readMax = Math.max(HINTS_READ_BYTES_MIN, HINTS_READ_FACTOR * read);
  return collected(question, view, query, (adviser) => adviser.hints(emptyNames, readMax));
}

/** Returns the same about names alone, those in filters and further ones: which of them no line in the range has. */
export async function nameHintsOf(
  question: Question,
  { names, emptyNames = [] }: { readonly names: readonly WrittenName[]; readonly emptyNames?: readonly EmptyName[] },
  view: LogView,
  query: Query,
): Promise<readonly Hint[]> {
  return collected(question, view, query, (adviser) => adviser.nameHints(emptyNames, names));
}

async function collected(
  question: Question,
  view: LogView,
  query: Query,
  hintsBy: (adviser: Adviser) => AsyncIterable<Hint>,
): Promise<readonly Hint[]> {
  const hints: Hint[] = [];
  const signal = AbortSignal.any([query.signal, AbortSignal.timeout(HINTS_MS_MAX)]);
  try {
    for await (const hint of hintsBy(new Adviser(question, view, { ...query, signal }))) {
      hints.push(hint);
      if (hints.length === HINTS_MAX) break;
    }
  } catch (error) {
    query.signal.throwIfAborted();
    // What is known by now helps, too.
    if (!signal.aborted && !(error instanceof PodlogError)) throw error;
  }
  return hints;
}

class Adviser {
  readonly #question: Question;
  readonly #view: LogView;
  /** That of the part of the advice which is being looked for. */
  #query: Query;
  /** What the caller may see of the range. */
  readonly #visible: Predicate;
  #linesInRange = 0;

  constructor(question: Question, view: LogView, query: Query) {
    this.#question = question;
    this.#view = view;
    this.#query = query;
    this.#visible = this.#parsed(unfiltered(question.query));
  }

  /** @param readMax  how much each part may read, see readCost */
  async *hints(emptyNames: readonly EmptyName[], readMax: number): AsyncGenerator<Hint> {
    const withinBudget = (part: AsyncGenerator<Hint>): AsyncGenerator<Hint> => this.#withinBudget(part, readMax);
    this.#linesInRange = await this.#countOf(this.#visible);
    if (this.#linesInRange === 0) {
      yield { message: `no lines ${rangeText(this.#question.query)}` };
      return yield* withinBudget(this.#widerRanges(0));
    }
    let isNameUnknown = false;
    for await (const hint of this.nameHints(emptyNames, namesInFilters(this.#question))) {
      isNameUnknown = true;
      yield hint;
    }
    // With such a filter, no other makes a difference; lines of other times may have the name.
    if (isNameUnknown) {
      const linesWithin = emptyNames.length === 0 ? 0 : await this.#count(this.#question.query);
      return yield* withinBudget(this.#widerRanges(linesWithin));
    }
    for (const { asked, wants } of emptyNames) {
      if (wants === 'number') yield { message: `no line of this answer has a number in "${asked}"` };
    }
    if (emptyNames.length > 0) return;
    yield* withinBudget(this.#widerRanges(0));
    yield* withinBudget(this.#fewerFilters());
  }

  /** Ends a part of the advice once it has read as much as it may: what it has found by then helps, too. */
  async *#withinBudget(part: AsyncGenerator<Hint>, readMax: number): AsyncGenerator<Hint> {
    const whole = this.#query;
    const budget = new ReadBudget(whole, readMax);
    this.#query = budget.query;
    try {
      yield* part;
    } catch (error) {
      if (!budget.isSpent) throw error;
    } finally {
      this.#query = whole;
    }
  }

  async *nameHints(emptyNames: readonly EmptyName[], names: readonly WrittenName[]): AsyncGenerator<Hint> {
    const unknown = await this.#unknownNames(emptyNames, names);
    if (unknown.length === 0) return;
    // Not before it is known that some name is wrong: the names of all lines take longer than most questions.
    const known = await this.#view.nameRows(this.#visible, this.#query);
    for (const name of unknown) yield await this.#unknownName(name, known);
  }

  async #unknownNames(
    emptyNames: readonly EmptyName[],
    inFilters: readonly WrittenName[],
  ): Promise<readonly WrittenName[]> {
    const inQuestion = [...inFilters, ...emptyNames.map(({ asked }) => ({ asked, name: parseName(asked).name }))];
    const once = inQuestion.filter(({ asked }, i) => inQuestion.findIndex((each) => each.asked === asked) === i);
    const names = once.slice(0, HINT_FILTERS_MAX);
    const unknown: WrittenName[] = [];
    for (const name of names) {
      if (!(await isNameOfSome(name.asked, this.#visible, this.#view, this.#query))) unknown.push(name);
    }
    return unknown;
  }

  async #unknownName(
    { asked, name, position, replaced }: WrittenName,
    known: ReadonlyMap<string, number>,
  ): Promise<Hint> {
    const other = nearest(name, known.keys()) ?? partOf(name, known);
    const place = position === undefined ? `"${asked}"` : `"${asked}" at ${position}`;
    const problem = `no line ${rangeText(this.#question.query)} has ${place}`;
    const parameter = position === undefined ? undefined : parameterMeant(name);
    if (parameter !== undefined) return { message: `${problem}; ${parameter}` };
    if (other === undefined) return { message: problem };
    const message = `${problem}; did you mean ${other}?`;
    const query = replaced?.(other);
    if (query === undefined) return { message };
    return { message, parameters: parametersOf(query), lines: await this.#count(query) };
  }

  /** @param linesWithin  those that the question finds */
  async *#widerRanges(linesWithin: number): AsyncGenerator<Hint> {
    const { since, until, ...rest } = this.#question.query;
    if (since === undefined && until === undefined) return;
    const { from } = this.#visible;
    // Mostly there are none at any time.
    if (linesWithin === 0 && (await this.#countOutside(rest)) === 0) return;
    for (const wider of WIDER_RANGES) {
      const query: QueryString = wider === undefined ? rest : { ...rest, since: wider };
      const begin = this.#parsed(query).from;
      if (begin !== undefined && (from === undefined || begin >= from)) continue;
      const lines = linesWithin + (await this.#countOutside(query));
      if (lines === 0) continue;
      const range = wider === undefined ? 'of all time' : `since=${wider}`;
      yield { message: `${range}: ${counted(lines, 'line')}`, parameters: parametersOf(query), lines };
      return;
    }
  }

  async *#fewerFilters(): AsyncGenerator<Hint> {
    if (this.#question.isErasure !== true) {
      yield* searchHints(this.#question, {
        count: (query) => this.#count(query),
        countIfValid: (query) => this.#countIfValid(query),
        knownValues: (name, rest) => this.#knownValues(name, rest),
      });
    }
    const filters = withoutEach(this.#question).slice(0, HINT_FILTERS_MAX);
    let isNearer = false;
    for (const { filter, parameter, query } of filters) {
      const lines = await this.#count(query);
      if (lines === 0) continue;
      isNearer = true;
      if (parameter !== undefined) yield* this.#nearestValue(parameter, query);
      if (this.#question.isErasure === true) continue;
      yield { message: `without ${filter}: ${counted(lines, 'line')}`, parameters: parametersOf(query), lines };
    }
    if (isNearer) return;
    let isExplained = false;
    for (const { filter, alone } of filters) {
      if ((await this.#count(alone)) > 0) continue;
      isExplained = true;
      yield { message: `no line ${rangeText(this.#question.query)} has ${filter}` };
    }
    if (!isExplained && filters.length > 1)
      yield { message: 'each filter alone finds lines, but no line satisfies all of them' };
  }

  /** @param rest  the question without this parameter */
  async *#nearestValue(parameter: string, rest: QueryString): AsyncGenerator<Hint> {
    const [value, ...others] = all(this.#question.query, parameter);
    if (value === undefined) return;
    if (others.length > 0) return yield* this.#nearestValues(parameter, [value, ...others], rest);
    const where = normalised(parseFilter(parameter, [value], parseReading(this.#question.query)));
    const kind = where.kind === 'value' ? where.tests[0]?.kind : where.kind;
    if (kind !== 'equals' && kind !== 'wildcard' && kind !== 'text') return;
    const found = async (meant: readonly QueryString[]): Promise<Hint | undefined> =>
      this.#question.isErasure === true ? undefined : this.#firstFound(parameter, value, rest, meant);
    const meant = await found(valuesMeant(parameter, value));
    if (meant !== undefined) return yield meant;
    const isWide = kind !== 'wildcard' && !WHOLE_ID.test(value);
    const isNearby = !LOOKS_LIKE_ID.test(value);
    const known = kind === 'equals' && (isWide || isNearby) ? await this.#knownValues(parameter, rest) : undefined;
    const other = known === undefined || !isNearby ? undefined : nearest(value, known.keys());
    if (other !== undefined) {
      return yield otherValue(parameter, value, { [parameter]: other }, rest, known!.get(other)!);
    }
    // Where all values are known, it is, too, that nothing is found.
    if (!isWide || known?.keys().every((each) => !includes(each, value)) === true) return;
    const widened = await found(valuesWidened(parameter, value));
    if (widened !== undefined) yield widened;
  }

  /** Of several values, those that no line has. */
  async *#nearestValues(parameter: string, values: readonly string[], rest: QueryString): AsyncGenerator<Hint> {
    const where = normalised(parseFilter(parameter, values, parseReading(this.#question.query)));
    if (where.kind !== 'value' || !where.tests.every(({ kind }) => kind === 'equals')) return;
    const known = await this.#knownValues(parameter, rest);
    if (known === undefined) return;
    const meant = values.map((value) => (LOOKS_LIKE_ID.test(value) ? value : (nearest(value, known.keys()) ?? value)));
    const instead = { [parameter]: [...new Set(meant)] };
    const lines = await this.#countIfValid({ ...rest, ...instead });
    if (lines === 0) return;
    const message = `no line has ${written(parameter, values)}; did you mean ${written(parameter, instead[parameter])}? ${counted(lines, 'line')}`;
    yield { message, parameters: parametersOf({ ...rest, ...instead }), lines };
  }

  /** Returns the values of a name with the number of lines; undefined where there are too many. */
  async #knownValues(parameter: string, rest: QueryString): Promise<ReadonlyMap<string, number> | undefined> {
    const { facets } = await this.#view.facets(this.#parsed(rest), [parameter], this.#query);
    const [facet] = facets;
    return facet === undefined ? new Map() : facet.values;
  }

  /** The first of these that finds lines, in the place of the value. */
  async #firstFound(
    parameter: string,
    value: string,
    rest: QueryString,
    meant: readonly QueryString[],
  ): Promise<Hint | undefined> {
    for (const instead of meant) {
      const lines = await this.#countIfValid({ ...rest, ...instead });
      if (lines > 0) return otherValue(parameter, value, instead, rest, lines);
    }
    return undefined;
  }

  /** Counts the lines of a suggested question, which may not be valid. */
  async #countIfValid(query: QueryString): Promise<number> {
    try {
      return await this.#count(query);
    } catch (error) {
      if (error instanceof ParameterError) return 0;
      throw error;
    }
  }

  async #count(query: QueryString): Promise<number> {
    const isRange = !Object.keys(query).some((name) => isFilterOf(this.#question, name));
    const { since, until } = this.#question.query;
    if (isRange && query['since'] === since && query['until'] === until) return this.#linesInRange;
    return this.#countOf(this.#parsed(query));
  }

  /** Counts the lines that a question finds before and after the range of this one: those within it were looked at. */
  async #countOutside(query: QueryString): Promise<number> {
    const wide = this.#parsed(query);
    const { from, to } = this.#visible;
    const before = from === undefined ? 0 : await this.#countOf({ ...wide, to: from });
    return before + (to === undefined ? 0 : await this.#countOf({ ...wide, from: to }));
  }

  #countOf(predicate: Predicate): Promise<number> {
    return countLines(predicate, this.#view, this.#query);
  }

  #parsed(query: QueryString): Predicate {
    const { namespaces, nowMs, ownNames } = this.#question;
    return parseFilters({ query, namespaces }, nowMs, ownNames);
  }
}

/** Returns a known name among the parts of one: `path.keyword`, `status[gte]`, `kubernetes.labels.app`. */
function partOf(name: string, known: ReadonlyMap<string, number>): string | undefined {
  const parts = name.split(/[.:[\]]+|__/).filter((part) => known.has(part));
  return parts.at(-1);
}

/** Whether a value has another in it, in any case. */
function includes(value: string, other: string): boolean {
  return value.toLowerCase().includes(other.toLowerCase());
}

/** The question without its filters. */
function unfiltered({ since, until, tz, samples }: QueryString): QueryString {
  return { since, until, tz, samples };
}

function otherValue(parameter: string, value: string, instead: QueryString, rest: QueryString, lines: number): Hint {
  const question = Object.keys(instead)
    .map((name) => written(name, instead[name]))
    .join('&');
  const message = `no line has ${parameter}=${value}; did you mean ${question}? ${counted(lines, 'line')}`;
  return { message, parameters: parametersOf({ ...rest, ...instead }), lines };
}
