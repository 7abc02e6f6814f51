/** Numbers of metrics as the page shows them. */

const EXACT = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 });
const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });

/** `31,364`, `0.1667`; a dash where there is none. */
export function numberText(value: number | undefined): string {
  if (value === undefined) return '–';
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  return (Math.abs(value) >= 1_000 ? WHOLE : EXACT).format(value);
}

/** `1.2K` */
export function shortText(value: number): string {
  return SHORT.format(value);
}
