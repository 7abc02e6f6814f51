/** `GET /compare`: what sets some lines apart from others, which are a second search, or all the rest. */
import type { FastifyInstance } from 'fastify';
import { ParameterError } from '../../shared/errors.ts';
import { COMPARE_LIMIT_DEFAULT, COMPARE_LIMIT_MAX } from '../limits.ts';
import { compare, type CompareQuery, type Difference } from '../query/compare.ts';
import type { QueryEngine } from '../query/engine.ts';
import { type EmptyName, nameHintsOf } from '../query/hints.ts';
import { all, type AuthorizedQuery, parseCount, parseFilters, type QueryString } from '../query/parameters.ts';
import { namesInFilters } from '../query/question-parts.ts';
import { shareOf } from '../query/rounding.ts';
import { parseName } from '../store/asked-name.ts';
import { edgesOf } from '../store/log-buckets.ts';
import { isEverything, type Predicate } from '../store/predicate.ts';
import { hinted, understood, wantsHints } from './advice.ts';

export interface CompareOptions {
  readonly engine: QueryEngine;
  readonly now: () => number;
}

/** In front of a parameter, this makes it one of the other search. */
const THAN = 'than.';
const OWN_NAMES = ['name', 'limit'];
const RANGE_NAMES = ['since', 'until'];

export function registerCompare(app: FastifyInstance, { engine, now }: CompareOptions): void {
  app.get<{ Querystring: QueryString }>('/compare', async (request, reply) => {
    const nowMs = now();
    const { query: parameters, namespaces } = request;
    const limit = parseCount(parameters, 'limit', 1, COMPARE_LIMIT_MAX, COMPARE_LIMIT_DEFAULT);
    const names = all(parameters, 'name');
    const { these, those, thoseQuery } = parseSides({ query: parameters, namespaces }, nowMs);
    const asked = { these, those, names: names.length === 0 ? undefined : names, limit };
    const ownNames = [...OWN_NAMES, ...Object.keys(parameters).filter((name) => name.startsWith(THAN))];
    const { asker, withHints } = await understood(engine, request, reply, { ownNames, nowMs });
    const { answer } = await engine.run(asker, (view, query) => compare(asked, view, query));
    const { theseRows, thoseRows, differences } = answer;
    const found = {
      rows: theseRows,
      than: { rows: thoseRows },
      differences: differences.map((each) => written(each, theseRows, thoseRows)),
      distinct: answer.differenceCount,
      left_out: { conditions: answer.conditions, ids: answer.ids },
    };
    if (theseRows === 0 || thoseRows > 0 || asked.those.kind === 'rest') {
      const missing = answer.missing.map((name): EmptyName => ({ asked: name, wants: 'value' }));
      return withHints(found, theseRows === 0, missing);
    }
    if (!wantsHints(parameters)) return found;
    const other = { query: thoseQuery, namespaces, ownNames: OWN_NAMES, nowMs };
    const { answer: wrong } = await engine.run(asker, (view, query) =>
      nameHintsOf(other, { names: namesInFilters(other) }, view, query),
    );
    const message = 'the other search, that of than., finds no lines: there is nothing to compare with';
    return hinted(reply, found, [{ message }, ...wrong.map((hint) => ({ message: `${THAN}: ${hint.message}` }))]);
  });
}

/** @throws ParameterError */
function parseSides(
  authorized: AuthorizedQuery,
  nowMs: number,
): Pick<CompareQuery, 'these' | 'those'> & { readonly thoseQuery: QueryString } {
  const { query } = authorized;
  const entries = Object.entries(query);
  const own = Object.fromEntries(entries.filter(([name]) => !name.startsWith(THAN)));
  const than = Object.fromEntries(
    entries.flatMap(([name, value]) => (name.startsWith(THAN) ? [[name.slice(THAN.length), value] as const] : [])),
  );
  for (const name of OWN_NAMES) {
    if (than[name] === undefined) continue;
    throw new ParameterError(THAN + name, 'it is a parameter of both sides', name, `${name}=${String(than[name])}`);
  }
  const misread = Object.keys(than).find((name) => name === '' || name.startsWith(THAN));
  if (misread !== undefined) {
    const allowed = `${THAN} and one parameter; ${THAN}field.${THAN}x for a field ${THAN}x`;
    throw new ParameterError(THAN + misread, 'it is not a parameter of the other search', allowed, 'than.level=info');
  }
  const parse = (parameters: QueryString): Predicate =>
    parseFilters({ ...authorized, query: parameters }, nowMs, OWN_NAMES);
  const these = parse(own);
  if (Object.keys(than).length > 0) {
    const thoseQuery = otherQuery(own, than);
    return { these, those: { kind: 'search', predicate: otherSide(these, than, parse(thoseQuery)) }, thoseQuery };
  }
  const filters = Object.fromEntries(Object.entries(own).filter(([name]) => !RANGE_NAMES.includes(name)));
  const others = Object.fromEntries(
    Object.entries(own).filter(([name]) => RANGE_NAMES.includes(name) || OWN_NAMES.includes(name)),
  );
  // Without the range, and without what the caller may see.
  const condition = parseFilters({ query: filters, namespaces: 'all' }, nowMs, OWN_NAMES).where;
  if (isEverything(condition)) {
    const allowed =
      'a filter, whose lines are compared with the rest; or parameters of another search, each with than. in front';
    throw new ParameterError(
      'than',
      'there is nothing to compare with',
      allowed,
      'level=error, or since=1h&than.since=2h',
    );
  }
  return { these, those: { kind: 'rest', of: parse(others) }, thoseQuery: others };
}

/** The other search is the same with its own parameters in the place of those of the same names. */
function otherQuery(own: QueryString, than: QueryString): QueryString {
  const isOtherRange = RANGE_NAMES.some((name) => than[name] !== undefined);
  const replaced = new Set([...Object.keys(than).map(comparedName), ...(isOtherRange ? RANGE_NAMES : [])]);
  const kept = Object.entries(own).filter(([name]) => !replaced.has(comparedName(name)));
  return { ...Object.fromEntries(kept), ...than };
}

/** Where it has only the beginning of its range, it ends where the range of these lines begins, if that is later. */
function otherSide(these: Predicate, than: QueryString, those: Predicate): Predicate {
  if (than['since'] === undefined || than['until'] !== undefined) return those;
  const isBefore = these.from !== undefined && those.from !== undefined && those.from < these.from;
  return isBefore ? { ...those, to: these.from } : those;
}

/** `status>=500` is a parameter of the name `status>`, or all of it is the name. */
function comparedName(parameter: string): string {
  return parameter.replace(/(?<=.)[<>!].*$/s, '');
}

function written(difference: Difference, theseRows: number, thoseRows: number): object {
  const { kind, name, value } = difference;
  return {
    kind,
    name,
    value: parseName(name).isBucket ? (edgesOf(value) ?? null) : value,
    rows: difference.theseRows,
    share: shareOf(difference.theseRows, theseRows),
    than: { rows: difference.thoseRows, share: shareOf(difference.thoseRows, thoseRows) },
    significance: Math.round(difference.significance),
  };
}
