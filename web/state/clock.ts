/** Times as the page shows them: one formatter for lines, axes and titles. The zone is the browser's, or UTC. */
import { computed, signal } from '@preact/signals';
import { durationText } from '../../shared/readable-line/measures.ts';
import { stored } from './stored.ts';
import { aheadMs } from './time-range.ts';

export const LOCAL_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
const storedUtc = stored('utc', false);
/** An address can say that its times are UTC, which is not kept. */
export const isUtc = signal(new URLSearchParams(location.search).get('tz') === 'UTC' || storedUtc.peek());
export function chooseUtc(isChosen: boolean): void {
  isUtc.value = storedUtc.value = isChosen;
}
/** How the first column of a line shows its time; `gap` is since the line before it. */
export type TimeForm = 'clock' | 'date' | 'ago' | 'gap';
const TIME_FORMS: readonly TimeForm[] = ['clock', 'date', 'ago', 'gap'];
export const timeForm = stored<TimeForm>('time', 'clock');
export function nextTimeForm(): void {
  timeForm.value = TIME_FORMS[(TIME_FORMS.indexOf(timeForm.peek()) + 1) % TIME_FORMS.length]!;
}
export const zone = computed(() => (isUtc.value ? 'UTC' : LOCAL_ZONE));

/** The server's clock, milliseconds ahead of the browser's. */
const clockAheadMs = signal(0);

export function serverNowMs(): number {
  return Date.now() + clockAheadMs.value;
}

/** @param serverMs  its time, which it was asked for at `sentMs` and which came at `receivedMs` by the browser's clock */
export function setClock(serverMs: number, sentMs: number, receivedMs: number): void {
  clockAheadMs.value = aheadMs(serverMs, sentMs, receivedMs);
}

const formats = computed(() => {
  const timeZone = zone.value;
  const of = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
    new Intl.DateTimeFormat('en-GB', { timeZone, ...options });
  const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  return {
    seconds: of({ ...clock, second: '2-digit' }),
    minutes: of(clock),
    day: of({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }),
    shortDay: of({ day: 'numeric', month: 'short' }),
    isoDay: new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short' }),
    offset: new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'longOffset' }),
  };
});

/** `15:12:06.897` */
export function clockText(time: string): string {
  const ms = Date.parse(time);
  return Number.isNaN(ms)
    ? time
    : `${formats.value.seconds.format(ms)}.${String(((ms % 1e3) + 1e3) % 1e3).padStart(3, '0')}`;
}

/** The time of a line as the reader has chosen. @param before  of the line before it */
export function timeText(time: string, before: string | undefined): string {
  switch (timeForm.value) {
    case 'clock':
      return clockText(time);
    case 'date':
      return `${isoDay(Date.parse(time))} ${clockText(time)}`;
    case 'ago':
      return durationText(Math.max(0, serverNowMs() - Date.parse(time)) * 1e6);
    case 'gap':
      return before === undefined ? '–' : `+${durationText(nsBetween(before, time))}`;
  }
}

/** Nanoseconds, of which `Date` keeps only the milliseconds. */
function nsBetween(from: string, to: string): number {
  const parts = (time: string): readonly [number, number] => {
    const fraction = /\.(\d{1,9})/.exec(time)?.[1] ?? '';
    return [Math.floor(Date.parse(time) / 1e3), Number(fraction.padEnd(9, '0'))];
  };
  const [[fromSeconds, fromNs], [toSeconds, toNs]] = [parts(from), parts(to)];
  return (toSeconds - fromSeconds) * 1e9 + toNs - fromNs;
}

/** `2026-11-27` */
export function isoDay(ms: number): string {
  return formats.value.isoDay.format(ms);
}

export function secondsText(ms: number): string {
  return formats.value.seconds.format(ms);
}

export function minutesText(ms: number): string {
  return formats.value.minutes.format(ms);
}

/** `Friday 27 November 2026` */
export function dayText(time: string): string {
  return formats.value.day.format(Date.parse(time)).replace(',', '');
}

export function shortDayText(ms: number): string {
  return formats.value.shortDay.format(ms);
}

/** `+01:00` at a time. */
export function offsetText(ms: number): string {
  const parts = formats.value.offset.formatToParts(ms);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
  return name === 'GMT' ? '+00:00' : name.replace('GMT', '').replace('−', '-');
}

/** The whole time with its nanoseconds and offset, for titles. */
export function fullText(time: string): string {
  const fraction = /\.\d+/.exec(time)?.[0] ?? '';
  const ms = Date.parse(time);
  return `${dayText(time)} ${formats.value.seconds.format(ms)}${fraction} ${offsetText(ms)}`;
}

/** `14:12–15:12`, with days where it is longer than one. */
export function rangeText(fromMs: number, toMs: number): string {
  const hasDays = toMs - fromMs > 86_400e3 || shortDayText(fromMs) !== shortDayText(toMs);
  const of = (ms: number): string => (hasDays ? `${shortDayText(ms)} ${minutesText(ms)}` : minutesText(ms));
  const between =
    toMs - fromMs < 120e3 ? `${secondsText(fromMs)} – ${secondsText(toMs)}` : `${of(fromMs)} – ${of(toMs)}`;
  return between;
}
