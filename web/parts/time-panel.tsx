/** Chooses a range: by its name, by days of a calendar, as one types it, or around the chosen line. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { clockText, isoDay, isUtc, LOCAL_ZONE, zone } from '../state/clock.ts';
import { ask, question, toggleZone } from '../state/navigation.ts';
import { isTimeOpen } from '../state/panels.ts';
import { aroundLine, shownSpan } from '../state/range-steps.ts';
import { chosenRow } from '../state/selected.ts';
import { PRESETS } from '../state/time-range.ts';
import { Calendar } from './calendar.tsx';
import { addDays, type IsoDay } from './calendar-days.ts';

const AROUND: readonly { readonly label: string; readonly ms: number }[] = [
  { label: '30 s', ms: 30_000 },
  { label: '1 min', ms: 60_000 },
  { label: '5 min', ms: 300_000 },
  { label: '30 min', ms: 1_800_000 },
];

export function TimePanel() {
  const { since, until } = question.value;
  const from = useSignal(since);
  const to = useSignal(until);
  const isFirstChosen = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const choose = (range: { readonly since: string; readonly until: string }): void => {
    isTimeOpen.value = false;
    ask({ since: range.since, until: range.until });
  };
  const [firstDay, lastDay] = daysOf(from.value, to.value);
  const onDay = (day: IsoDay): void => {
    // The first click is a whole day; a second one makes it a range up to that day.
    const isSecond = isFirstChosen.value && firstDay !== undefined;
    const [first, last] = isSecond ? [firstDay < day ? firstDay : day, firstDay < day ? day : firstDay] : [day, day];
    from.value = first;
    to.value = addDays(last, 1);
    isFirstChosen.value = !isSecond;
  };
  const row = chosenRow.value;
  return (
    <div class="panel time-panel" role="dialog" aria-label="Range">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          choose({ since: from.value.trim(), until: to.value.trim() });
        }}
      >
        <div class="time-fields">
          <label>
            From
            <input
              ref={input}
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
        </div>
        <Calendar first={firstDay} last={lastDay} onChoose={onDay} />
        <div class="time-foot">
          <span class="segmented" role="group" aria-label="Zone">
            <button type="button" aria-pressed={!isUtc.value} onClick={() => isUtc.value && toggleZone()}>
              Local
            </button>
            <button type="button" aria-pressed={isUtc.value} onClick={() => !isUtc.value && toggleZone()}>
              UTC
            </button>
          </span>
          <span class="dim">{isUtc.value ? `instead of ${LOCAL_ZONE}` : zone.value}</span>
          <button type="submit" class="button is-primary">
            Show
          </button>
        </div>
        {row !== undefined && (
          <div class="time-around">
            <span class="dim">
              Around the line of <span class="num">{clockText(row.time)}</span>
            </span>
            <span class="segmented" role="group" aria-label="Around the chosen line">
              {AROUND.map(({ label, ms }) => (
                <button
                  key={label}
                  type="button"
                  onClick={() => {
                    isTimeOpen.value = false;
                    aroundLine(row, ms);
                  }}
                >
                  ± {label}
                </button>
              ))}
            </span>
          </div>
        )}
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

/** The days of a range that is typed as days; of any other, those that it is shown for. */
function daysOf(from: string, to: string): readonly [IsoDay | undefined, IsoDay | undefined] {
  const day = (text: string): IsoDay | undefined => /^\d{4}-\d\d-\d\d/.exec(text)?.[0];
  const first = day(from);
  if (first !== undefined) {
    const end = day(to) ?? first;
    return [first, /^\d{4}-\d\d-\d\d$/.test(to) && end > first ? addDays(end, -1) : end];
  }
  const span = shownSpan();
  return span === undefined ? [undefined, undefined] : [isoDay(span.fromMs), isoDay(span.toMs - 1)];
}
