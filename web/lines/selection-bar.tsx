/** What can be done with a text that was selected in the lines. */
import { quotedText } from '../search/literal.ts';
import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';
import { copy } from '../state/said.ts';
import { append } from '../search/edit.ts';
import { ask, question } from '../state/navigation.ts';

interface Selected {
  readonly text: string;
  readonly left: number;
  readonly top: number;
}

const BAR_WIDTH = 320;
const BAR_HEIGHT = 40;

export function SelectionBar({ scroller }: { readonly scroller: RefObject<HTMLElement | null> }) {
  const selected = useSignal<Selected | undefined>(undefined);
  useEffect(() => {
    const onUp = (): void => {
      selected.value = selectedIn(scroller.current);
    };
    const onChange = (): void => {
      if (getSelection()?.isCollapsed !== false) selected.value = undefined;
    };
    addEventListener('pointerup', onUp);
    document.addEventListener('selectionchange', onChange);
    return () => {
      removeEventListener('pointerup', onUp);
      document.removeEventListener('selectionchange', onChange);
    };
  }, []);
  const { value } = selected;
  if (value === undefined) return null;
  const literal = quotedText(value.text);
  const go = (q: string): void => {
    getSelection()?.removeAllRanges();
    ask({ q });
  };
  const { q } = question.value;
  return (
    <div
      class="panel selection-bar"
      role="toolbar"
      aria-label="Selected text"
      style={{ left: `${value.left}px`, top: `${value.top}px` }}
      // The selection stays while a button is pressed.
      onPointerDown={(event) => event.preventDefault()}
      onPointerUp={(event) => event.stopPropagation()}
    >
      <button type="button" class="ghost" onClick={() => go(append(q, literal))}>
        Only these
      </button>
      <button type="button" class="ghost" onClick={() => go(append(q, `-${literal}`))}>
        Hide these
      </button>
      <button type="button" class="ghost" onClick={() => void copy(value.text, 'Copied')}>
        Copy
      </button>
      <button type="button" class="ghost" onClick={() => go(literal)}>
        Search for
      </button>
    </div>
  );
}

/** A text on one line: of several lines, none is a part of any. */
function selectedIn(list: HTMLElement | null): Selected | undefined {
  const selection = getSelection();
  if (selection === null || selection.isCollapsed || list?.contains(selection.anchorNode) !== true) return undefined;
  const text = selection.toString().trim();
  if (text === '' || text.includes('\n')) return undefined;
  const { left, top, bottom } = selection.getRangeAt(0).getBoundingClientRect();
  return {
    text,
    left: Math.max(8, Math.min(left, innerWidth - BAR_WIDTH - 8)),
    top: top > BAR_HEIGHT + 8 ? top - BAR_HEIGHT : bottom + 8,
  };
}
