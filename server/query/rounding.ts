/** Rounds numbers of answers. */

/** Returns a number with at most six decimals; if it is below 1, with six significant digits. */
export function sixDecimals(number: number): number {
  return Number(Math.abs(number) < 1 ? number.toPrecision(6) : number.toFixed(6));
}

/** Significant digits of shares. */
const SHARE_DIGITS = 4;

/** Returns a part's share of a whole, with SHARE_DIGITS digits. */
export function shareOf(rows: number, total: number): number {
  return Number((rows / total).toPrecision(SHARE_DIGITS));
}

/** Returns the error of an estimate, which is an estimate itself. */
export function roundedError(share: number): number {
  return Number(share.toPrecision(2));
}
