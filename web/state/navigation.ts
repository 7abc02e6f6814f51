/** The view and the question that are shown, which the address has. */
import { parseDurationMs } from '../../shared/duration.ts';
import { batch, signal } from '@preact/signals';
import { addressOf, type Question, questionOf, type View, viewOf } from './address.ts';
import { chooseUtc, isUtc } from './clock.ts';

export const view = signal<View>(viewOf(location.pathname));
export const question = signal<Question>(questionOf(location.search));
/** Counts how often a search was run, also without a change. */
export const runCount = signal(0);

addEventListener('popstate', () => {
  const to = viewOf(location.pathname);
  const next = questionOf(location.search);
  const isSame = addressOf(to, next) === addressOf(view.peek(), { ...question.peek(), ...shownAs(next) });
  batch(() => {
    question.value = next;
    // The same lines, shown in another way, are not asked for again.
    if (isSame) return;
    view.value = to;
    runCount.value++;
  });
});

/** Views that have the search text and the range themselves; a question asked elsewhere leads to Explore. */
const ASKING: readonly View['kind'][] = ['explore', 'live', 'user', 'endpoints', 'cluster'];

/** What a question says about how its lines are shown, not which. */
function shownAs({ tab, columns, line, context }: Question): Partial<Question> {
  return { tab, columns, line, context };
}

/** Asks another question, as a step that Back undoes. */
export function ask(changes: Partial<Question>): void {
  go(ASKING.includes(view.value.kind) ? view.value : { kind: 'explore' }, changes);
}

export function go(to: View, changes: Partial<Question> = {}): void {
  const own = to.kind === view.value.kind ? question.value.own : {};
  const next = { ...question.value, line: '', context: '' as const, own, ...changes };
  batch(() => {
    enter(to, next);
    runCount.value++;
  });
}

/** Shows the same lines in another way, as a step that Back undoes. */
export function show(changes: Partial<Question>): void {
  enter(view.peek(), { ...question.peek(), ...changes });
}

function enter(to: View, next: Question): void {
  const address = zoned(addressOf(to, next));
  if (address !== location.pathname + location.search) history.pushState({ isStep: true }, '', address);
  view.value = to;
  question.value = next;
}

/** Changes the address without a step: what Back would undo is not worth one. */
export function note(changes: Partial<Question>): void {
  const next = { ...question.peek(), ...changes };
  history.replaceState(history.state, '', zoned(addressOf(view.peek(), next)));
  question.value = next;
}

/** The address with the zone that is shown, where it is not the reader's own. */
export function zoned(address: string): string {
  return isUtc.peek() ? `${address}${address.includes('?') ? '&' : '?'}tz=UTC` : address;
}

/** Shows times in the reader's zone or in UTC. Words such as `yesterday` then mean another range. */
export function toggleZone(): void {
  chooseUtc(!isUtc.peek());
  note({});
  const { since, until } = question.peek();
  if ([since, until].some(dependsOnZone)) runCount.value++;
}

function dependsOnZone(time: string): boolean {
  return time !== '' && parseDurationMs(time) === undefined && !/(?:Z|[+-]\d\d:?\d\d|^now|^\d+)$/i.test(time);
}

/** Undoes the last step, or what a link has led to. */
export function undo(changes: Partial<Question>): void {
  const { isStep = false } = (history.state ?? {}) as { readonly isStep?: boolean };
  if (isStep) history.back();
  else note(changes);
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
