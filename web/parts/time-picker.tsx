/** The range that is shown, and the panel that chooses another. */
import { rangeText } from '../state/clock.ts';
import { question } from '../state/navigation.ts';
import { isTimeOpen } from '../state/panels.ts';
import { shownSpan } from '../state/range-steps.ts';
import { rangeName } from '../state/time-range.ts';
import { Icon } from './icon.tsx';
import { lazy } from './lazy.tsx';
import { PanelButton } from './panel-button.tsx';

const TimePanel = lazy(async () => (await import('./time-panel.tsx')).TimePanel);

export function TimePicker() {
  const { since, until } = question.value;
  const name = rangeName(since, until);
  return (
    <PanelButton isOpen={isTimeOpen} panel={() => <TimePanel />}>
      <Icon name="clock" /> {name ?? 'Range'} <span class="dim not-phone">{shownRange()}</span>
      <span class="not-phone">
        <Icon name="down" />
      </span>
    </PanelButton>
  );
}

/** The range in times, which only the server knows of `yesterday`. */
function shownRange(): string {
  const span = shownSpan();
  return span === undefined ? '' : rangeText(span.fromMs, span.toMs);
}
