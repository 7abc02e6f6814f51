/** The methods of Go's `time.Time` that a template can call by name: `{{ __timestamp__.Format "15:04" }}`. */
import { textOf } from './function.ts';
import { exactTimeOf, floor } from './functions-time.ts';
import { formatGoTime, type GoTime, ZERO_TIME } from './go-time.ts';
import { printed, type Value } from './values.ts';

interface Method {
  readonly arguments: number;
  readonly call: (time: GoTime, values: readonly Value[]) => Value;
}

const plain = (call: (time: GoTime) => Value): Method => ({ arguments: 0, call });
const compared = (holds: (a: bigint, b: bigint) => boolean): Method => ({
  arguments: 1,
  call: ({ ns }, [other]) => holds(ns, exactTimeOf(other!).ns),
});
/** A number that a layout writes. */
const part = (layout: string): Method => plain((time) => BigInt(formatGoTime(time, layout).replace(/^\D/, '')));
const utc = plain(({ ns }) => ({ ns, zone: 'UTC' }));

export const TIME_METHODS: ReadonlyMap<string, Method> = new Map([
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
  ['Month', plain((time) => formatGoTime(time, 'January'))],
  ['Weekday', plain((time) => formatGoTime(time, 'Monday'))],
  ['UTC', utc],
  // A server in a cluster has no other zone.
  ['Local', utc],
  ['String', plain(printed)],
  ['IsZero', plain(({ ns }) => ns === ZERO_TIME.ns)],
  ['Before', compared((a, b) => a < b)],
  ['After', compared((a, b) => a > b)],
  ['Equal', compared((a, b) => a === b)],
  ['Format', { arguments: 1, call: (time, [layout]) => formatGoTime(time, textOf(layout)) }],
]);
