/** Saved views: searches under a name, kept by the server. */
import { useSignal } from '@preact/signals';
import { Icon } from './icon.tsx';
import { lazy } from './lazy.tsx';
import { PanelButton } from './panel-button.tsx';

const SavedViewsPanel = lazy(async () => (await import('./saved-views-panel.tsx')).SavedViewsPanel);

export function SavedViews() {
  const isOpen = useSignal(false);
  return (
    <PanelButton
      isOpen={isOpen}
      isOnPhone={false}
      panel={() => <SavedViewsPanel onDone={() => (isOpen.value = false)} />}
    >
      <Icon name="star" /> Views
    </PanelButton>
  );
}
