/** Durations that are written with a unit, as Go writes them: `12.5ms`, `1m2s`. */
import { durationOf, numberOf } from '../../shared/quantity.ts';

/** Whether the values of a field are such. Some loggers write a zero without a unit. */
export function areDurationTexts(values: readonly string[]): boolean {
  const isNumber = (value: string): boolean => !Number.isNaN(numberOf(value));
  const texts = values.filter((value) => !isNumber(value) && !Number.isNaN(durationOf(value)));
  return texts.length > values.filter(isNumber).length;
}
