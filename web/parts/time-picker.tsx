/** The range that is shown, and the panel that chooses another. */
import { useRef } from 'preact/hooks';
import { rangeText } from '../state/clock.ts';
import { question } from '../state/navigation.ts';
import { isTimeOpen } from '../state/panels.ts';
import { shownSpan } from '../state/range-steps.ts';
import { rangeName } from '../state/time-range.ts';
import { useDismissed } from './dismissed.ts';
import { Icon } from './icon.tsx';
import { lazy } from './lazy.tsx';

const TimePanel = lazy(async () => (await import('./time-panel.tsx')).TimePanel);

export function TimePicker() {
  const box = useRef<HTMLDivElement>(null);
  const { since, until } = question.value;
  const name = rangeName(since, until);
  useDismissed(isTimeOpen, box);
  return (
    <div class="time-picker" ref={box}>
      <button
        type="button"
        class="button"
        aria-haspopup="dialog"
        aria-expanded={isTimeOpen.value}
        onClick={() => (isTimeOpen.value = !isTimeOpen.value)}
      >
        <Icon name="clock" /> {name ?? 'Range'} <span class="dim not-phone">{shownRange()}</span>
        <span class="not-phone">
          <Icon name="down" />
        </span>
      </button>
      {isTimeOpen.value && <TimePanel />}
    </div>
  );
}

/** The range in times, which only the server knows of `yesterday`. */
function shownRange(): string {
  const span = shownSpan();
  return span === undefined ? '' : rangeText(span.fromMs, span.toMs);
}
