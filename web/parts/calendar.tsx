/** A month of days, of which one or two make a range. Days are those of the zone that is shown. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { isoDay, serverNowMs } from '../state/clock.ts';
import { addDays, addMonths, daysOfMonth, type IsoDay } from './calendar-days.ts';
import { Icon } from './icon.tsx';

export interface CalendarProps {
  readonly first: IsoDay | undefined;
  readonly last: IsoDay | undefined;
  readonly onChoose: (day: IsoDay) => void;
}

const WEEKDAYS = ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'];
const MONTH = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });
const DAY = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' });

export function Calendar({ first, last, onChoose }: CalendarProps) {
  const today = isoDay(serverNowMs());
  const focused = useSignal<IsoDay>(last ?? first ?? today);
  const isMoved = useRef(false);
  const grid = useRef<HTMLTableElement>(null);
  const month = focused.value.slice(0, 7);
  useEffect(() => {
    if (isMoved.current) grid.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
    isMoved.current = false;
  }, [focused.value]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const days = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
    const months = { PageUp: -1, PageDown: 1 }[event.key];
    if (days === undefined && months === undefined) return;
    event.preventDefault();
    isMoved.current = true;
    const next = days === undefined ? addMonths(focused.value, months!) : addDays(focused.value, days);
    focused.value = next > today ? today : next;
  };
  const turn = (months: number): void => {
    const next = addMonths(focused.value, months);
    focused.value = next > today ? today : next;
  };
  return (
    <div class="calendar">
      <div class="calendar-head">
        <button type="button" class="icon-button" aria-label="Month before" onClick={() => turn(-1)}>
          <Icon name="left" />
        </button>
        <b aria-live="polite">{MONTH.format(Date.parse(`${month}-01`))}</b>
        <button
          type="button"
          class="icon-button"
          aria-label="Month after"
          disabled={month >= today.slice(0, 7)}
          onClick={() => turn(1)}
        >
          <Icon name="right" />
        </button>
      </div>
      <table ref={grid} onKeyDown={onKeyDown}>
        <thead>
          <tr>
            {WEEKDAYS.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {daysOfMonth(month).map((week) => (
            <tr key={week.find((day) => day !== undefined)}>
              {week.map((day, i) => (
                <td key={i} class={day === undefined ? undefined : rangeClass(day, first, last)}>
                  {day !== undefined && (
                    <button
                      type="button"
                      tabIndex={day === focused.value ? 0 : -1}
                      aria-label={DAY.format(Date.parse(day))}
                      aria-pressed={day === first || day === last}
                      aria-current={day === today ? 'date' : undefined}
                      disabled={day > today}
                      onClick={() => {
                        focused.value = day;
                        onChoose(day);
                      }}
                    >
                      {Number(day.slice(8))}
                    </button>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function rangeClass(day: IsoDay, first: IsoDay | undefined, last: IsoDay | undefined): string | undefined {
  if (first === undefined) return undefined;
  const end = last ?? first;
  return day >= first && day <= end ? 'is-in-range' : undefined;
}
