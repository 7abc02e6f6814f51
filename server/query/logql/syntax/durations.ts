/** Durations and sizes as LogQL and Go write them. */

const NS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const DAY_NS = 86_400_000_000_000n;
/** In the order in which Prometheus wants them. */
const PROMETHEUS_UNITS: readonly (readonly [unit: string, ns: bigint])[] = [
  ['y', 365n * DAY_NS],
  ['w', 7n * DAY_NS],
  ['d', DAY_NS],
  ['h', 3_600_000_000_000n],
  ['m', 60_000_000_000n],
  ['s', 1_000_000_000n],
  ['ms', 1_000_000n],
];
const PROMETHEUS = new RegExp(`^${PROMETHEUS_UNITS.map(([unit]) => `(?:(\\d+)${unit})?`).join('')}$`);
const GO = /^[-+]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const GO_PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
const NS_MAX = 2n ** 63n - 1n;

/** Parses `1h30m`, `1d`; undefined for anything else. Negative ones only with `-` and Go's units. */
export function parseDuration(text: string): bigint | undefined {
  return parsePrometheusDuration(text) ?? parseGoDuration(text);
}

/** Parses the duration of a range: whole numbers of the units y, w, d, h, m, s and ms, each once and in this order. */
export function parsePrometheusDuration(text: string): bigint | undefined {
  if (text === '0') return 0n;
  const match = PROMETHEUS.exec(text);
  if (match === null || text === '') return undefined;
  const ns = PROMETHEUS_UNITS.reduce((sum, [, each], i) => sum + BigInt(match[i + 1] ?? 0) * each, 0n);
  return ns > NS_MAX ? undefined : ns;
}

/** Returns what is wrong with the duration of a range that is none. */
export function prometheusProblem(text: string): string {
  const written = JSON.stringify(text);
  let before = -1;
  for (const [, digits, unit] of text.matchAll(/(\d*)(\D*)/g)) {
    if (digits === '' || unit === '') break;
    const at = PROMETHEUS_UNITS.findIndex(([each]) => each === unit);
    if (at < 0) return `unknown unit ${JSON.stringify(unit)} in duration ${written}`;
    if (at <= before) break;
    before = at;
    if (at === PROMETHEUS_UNITS.length - 1) break;
  }
  return PROMETHEUS.test(text) && text !== '' ? 'duration out of range' : `not a valid duration string: ${written}`;
}

/** Returns what Go says of a text that is no duration. */
export function goDurationProblem(text: string): string {
  const written = JSON.stringify(text);
  const unsigned = text.replace(/^[-+]/, '');
  let at = 0;
  while (at < unsigned.length) {
    const number = /^(?:\d+\.?\d*|\.\d+)/.exec(unsigned.slice(at))?.[0];
    if (number === undefined) break;
    at += number.length;
    const unit = /^[^\d.]*/.exec(unsigned.slice(at))![0];
    if (unit === '') return `time: missing unit in duration ${written}`;
    if (NS[unit] === undefined) return `time: unknown unit ${JSON.stringify(unit)} in duration ${written}`;
    at += unit.length;
  }
  return `time: invalid duration ${written}`;
}

/** Parses what Go's time.ParseDuration does, which knows no days. */
export function parseGoDuration(text: string): bigint | undefined {
  const isNegative = text.startsWith('-');
  if (/^[-+]?0$/.test(text)) return 0n;
  if (!GO.test(text)) return undefined;
  let ns = 0n;
  for (const [, amount, unit] of text.matchAll(GO_PART)) ns += nsOf(amount!, NS[unit!]!);
  if (ns > NS_MAX) return undefined;
  return isNegative ? -ns : ns;
}

function nsOf(amount: string, unitNs: number): bigint {
  const [whole = '', fraction = ''] = amount.split('.');
  const unit = BigInt(unitNs);
  return BigInt(whole) * unit + (BigInt(fraction) * unit) / 10n ** BigInt(fraction.length);
}

/** Writes a duration as Prometheus does: `1h30m`. Below a millisecond, as Go does. */
export function prometheusDuration(ns: bigint): string {
  if (ns === 0n) return '0s';
  if (ns < 0n || ns % 1_000_000n !== 0n) return goDuration(ns);
  let rest = ns;
  let text = '';
  for (const [unit, unitNs] of PROMETHEUS_UNITS) {
    // Years and weeks only where nothing remains, as 10d is easier to read than 1w3d.
    const isExact = unit === 'y' || unit === 'w';
    if (isExact && rest % unitNs !== 0n) continue;
    const count = rest / unitNs;
    if (count > 0n) text += `${count}${unit}`;
    rest -= count * unitNs;
  }
  return text;
}

/** Writes a duration as Go does: `1h30m0s`, `1.5s`, `100ms`. */
export function goDuration(ns: bigint): string {
  if (ns === 0n) return '0s';
  const sign = ns < 0n ? '-' : '';
  const size = ns < 0n ? -ns : ns;
  if (size < 1_000_000_000n) {
    const [unit, unitNs] =
      size < 1000n
        ? (['ns', 1n] as const)
        : size < 1_000_000n
          ? (['µs', 1000n] as const)
          : (['ms', 1_000_000n] as const);
    return `${sign}${decimal(size, unitNs)}${unit}`;
  }
  const seconds = size / 1_000_000_000n;
  const minutes = seconds / 60n;
  const hours = minutes / 60n;
  const tail = `${decimal(size - minutes * 60_000_000_000n, 1_000_000_000n)}s`;
  if (minutes === 0n) return sign + tail;
  return hours === 0n ? `${sign}${minutes}m${tail}` : `${sign}${hours}h${minutes - hours * 60n}m${tail}`;
}

function decimal(size: bigint, unit: bigint): string {
  const digits = unit.toString().length - 1;
  const fraction = (size % unit).toString().padStart(digits, '0').replace(/0+$/, '');
  return fraction === '' || digits === 0 ? `${size / unit}` : `${size / unit}.${fraction}`;
}

const SIZES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  ...Object.fromEntries(
    ['k', 'm', 'g', 't', 'p', 'e'].flatMap((letter, i) => [
      [letter, 1000 ** (i + 1)],
      [`${letter}b`, 1000 ** (i + 1)],
      [`${letter}i`, 1024 ** (i + 1)],
      [`${letter}ib`, 1024 ** (i + 1)],
    ]),
  ),
};
const SIZE = /^\s*([\d.,]+)\s*([a-zA-Z]*)\s*$/;
const SIZE_MAX = 2 ** 64;

/** Parses `1.5KiB`, `3 MB`, `1,024`, in any case; fractions of a byte are cut. Undefined for anything else. */
export function parseBytes(text: string): number | undefined {
  const match = SIZE.exec(text);
  const unit = match === null ? undefined : SIZES[match[2]!.toLowerCase()];
  const digits = match?.[1]!.replaceAll(',', '') ?? '';
  if (unit === undefined || !/^(?:\d+\.?\d*|\.\d+)$/.test(digits)) return undefined;
  const bytes = Number(digits) * unit;
  return bytes >= SIZE_MAX ? undefined : Math.trunc(bytes);
}

/** Returns what Loki says of a text that is no size. */
export function bytesProblem(text: string): string {
  const digits = /^[\d.,]*/.exec(text)![0];
  const unit = text.slice(digits.length).trim();
  return digits === '' || unit === ''
    ? `strconv.ParseFloat: parsing ${JSON.stringify(digits)}: invalid syntax`
    : `unhandled size name: ${unit.toLowerCase()}`;
}

const SIZE_NAMES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/** Writes a size in multiples of a thousand, such as `1.5kB`, without a space. */
export function humanBytes(bytes: number): string {
  if (bytes < 10) return `${bytes}B`;
  const exponent = Math.min(Math.floor(Math.log(bytes) / Math.log(1000) + 1e-12), SIZE_NAMES.length - 1);
  const value = Math.floor((bytes / 1000 ** exponent) * 10 + 0.5) / 10;
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)}${SIZE_NAMES[exponent]}`;
}
