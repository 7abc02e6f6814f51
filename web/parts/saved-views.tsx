/** Saved views: searches under a name, kept by the server. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { useDismissed } from './dismissed.ts';
import { Icon } from './icon.tsx';
import { lazy } from './lazy.tsx';

const SavedViewsPanel = lazy(async () => (await import('./saved-views-panel.tsx')).SavedViewsPanel);

export function SavedViews() {
  const isOpen = useSignal(false);
  const box = useRef<HTMLDivElement>(null);
  useDismissed(isOpen, box);
  return (
    <div class="saved-views not-phone" ref={box}>
      <button
        type="button"
        class="button"
        aria-haspopup="dialog"
        aria-expanded={isOpen.value}
        onClick={() => (isOpen.value = !isOpen.value)}
      >
        <Icon name="star" /> Views
      </button>
      {isOpen.value && <SavedViewsPanel onDone={() => (isOpen.value = false)} />}
    </div>
  );
}
