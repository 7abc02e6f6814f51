/** The unit that a field's name says its numbers have: `latency_ms`, `durationMs`, `response_time_seconds`, `sizeBytes`. */

export interface UnitOfName {
  readonly kind: 'duration' | 'bytes';
  /** In nanoseconds, or in bytes. */
  readonly size: number;
}

const UNITS: Readonly<Record<string, UnitOfName>> = {
  ...ofKind('duration', { ns: 1, nanos: 1, nanoseconds: 1 }),
  ...ofKind('duration', { us: 1e3, µs: 1e3, micros: 1e3, microseconds: 1e3 }),
  ...ofKind('duration', { ms: 1e6, msec: 1e6, millis: 1e6, milliseconds: 1e6 }),
  ...ofKind('duration', { s: 1e9, sec: 1e9, secs: 1e9, seconds: 1e9 }),
  ...ofKind('duration', { min: 60e9, mins: 60e9, minutes: 60e9, hours: 3600e9 }),
  ...ofKind('bytes', { bytes: 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 }),
};

function ofKind(kind: UnitOfName['kind'], sizes: Readonly<Record<string, number>>): Record<string, UnitOfName> {
  return Object.fromEntries(Object.entries(sizes).map(([unit, size]) => [unit, { kind, size }]));
}

/** The last word of a name of several: behind a sign, or a capital letter behind a small one. */
const LAST_WORD = /^.*(?:[_.-]|(?<=[\p{Ll}\d])(?=\p{Lu}))(\p{L}+)$/su;
/** Longer than any unit and what stands before it. */
const LAST_WORD_LENGTH_MAX = 24;

/** Returns undefined for a name that does not say a unit. */
export function unitOfName(name: string): UnitOfName | undefined {
  const word = LAST_WORD.exec(name.slice(-LAST_WORD_LENGTH_MAX))?.[1]?.toLowerCase();
  return word !== undefined && Object.hasOwn(UNITS, word) ? UNITS[word] : undefined;
}
