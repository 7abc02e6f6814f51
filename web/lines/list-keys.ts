/** Keys that go through a list of lines. */
import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';
import type { LogRow } from '../../shared/client/answers.ts';
import { idAddress } from '../state/id-address.ts';
import { rowView } from '../state/row-view.ts';
import type { List } from './virtual.ts';
import { viewOf } from '../state/address.ts';
import { showContextOf } from '../state/context.ts';
import { go, question } from '../state/navigation.ts';
import { isPaletteOpen } from '../state/panels.ts';
import { showPreviousRun } from '../state/previous-run.ts';
import { aroundLine } from '../state/range-steps.ts';
import { chosenRow, requestIdOf, toggleMark, toggleOpen } from '../state/selected.ts';
import { isTyping } from '../parts/keys.ts';

/** On each side of a line. */
const AROUND_MS = 60_000;

/** @param words  of the search, in lower case: what `n` finds */
export function useListKeys(
  rows: () => readonly LogRow[],
  list: RefObject<List | undefined>,
  scroller: RefObject<HTMLDivElement | null>,
  words: readonly string[] = [],
): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (isPaletteOpen.value || isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (act(event, rows(), list.current, scroller.current, words)) event.preventDefault();
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  });
}

function act(
  { key, target }: KeyboardEvent,
  rows: readonly LogRow[],
  list: List | undefined,
  scroller: HTMLElement | null,
  words: readonly string[],
): boolean {
  if (rows.length === 0) return false;
  const isInList = target === document.body || target === scroller;
  const chosen = chosenRow.peek();
  const at = chosen === undefined ? -1 : rows.indexOf(chosen);
  const choose = (index: number): boolean => {
    const row = rows[index];
    if (row === undefined) return false;
    chosenRow.value = row;
    const place = list?.options.count === rows.length ? index : placeOf(list, rows, index);
    list?.scrollToIndex(place, { align: 'auto' });
    return true;
  };
  const find = (step: 1 | -1, isWanted: (row: LogRow) => boolean): boolean => {
    for (let i = at + step; i >= 0 && i < rows.length; i += step) if (isWanted(rows[i]!)) return choose(i);
    return false;
  };
  switch (key) {
    case 'j':
      return choose(Math.min(rows.length - 1, at + 1));
    case 'k':
      return choose(Math.max(0, at - 1));
    case 'ArrowDown':
      return isInList && choose(Math.min(rows.length - 1, at + 1));
    case 'ArrowUp':
      return isInList && choose(Math.max(0, at - 1));
    case 'g':
      return choose(0);
    case 'G':
      return choose(rows.length - 1);
    case 'Enter':
      if (!isInList || chosen === undefined) return false;
      toggleOpen(chosen);
      return true;
    case 'e':
      return find(1, isError);
    case 'E':
      return find(-1, isError);
    case 'n':
      return find(1, matcher(words));
    case 'N':
      return find(-1, matcher(words));
    case 'c':
      if (chosen === undefined) return false;
      void showContextOf(chosen);
      return true;
    case 'm':
      if (chosen === undefined) return false;
      toggleMark(chosen);
      return true;
    case 'a':
      if (chosen === undefined) return false;
      aroundLine(chosen, AROUND_MS);
      return true;
    case 'p':
      if (chosen === undefined) return false;
      void showPreviousRun(chosen);
      return true;
    case 'r': {
      const id = chosen === undefined ? undefined : requestIdOf(chosen);
      if (id === undefined) return false;
      const { pathname } = new URL(idAddress('request_id', id, question.peek()), location.origin);
      go(viewOf(pathname));
      return true;
    }
    default:
      return false;
  }
}

/** Separators of days make places differ from numbers of lines: by as many days as came before. */
function placeOf(list: List | undefined, rows: readonly LogRow[], index: number): number {
  const count = list?.options.count ?? rows.length;
  return Math.min(count - 1, index + Math.round(((count - rows.length) * index) / rows.length));
}

function isError({ level }: LogRow): boolean {
  return level === 'error' || level === 'fatal';
}

function matcher(words: readonly string[]): (row: LogRow) => boolean {
  if (words.length === 0) return () => true;
  return (row) => {
    const text = rowView(row)
      .segments.map((segment) => segment.text.toLowerCase())
      .join(' ');
    return words.some((word) => text.includes(word));
  };
}
