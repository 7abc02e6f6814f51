/** The view and the question that are shown, which the address has. */
import { signal } from '@preact/signals';
import { addressOf, type Question, questionOf, type View, viewOf } from './address.ts';

export const view = signal<View>(viewOf(location.pathname));
export const question = signal<Question>(questionOf(location.search));
/** Counts how often a search was run, also without a change. */
export const runCount = signal(0);

addEventListener('popstate', () => {
  view.value = viewOf(location.pathname);
  question.value = questionOf(location.search);
  runCount.value++;
});

/** Views that have the search text and the range themselves; a question asked elsewhere leads to Explore. */
const ASKING: readonly View['kind'][] = ['explore', 'live', 'endpoints', 'cluster'];

/** Asks another question, as a step that Back undoes. */
export function ask(changes: Partial<Question>): void {
  go(ASKING.includes(view.value.kind) ? view.value : { kind: 'explore' }, changes);
}

export function go(to: View, changes: Partial<Question> = {}): void {
  const own = to.kind === view.value.kind ? question.value.own : {};
  const next = { ...question.value, line: '', own, ...changes };
  history.pushState(null, '', addressOf(to, next));
  view.value = to;
  question.value = next;
  runCount.value++;
}

/** Follows a link inside of the page, unless it is to be opened elsewhere. */
export function onLinkClick(event: MouseEvent): void {
  const link = (event.target as Element).closest<HTMLAnchorElement>('a[data-view]');
  if (link === null || event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  const { pathname, search } = new URL(link.href);
  go(viewOf(pathname), questionOf(search));
}
