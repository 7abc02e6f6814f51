/**
 * Names in a query that are taken for labels or fields, but look like a misspelt parameter, or one of another tool
 * (`fromat=raw`, `tail=20`). Where no line has such a name, the query is a mistake, and is refused: an answer without
 * lines would look like one without errors.
 */
import { ParameterError } from '../../shared/errors.ts';
import { nearest } from '../../shared/nearest.ts';
import { allOf, leafOf, normalised, type Predicate } from '../store/predicate.ts';
import type { LogView } from '../store/log-store.ts';
import type { Query } from '../store/query.ts';
import type { Plan } from '../store/search-plan.ts';
import { FOREIGN_NAMES } from './foreign-names.ts';
import { type AuthorizedQuery, COMMON_NAMES, isFilter, parseFilters, type QueryString } from './parameters.ts';

export interface SuspectName {
  readonly name: string;
  /** What to write instead. */
  readonly advice: string;
}

/** A shorter name is too often like another by chance. */
const NAME_LENGTH_MIN = 4;
/** Parameters that a name may be a misspelling of. */
const SPELLINGS: readonly string[] = [...COMMON_NAMES, 'limit', 'order', 'format', 'follow', 'columns', 'around'];

/**
 * Returns the names in a query that a parameter may have been meant by; without looking at any line.
 * @param ownNames  parameters of the route
 */
export function suspectNames(query: QueryString, ownNames: readonly string[]): readonly SuspectName[] {
  const suspects: SuspectName[] = [];
  for (const name of Object.keys(query)) {
    if (!isFilter(name) || ownNames.includes(name)) continue;
    const foreign = FOREIGN_NAMES.get(plain(name));
    const isLong = name.length >= NAME_LENGTH_MIN;
    const own = isLong && !SPELLINGS.includes(name) ? nearest(name, [...SPELLINGS, ...ownNames]) : undefined;
    const advice = foreign ?? (own === undefined ? undefined : `${own}=…`);
    if (advice !== undefined) suspects.push({ name, advice });
  }
  return suspects;
}

/**
 * Returns which parameter is meant by a name in the search text (`search=previous:true`, `search=tail:20`): it belongs
 * beside the search, not in it.
 */
export function parameterMeant(name: string): string | undefined {
  if (SPELLINGS.includes(name)) return 'it is a parameter, which goes beside search=';
  const advice = FOREIGN_NAMES.get(plain(name));
  return advice === undefined ? undefined : `beside search=, there is ${advice}`;
}

/** A name without hyphens, underscores, dots and capitals. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]/g, '');
}

/** @throws ParameterError  no line that the caller may see has one of the names */
export async function refuseMistakes(
  suspects: readonly SuspectName[],
  { namespaces }: Pick<AuthorizedQuery, 'namespaces'>,
  view: LogView,
  query: Query,
): Promise<void> {
  const visible = parseFilters({ query: {}, namespaces }, 0);
  let mistake: SuspectName | undefined;
  for (const suspect of suspects) {
    if (await isNameOfSome(suspect.name, visible, view, query)) continue;
    mistake = suspect;
    break;
  }
  if (mistake === undefined) return;
  const problem = 'podlog has no such parameter, and no line has such a label or field';
  const example = `field.${mistake.name}=… where a field of this name is meant`;
  throw new ParameterError(mistake.name, problem, mistake.advice, example);
}

/** Ends with the first line that is found, which is mostly among the newest: counting them would visit all row groups. */
export async function isNameOfSome(
  name: string,
  visible: Predicate,
  view: Pick<LogView, 'search'>,
  query: Query,
): Promise<boolean> {
  const where = normalised(allOf([visible.where, leafOf(name, [{ kind: 'exists' }])]));
  const plan: Plan = { ...visible, where, direction: 'backward', limit: 1 };
  for await (const { rowCount } of view.search(plan, { kind: 'rows', fields: [], withoutLines: true }, query))
    if (rowCount > 0) return true;
  return false;
}
