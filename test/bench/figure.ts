/** A measured number with the target it is held against, and the table of them all. The bench reports; it never asserts. */

/** `min` when larger is better, `max` when smaller is. */
export interface Target {
  readonly kind: 'min' | 'max';
  readonly value: number;
}

export interface Figure {
  /** What was measured; the part before the first colon groups the table. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: Target | undefined;
}

export function meetsTarget({ value, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined;
  return target.kind === 'min' ? value >= target.value : value <= target.value;
}

/** One line a figure: name, value, target, and ✓ or ✗. */
export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { name, value, unit, target } = figure;
    const wanted = target === undefined ? '' : `${target.kind === 'min' ? '≥' : '≤'} ${formatNumber(target.value)}`;
    const met = meetsTarget(figure);
    return [name, formatNumber(value), unit, wanted, met === undefined ? '' : met ? '✓' : '✗'];
  });
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(([name, value, unit, wanted, mark]) =>
      [
        name!.padEnd(widths[0]!),
        value!.padStart(widths[1]!),
        unit!.padEnd(widths[2]!),
        wanted!.padStart(widths[3]!),
        mark!,
      ]
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Three significant digits below 100, whole numbers with separators above. */
export function formatNumber(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value === 0 ? '0' : Number(value.toPrecision(3)).toString();
}

/** The value below which a share of the samples lies: the nearest rank. */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}
