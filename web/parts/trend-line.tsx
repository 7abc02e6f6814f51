/** Amounts over time as a line from zero, with the bad part of them as bars. */
const WIDTH = 96;
const HEIGHT = 22;
/** One bad request among thousands must be seen. */
const BAD_HEIGHT_MIN = 3;

export interface TrendLineProps {
  /** Undefined where nothing is known: a gap. */
  readonly values: readonly (number | undefined)[];
  readonly bad?: readonly number[];
  /** Describes the line to those who cannot see it. */
  readonly label: string;
}

export function TrendLine({ values, bad = [], label }: TrendLineProps) {
  const most = Math.max(Number.MIN_VALUE, ...values.map((value) => value ?? 0));
  const step = WIDTH / values.length;
  const y = (value: number): number => HEIGHT - 1 - (value / most) * (HEIGHT - 3);
  const runs = runsOf(values);
  const lineOf = ({ first, values: own }: Run): string =>
    `M${own.map((value, i) => `${((first + i + 0.5) * step).toFixed(1)} ${y(value).toFixed(1)}`).join('L')}`;
  const areaOf = (run: Run): string =>
    `${lineOf(run)}L${((run.first + run.values.length - 0.5) * step).toFixed(1)} ${HEIGHT}L${((run.first + 0.5) * step).toFixed(1)} ${HEIGHT}Z`;
  return (
    <svg class="trend-line" width={WIDTH} height={HEIGHT} role="img" aria-label={label}>
      <path class="area" d={runs.map(areaOf).join('')} />
      <path class="line" d={runs.map(lineOf).join('')} />
      {bad.map((value, i) =>
        value === 0 ? null : (
          <rect
            key={i}
            x={i * step + 0.5}
            width={Math.max(1.5, step - 1)}
            y={Math.min(y(value), HEIGHT - BAD_HEIGHT_MIN)}
            height={Math.max(HEIGHT - y(value), BAD_HEIGHT_MIN)}
          />
        ),
      )}
    </svg>
  );
}

interface Run {
  readonly first: number;
  readonly values: readonly number[];
}

/** Values without a gap between them. */
function runsOf(values: readonly (number | undefined)[]): Run[] {
  const runs: { first: number; values: number[] }[] = [];
  for (const [i, value] of values.entries()) {
    if (value === undefined) continue;
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.values.length === i) last.values.push(value);
    else runs.push({ first: i, values: [value] });
  }
  return runs;
}
