/** All keys. */
import { useEffect, useRef } from 'preact/hooks';
import { isKeysOpen } from '../state/panels.ts';
import { Icon } from './icon.tsx';

const GROUPS: readonly (readonly [title: string, keys: readonly (readonly [keys: string, meaning: string])[]])[] = [
  [
    'Lines',
    [
      ['j  k', 'Next, previous line'],
      ['g  G', 'First, last line'],
      ['n  N', 'Next, previous match'],
      ['e  E', 'Next, previous error'],
      ['Enter', 'Details of the line'],
      ['c', 'Context of the line'],
      ['r', 'Request of the line'],
      ['p', 'Previous run of its container'],
      ['a', 'A minute before and after it'],
      ['m', 'Mark the line'],
    ],
  ],
  [
    'Search and range',
    [
      ['/', 'Search'],
      ['f', 'Follow: live tail'],
      ['1 – 6', '5 m, 15 m, 1 h, 6 h, 24 h, 7 d'],
      ['[  ]', 'Earlier, later'],
      ['d', 'Choose a range'],
      ['o', 'Newest or oldest first'],
    ],
  ],
  [
    'Page',
    [
      ['Ctrl K', 'Go to a view, app, pod, request'],
      ['w', 'Wrap lines'],
      ['t', 'Time as clock, date, age, gap'],
      ['z', 'Local time or UTC'],
      ['y  Y', 'Copy link; one that goes with time'],
      ['x', 'Download'],
      ['?', 'All keys'],
      ['Esc', 'Closes, stops, goes back'],
    ],
  ],
];

export function KeysSheet() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
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
      <div class="keys-groups">
        {GROUPS.map(([title, keys]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map(([names, meaning]) => (
                <div key={names}>
                  <dt>
                    {names.split(/\s{2}/).map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p class="dim">
        A click on a value includes it, an Alt-click excludes it, a Ctrl-click opens it in another tab. Drag over the
        histogram to zoom; a double click goes back.
      </p>
    </dialog>
  );
}
