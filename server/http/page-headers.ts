/**
 * Headers that say whether an answer is cut, and where the next page is. Its URL has all parameters of this one; times that
 * count from now are written out, so that no line leaves the range between two pages.
 */
import { formatInstant } from '../../shared/time.ts';
import { cursorWriter } from '../store/cursor.ts';
import type { TimeRange } from '../store/predicate.ts';
import type { AnswerPage } from '../store/query.ts';

/** @param cursorKey  of the store */
export function pageHeaders(
  url: string,
  range: TimeRange,
  { hasMore, last }: AnswerPage,
  cursorKey: Uint8Array,
): Record<string, string> {
  if (!hasMore || last === undefined) return { 'podlog-more': 'false' };
  return { 'podlog-more': 'true', link: `<${urlWithCursor(url, range, cursorWriter(cursorKey)(last))}>; rel="next"` };
}

function urlWithCursor(url: string, { from, to }: TimeRange, cursor: string): string {
  const [path, search = ''] = url.split('?', 2) as [string, string?];
  const own = new Map([
    ['since', from === undefined ? undefined : `since=${formatInstant(from)}`],
    ['until', to === undefined ? undefined : `until=${formatInstant(to)}`],
    ['cursor', ''],
  ]);
  const parameters = search.split('&').map((each) => own.get(nameOf(each)) ?? each);
  return `${path}?${[...parameters, `cursor=${cursor}`].filter((each) => each !== '').join('&')}`;
}

function nameOf(parameter: string): string {
  const name = parameter.split('=', 1)[0]!;
  return /^(?:since|until|cursor)$/.test(name) ? name : decoded(name);
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
