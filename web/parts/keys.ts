/** Keys of the whole page, while nobody types. */
import { nextTimeForm } from '../state/clock.ts';
import { closeContext, contextLine } from '../state/context.ts';
import { ask, go, question, toggleZone, view } from '../state/navigation.ts';
import { isFacetsOpen, isKeysOpen, isTimeOpen } from '../state/panels.ts';
import { stopSearch } from '../state/search.ts';
import { isWrapped } from '../state/selected.ts';

export const KEYS: readonly (readonly [keys: string, meaning: string])[] = [
  ['/', 'Search'],
  ['j  k', 'Next, previous line'],
  ['Enter', 'Details of the line'],
  ['g  G', 'First, last line'],
  ['n  N', 'Next, previous match'],
  ['e  E', 'Next, previous error'],
  ['c', 'Context of the line'],
  ['r', 'Request of the line'],
  ['f', 'Follow: live tail'],
  ['w', 'Wrap lines'],
  ['o', 'Order: newest or oldest first'],
  ['z', 'Local time or UTC'],
  ['d', 'Range'],
  ['1 – 6', '5 m, 15 m, 1 h, 6 h, 24 h, 7 d'],
  ['?', 'All keys'],
  ['Esc', 'Closes, stops, goes back'],
];

const RANGES = ['5m', '15m', '1h', '6h', '24h', '7d'];

export function isTyping({ target }: Event): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

export function onPageKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
  if (act(event.key)) event.preventDefault();
}

function act(key: string): boolean {
  const range = /^[1-6]$/.test(key) ? RANGES[Number(key) - 1] : undefined;
  if (range !== undefined) ask({ since: range, until: '' });
  else if (key === '/') document.getElementById('search')?.focus();
  else if (key === 'w') isWrapped.value = !isWrapped.value;
  else if (key === 'z') toggleZone();
  else if (key === 't') nextTimeForm();
  else if (key === 'd') isTimeOpen.value = true;
  else if (key === 'o') ask({ order: question.value.order === 'newest' ? 'oldest' : 'newest' });
  else if (key === 'f') go({ kind: view.value.kind === 'live' ? 'explore' : 'live' });
  else if (key === '?') isKeysOpen.value = true;
  else if (key === 'Escape') escape();
  else return false;
  return true;
}

function escape(): void {
  if (isKeysOpen.value) isKeysOpen.value = false;
  else if (isTimeOpen.value) isTimeOpen.value = false;
  else if (isFacetsOpen.value) isFacetsOpen.value = false;
  else if (contextLine.value !== '') closeContext();
  else if (view.value.kind === 'request' || view.value.kind === 'user') history.back();
  else stopSearch();
}
