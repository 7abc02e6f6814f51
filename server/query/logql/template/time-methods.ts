/** The methods of Go's `time.Time` that a template can call by name: `{{ __timestamp__.Format "15:04" }}`. */
import { goDuration } from '../syntax/durations.ts';
import { TemplateError } from './errors.ts';
import { intOf, textOf } from './function.ts';
import { exactTimeOf, floor } from './functions-time.ts';
import { addMonthsAndDays, formatGoTime, type GoTime, ZERO_TIME } from './go-time.ts';
import { type GoNamed, isGoNamed, printed, typeOf, type Value } from './values.ts';

interface Method<Owner> {
  readonly arguments: number;
  readonly call: (owner: Owner, values: readonly Value[]) => Value;
}

const plain = (call: (time: GoTime) => Value): Method<GoTime> => ({ arguments: 0, call });
const compared = (holds: (a: bigint, b: bigint) => Value): Method<GoTime> => ({
  arguments: 1,
  call: ({ ns }, [other]) => holds(ns, exactTimeOf(other!).ns),
});
/** A number that a layout writes. */
const part = (layout: string): Method<GoTime> => plain((time) => numberOf(time, layout));
const named = (type: string, numbers: string, names: string): Method<GoTime> =>
  plain((time) => ({ type, text: formatGoTime(time, names), number: numberOf(time, numbers) }));
const utc = plain(({ ns }) => ({ ns, zone: 'UTC' }));
/** A method that Go has, but no template can call. */
const refused = (problem: string): Method<GoTime> =>
  plain(() => {
    throw new TemplateError(problem);
  });
const ofTwo = (name: string, second: string): readonly [string, Method<GoTime>] => [
  name,
  refused(`invalid function signature for ${name}: second return value should be error; is ${second}`),
];
const ofThree = (name: string): readonly [string, Method<GoTime>] => [
  name,
  refused(`function ${name} has 3 return values; should be 1 or 2`),
];

const TIME_METHODS: ReadonlyMap<string, Method<GoTime>> = new Map([
  ['Unix', plain(({ ns }) => floor(ns, 1_000_000_000n))],
  ['UnixMilli', plain(({ ns }) => floor(ns, 1_000_000n))],
  ['UnixMicro', plain(({ ns }) => floor(ns, 1000n))],
  ['UnixNano', plain(({ ns }) => ns)],
  ['Year', part('2006')],
  ['Day', part('2')],
  ['YearDay', part('002')],
  ['Hour', part('15')],
  ['Minute', part('4')],
  ['Second', part('5')],
  ['Nanosecond', part('.000000000')],
  ['Month', named('time.Month', '1', 'January')],
  ['Weekday', plain(weekdayOf)],
  ['UTC', utc],
  // A server in a cluster has no other zone.
  ['Local', plain(({ ns }) => ({ ns, zone: 'UTC', isLocal: true }))],
  ['Location', plain(({ zone, isLocal }) => ({ type: '*time.Location', text: isLocal === true ? 'Local' : zone }))],
  ['String', plain(printed)],
  ['IsZero', plain(({ ns }) => ns === ZERO_TIME.ns)],
  ['IsDST', plain(() => false)],
  ['Before', compared((a, b) => a < b)],
  ['After', compared((a, b) => a > b)],
  ['Equal', compared((a, b) => a === b)],
  ['Compare', compared((a, b) => (a === b ? 0n : a < b ? -1n : 1n))],
  ['Sub', compared((a, b) => durationOf(a - b))],
  ['Add', { arguments: 1, call: (time, [ns]) => ({ ...time, ns: time.ns + nsOf(ns!) }) }],
  ['Truncate', { arguments: 1, call: (time, [ns]) => ({ ...time, ns: time.ns - restOf(time, nsOf(ns!)) }) }],
  ['Round', { arguments: 1, call: (time, [ns]) => rounded(time, nsOf(ns!)) }],
  [
    'AddDate',
    {
      arguments: 3,
      call: (time, values) => {
        const [years, months, days] = values.map(intOf) as [number, number, number];
        return addMonthsAndDays(time, years * 12 + months, days);
      },
    },
  ],
  ['Format', { arguments: 1, call: (time, [layout]) => formatGoTime(time, textOf(layout)) }],
  ofTwo('Zone', 'int'),
  ofTwo('ISOWeek', 'int'),
  ofTwo('ZoneBounds', 'time.Time'),
  ofThree('Date'),
  ofThree('Clock'),
]);

const ofSeconds = (nsPerUnit: number): Method<GoNamed> => ({
  arguments: 0,
  call: ({ number }) => Number(number) / nsPerUnit,
});

const NAMED_METHODS: ReadonlyMap<string, Method<GoNamed>> = new Map([
  ['String', { arguments: 0, call: ({ text }: GoNamed) => text }],
]);
const DURATION_METHODS: ReadonlyMap<string, Method<GoNamed>> = new Map([
  ...NAMED_METHODS,
  ['Hours', ofSeconds(3.6e12)],
  ['Minutes', ofSeconds(6e10)],
  ['Seconds', ofSeconds(1e9)],
  ['Milliseconds', { arguments: 0, call: ({ number }: GoNamed) => number! / 1_000_000n }],
  ['Microseconds', { arguments: 0, call: ({ number }: GoNamed) => number! / 1000n }],
  ['Nanoseconds', { arguments: 0, call: ({ number }: GoNamed) => number! }],
  ['Abs', { arguments: 0, call: ({ number }: GoNamed) => durationOf(number! < 0n ? -number! : number!) }],
]);

/** Calls a method by its name. @returns undefined  there is none of that name */
export function calledMethod(owner: GoTime | GoNamed, name: string, values: readonly Value[]): Value | undefined {
  const method = isGoNamed(owner) ? methodsOf(owner).get(name) : TIME_METHODS.get(name);
  if (method === undefined) return undefined;
  const { arguments: count, call } = method as Method<GoTime | GoNamed>;
  if (values.length === count) return call(owner, values);
  throw new TemplateError(`wrong number of args for ${name}: want ${count} got ${values.length}`);
}

function methodsOf({ type }: GoNamed): ReadonlyMap<string, Method<GoNamed>> {
  return type === DURATION ? DURATION_METHODS : NAMED_METHODS;
}

const DURATION = 'time.Duration';

function durationOf(ns: bigint): GoNamed {
  return { type: DURATION, text: goDuration(ns), number: ns };
}

function nsOf(value: Value): bigint {
  if (typeof value === 'bigint') return value;
  if (isGoNamed(value) && value.type === DURATION) return value.number!;
  throw new TemplateError(`wrong type for value; expected ${DURATION}; got ${typeOf(value)}`);
}

/** Returns what is above a whole number of units, counted from Go's first instant. */
function restOf({ ns }: GoTime, unitNs: bigint): bigint {
  return unitNs <= 0n ? 0n : (ns - ZERO_TIME.ns) % unitNs;
}

function rounded(time: GoTime, unitNs: bigint): GoTime {
  const rest = restOf(time, unitNs);
  return { ...time, ns: time.ns - rest + (rest > 0n && rest * 2n >= unitNs ? unitNs : 0n) };
}

function numberOf(time: GoTime, layout: string): bigint {
  return BigInt(formatGoTime(time, layout).replace(/^\D/, ''));
}

const NS_PER_DAY = 86_400_000_000_000n;
/** 1 January of the year 1 was a Monday. */
const FIRST_WEEKDAY = 1n;

function weekdayOf(time: GoTime): GoNamed {
  const local = time.ns + BigInt(offsetNs(time));
  const days = (local - ZERO_TIME.ns) / NS_PER_DAY;
  return { type: 'time.Weekday', text: formatGoTime(time, 'Monday'), number: (days + FIRST_WEEKDAY) % 7n };
}

function offsetNs(time: GoTime): number {
  const [, sign, hours, minutes, seconds] = /([-+])(\d\d):(\d\d):(\d\d)/.exec(formatGoTime(time, '-07:00:00'))!;
  return (sign === '-' ? -1e9 : 1e9) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
}
