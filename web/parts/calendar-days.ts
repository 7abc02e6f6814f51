/** Days of the calendar as texts, `2026-11-27`, which have no zone. */
export type IsoDay = string;

const DAY_MS = 86_400_000;

export function addDays(day: IsoDay, days: number): IsoDay {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The same day of another month, or its last one. */
export function addMonths(day: IsoDay, months: number): IsoDay {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number];
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + months, Math.min(date, last))).toISOString().slice(0, 10);
}

/** Weeks from Monday on; undefined before the first day and after the last one. @param month  `2026-11` */
export function daysOfMonth(month: string): readonly (readonly (IsoDay | undefined)[])[] {
  const first = `${month}-01`;
  const before = (new Date(first).getUTCDay() + 6) % 7;
  const [year, number] = month.split('-').map(Number) as [number, number];
  const count = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return Array.from({ length: Math.ceil((before + count) / 7) }, (_, week) =>
    Array.from({ length: 7 }, (__, i) => {
      const date = week * 7 + i - before;
      return date >= 0 && date < count ? addDays(first, date) : undefined;
    }),
  );
}
