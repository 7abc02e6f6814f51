/**
 * Keys of the whole page, unless a field has the focus. Those of a list of lines are with it; the sheet of the keys has all.
 */
import { nextTimeForm } from '../state/clock.ts';
import { closeContext, contextLine } from '../state/context.ts';
import { copyLink } from '../state/link.ts';
import { ask, go, question, toggleZone, view } from '../state/navigation.ts';
import { isDownloadOpen, isFacetsOpen, isKeysOpen, isPaletteOpen, isTimeOpen, typedAhead } from '../state/panels.ts';
import { shiftRange } from '../state/range-steps.ts';
import { stopSearch } from '../state/search.ts';
import { isWrapped } from '../state/selected.ts';

const RANGES = ['5m', '15m', '1h', '6h', '24h', '7d'] as const;

export function isTyping({ target }: Event): boolean {
  if (target instanceof HTMLInputElement) return !/^(?:checkbox|radio|range)$/.test(target.type);
  return target instanceof HTMLTextAreaElement;
}

export function onPageKey(event: KeyboardEvent): void {
  if (event.defaultPrevented) return;
  if (event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
    isPaletteOpen.value = true;
    typedAhead.value = '';
    event.preventDefault();
    return;
  }
  if (isPaletteOpen.value && !isTyping(event)) {
    if (event.key.length === 1) typedAhead.value += event.key;
    return event.preventDefault();
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
  if (act(event.key)) event.preventDefault();
}

function act(key: string): boolean {
  const range = RANGES[Number(key) - 1];
  if (range !== undefined) ask({ since: range, until: '' });
  else if (key === '/') document.getElementById('search')?.focus();
  else if (key === 'w') isWrapped.value = !isWrapped.value;
  else if (key === 'z') toggleZone();
  else if (key === 't') nextTimeForm();
  else if (key === 'd') isTimeOpen.value = true;
  else if (key === '[') shiftRange(-1);
  else if (key === ']') shiftRange(1);
  else if (key === 'y') void copyLink(false);
  else if (key === 'Y') void copyLink(true);
  else if (key === 'x') isDownloadOpen.value = true;
  else if (key === 'o') ask({ order: question.value.order === 'newest' ? 'oldest' : 'newest' });
  else if (key === 'f') go({ kind: view.value.kind === 'live' ? 'explore' : 'live' });
  else if (key === '?') isKeysOpen.value = true;
  else if (key === 'Escape') escape();
  else return false;
  return true;
}

function escape(): void {
  const open = [isKeysOpen, isTimeOpen, isDownloadOpen, isFacetsOpen].find(({ value }) => value);
  if (open !== undefined) open.value = false;
  else if (contextLine.value !== '') closeContext();
  else if (view.value.kind === 'request' || view.value.kind === 'user') history.back();
  else stopSearch();
}
