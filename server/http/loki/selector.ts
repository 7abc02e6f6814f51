/** Stream selectors of requests about streams. */
import type { Matcher } from '../../query/logql/syntax/ast.ts';
import { parseQuery } from '../../query/logql/syntax/parser.ts';
import { LokiRequestError } from './form.ts';

/** Returns the selector of a query of any lines. @throws LogqlError, LokiRequestError */
export function parseSelectorOf(text: string): readonly Matcher[] {
  const query = parseQuery(text);
  if (query.kind !== 'log') throw new LokiRequestError('only log selector is supported');
  return query.matchers;
}

const EVERYTHING = /^\s*\{\s*\}\s*$/;

/** The same for requests in which `{}` selects all streams, unlike in queries. @throws LogqlError, LokiRequestError */
export function parseSelectorOrAll(text: string): readonly Matcher[] {
  return EVERYTHING.test(text) ? [] : parseSelector(text);
}

/** Anything more than a selector is refused. @throws LogqlError, LokiRequestError */
export function parseSelector(text: string): readonly Matcher[] {
  const query = parseQuery(text);
  if (query.kind !== 'log' || query.stages.length > 0) throw new LokiRequestError('only label matchers are supported');
  return query.matchers;
}
