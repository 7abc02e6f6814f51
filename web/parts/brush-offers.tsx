/** What can be asked about a part of the histogram that was chosen. */
import { minutesText, rangeText, secondsText } from '../state/clock.ts';
import { type Brushed, compareBrushed, leaveBrushed, newSinceBrushed } from '../state/brushed.ts';
import { Icon } from './icon.tsx';

export function BrushOffers({ brushed }: { readonly brushed: Brushed }) {
  const { part, whole } = brushed;
  const begin = part.fromMs % 60_000 === 0 ? minutesText(part.fromMs) : secondsText(part.fromMs);
  return (
    <div class="brush-offers" role="group" aria-label="The chosen part of the histogram">
      <b class="num">{rangeText(part.fromMs, part.toMs)}</b>
      <button type="button" class="ghost" onClick={() => compareBrushed(brushed)}>
        <Icon name="values" /> What sets these apart
      </button>
      {part.fromMs > whole.fromMs && (
        <button type="button" class="ghost" onClick={() => newSinceBrushed(brushed)}>
          <Icon name="plus" /> New since {begin}
        </button>
      )}
      <button type="button" class="ghost" onClick={() => leaveBrushed(brushed)}>
        <Icon name="close" /> Back to {rangeText(whole.fromMs, whole.toMs)}
      </button>
    </div>
  );
}
