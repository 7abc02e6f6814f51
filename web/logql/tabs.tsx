/** How an answer is shown. */
import type { Tab } from '../state/address.ts';
import { question, show } from '../state/navigation.ts';

export function Tabs({ names }: { readonly names: Readonly<Partial<Record<Tab, string>>> }) {
  const { tab } = question.value;
  const all = Object.entries(names) as [Tab, string][];
  const shown = all.some(([each]) => each === tab) ? tab : 'lines';
  return (
    <span class="segmented" role="group" aria-label="Shown as">
      {all.map(([each, name]) => (
        <button
          key={each}
          type="button"
          aria-pressed={shown === each}
          onClick={() => shown !== each && show({ tab: each })}
        >
          {name}
        </button>
      ))}
    </span>
  );
}
