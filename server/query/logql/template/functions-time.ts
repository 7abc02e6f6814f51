/** Functions of times. A time without a zone is of UTC, as that of a server in a cluster. */
import { TemplateError } from './errors.ts';
import { fixed, type Named, ofTexts, textOf } from './function.ts';
import { toInt } from './functions-numbers.ts';
import { formatGoTime, type GoTime, isGoTime, isZone, parseGoTime, ZERO_TIME } from './go-time.ts';
import { typeOf, type Value } from './values.ts';

const NS_PER_SECOND = 1_000_000_000n;

export const TIME_FUNCTIONS: readonly Named[] = [
  fixed('__timestamp__', 0, (_, { timestamp }) => ({ ns: timestamp(), zone: 'UTC', isLocal: true })),
  fixed('now', 0, (_, { nowMs }) => ({ ns: BigInt(nowMs) * 1_000_000n, zone: 'UTC', isLocal: true })),
  fixed('date', 2, ([layout, time]) => formatGoTime(timeOf(time!), textOf(layout))),
  ofTexts('toDate', 2, (layout, text) => parseGoTime(layout, text) ?? ZERO_TIME),
  ofTexts(
    'toDateInZone',
    3,
    (layout, zone, text) => parseGoTime(layout, text, isZone(zone) ? zone : 'UTC') ?? ZERO_TIME,
  ),
  fixed('unixEpoch', 1, ([time]) => String(floor(exactTimeOf(time!).ns, NS_PER_SECOND))),
  fixed('unixEpochMillis', 1, ([time]) => String(floor(exactTimeOf(time!).ns, 1_000_000n))),
  fixed('unixEpochNanos', 1, ([time]) => String(exactTimeOf(time!).ns)),
  ofTexts('unixToTime', 1, (text) => unixTime(text)),
];

/** A time, or a number of seconds. */
function timeOf(value: Value): GoTime {
  if (isGoTime(value)) return value;
  return { ns: toInt(value) * NS_PER_SECOND, zone: 'UTC' };
}

export function exactTimeOf(value: Value): GoTime {
  if (isGoTime(value)) return value;
  throw new TemplateError(`wrong type for value; expected time.Time; got ${typeOf(value)}`);
}

export function floor(ns: bigint, unit: bigint): bigint {
  return ns / unit - (ns < 0n && ns % unit !== 0n ? 1n : 0n);
}

/** The number of digits distinguishes days, seconds, milliseconds, microseconds and nanoseconds. */
function unixTime(text: string): GoTime {
  const units: Readonly<Record<number, bigint>> = {
    5: 86_400n * NS_PER_SECOND,
    10: NS_PER_SECOND,
    13: 1_000_000n,
    16: 1000n,
    19: 1n,
  };
  const unit = units[text.length];
  if (!/^[-+]?\d+$/.test(text))
    throw new TemplateError(
      `unable to parse time '${text}': strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  if (unit === undefined) throw new TemplateError(`unable to parse time '${text}': %!w(<nil>)`);
  return { ns: BigInt(text) * unit, zone: 'UTC' };
}
