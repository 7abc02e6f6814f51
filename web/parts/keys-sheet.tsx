/** All keys. */
import { useEffect, useRef } from 'preact/hooks';
import { isKeysOpen } from '../state/panels.ts';
import { KEYS } from './keys.ts';
import { Icon } from './icon.tsx';

export function KeysSheet() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isKeysOpen.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isKeysOpen.value]);
  return (
    <dialog
      ref={dialog}
      class="panel keys-sheet"
      aria-label="All keys"
      onClose={() => (isKeysOpen.value = false)}
      onClick={(event) => event.target === dialog.current && (isKeysOpen.value = false)}
    >
      <div class="keys-head">
        <h2>Keys</h2>
        <button type="button" class="icon-button" aria-label="Close" onClick={() => (isKeysOpen.value = false)}>
          <Icon name="close" />
        </button>
      </div>
      <dl>
        {KEYS.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>
              {keys.split(/\s{2}/).map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <p class="dim">A click on a value includes it, an Alt-click excludes it. Drag over the histogram to zoom.</p>
    </dialog>
  );
}
