/** Measures as the views of endpoints show them. */
import { milliseconds } from '../parts/numbers.ts';

/** `1.7 %` */
export function percent(share: number): string {
  if (share === 0) return '0 %';
  const value = share * 100;
  return value < 0.1 ? '<0.1 %' : `${value >= 99.95 ? 100 : value.toFixed(1)} %`;
}

/** @param isKnown  whether the value is in milliseconds */
export function durationShown(value: number | undefined, isKnown: boolean): string {
  if (value === undefined) return '';
  return isKnown ? milliseconds(value) : String(Number(value.toPrecision(3)));
}
