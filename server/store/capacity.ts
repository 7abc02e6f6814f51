/** How much room a store has, how fast it fills, and what keeps it from growing. */

export interface StoreCapacity {
  /** The volume, as last polled; undefined where there is none. Writes wait once less than `keptFreeBytes` is free. */
  readonly space:
    { readonly freeBytes: number; readonly totalBytes: number; readonly keptFreeBytes: number } | undefined;
  readonly intake: Intake;
  readonly retention: StoreRetention;
  /** What is stored at the intake of today once lines expire by age; Infinity where some are kept for ever. */
  readonly levelBytes: number;
}

/** Lines whose time is within the last day. */
export interface Intake {
  /** How much of a day that is: less where the store is younger. */
  readonly days: number;
  readonly rowCount: number;
  readonly lineBytes: number;
  /** Their share of the files. */
  readonly storedBytes: number;
}

export interface StoreRetention {
  /** The age limit of streams to which no rule applies. Infinity keeps them. */
  readonly ageMs: number;
  /** The limit of all files; beyond it the oldest lines are dropped. Infinity where only age counts. */
  readonly maxSizeBytes: number;
  /** The first that applies to a stream decides. */
  readonly rules: readonly { readonly selector: Readonly<Record<string, string>>; readonly ageMs: number }[];
}

/** What happens if lines keep coming as in the last day. */
export type Forecast =
  /** Age keeps the store below its limits. */
  | { readonly kind: 'level'; readonly bytes: number }
  | { readonly kind: 'oldest dropped' | 'disk full'; readonly days: number }
  /** Nothing came, or the store is too young to say. */
  | { readonly kind: 'unknown' };

/** An intake of less than this says nothing about days. */
const DAYS_MIN = 1 / 24 / 6;

export function forecastOf(storedBytes: number, { space, intake, retention, levelBytes }: StoreCapacity): Forecast {
  const bytesPerDay = intake.storedBytes / intake.days;
  if (!(intake.days >= DAYS_MIN) || !(bytesPerDay > 0)) return { kind: 'unknown' };
  const roomBytes = space === undefined ? Infinity : storedBytes + Math.max(0, space.freeBytes - space.keptFreeBytes);
  const limitBytes = Math.min(roomBytes, retention.maxSizeBytes);
  if (levelBytes <= limitBytes)
    return levelBytes === Infinity ? { kind: 'unknown' } : { kind: 'level', bytes: levelBytes };
  const days = Math.max(0, limitBytes - storedBytes) / bytesPerDay;
  return { kind: retention.maxSizeBytes <= roomBytes ? 'oldest dropped' : 'disk full', days };
}
