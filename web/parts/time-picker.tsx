/** The range: words and durations as one types them, or two times. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { rangeText, zone } from '../state/clock.ts';
import { ask, question } from '../state/navigation.ts';
import { isTimeOpen } from '../state/panels.ts';
import { bars } from '../state/search.ts';
import { PRESETS, rangeName } from '../state/time-range.ts';
import { useDismissed } from './dismissed.ts';
import { Icon } from './icon.tsx';

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
        <Icon name="clock" /> {name ?? 'Range'} <span class="dim not-phone">{shownRange(since, until)}</span>
        <span class="not-phone">
          <Icon name="down" />
        </span>
      </button>
      {isTimeOpen.value && <Panel />}
    </div>
  );
}

function Panel() {
  const { since, until } = question.value;
  const from = useSignal(since);
  const to = useSignal(until);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  const choose = (range: { readonly since: string; readonly until: string }): void => {
    isTimeOpen.value = false;
    ask(range);
  };
  return (
    <div
      class="panel time-panel"
      role="dialog"
      aria-label="Range"
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        isTimeOpen.value = false;
        event.stopPropagation();
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          choose({ since: from.value.trim(), until: to.value.trim() });
        }}
      >
        <label>
          From
          <input
            ref={first}
            type="text"
            value={from.value}
            placeholder="1h, yesterday, 2026-11-27 14:00"
            onInput={(event) => (from.value = event.currentTarget.value)}
          />
        </label>
        <label>
          To
          <input
            type="text"
            value={to.value}
            placeholder="now"
            onInput={(event) => (to.value = event.currentTarget.value)}
          />
        </label>
        <p class="dim">Times are in {zone.value}.</p>
        <button type="submit" class="button is-primary">
          Show
        </button>
      </form>
      <ul>
        {PRESETS.map((preset) => (
          <li key={preset.label}>
            <button
              type="button"
              aria-pressed={preset.since === since && preset.until === until}
              onClick={() => choose(preset)}
            >
              {preset.label}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** As the bars say, since only the server knows what `yesterday` is. */
function shownRange(since: string, until: string): string {
  const value = bars.value.value;
  const [from, to] = [Date.parse(since), Date.parse(until)];
  if (!Number.isNaN(from) && !Number.isNaN(to)) return rangeText(from, to);
  if (value === undefined || value.histogram.buckets.length === 0) return '';
  const first = Date.parse(value.range.since);
  const last = Date.parse(value.range.until);
  const { buckets, step_seconds } = value.histogram;
  const begin = Number.isNaN(first) ? Date.parse(buckets[0]!.time) : first;
  return rangeText(begin, Number.isNaN(last) ? Date.parse(buckets.at(-1)!.time) + step_seconds * 1e3 : last);
}
