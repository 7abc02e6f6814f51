/** Requests over time as a line from zero, with the bad ones as bars of their own. */
import { count } from '../parts/numbers.ts';
import type { Trend } from './questions.ts';

const WIDTH = 96;
const HEIGHT = 22;
/** One bad request among thousands must be seen. */
const BAD_HEIGHT_MIN = 3;

export function TrendLine({ trend: { requests, bad }, range }: { readonly trend: Trend; readonly range: string }) {
  const most = Math.max(1, ...requests);
  const step = WIDTH / requests.length;
  const y = (value: number): number => HEIGHT - 1 - (value / most) * (HEIGHT - 3);
  const points = requests.map((value, i) => `${((i + 0.5) * step).toFixed(1)} ${y(value).toFixed(1)}`);
  const line = `M${points.join('L')}`;
  const sum = (values: readonly number[]): string => count(values.reduce((all, value) => all + value, 0));
  return (
    <svg
      class="trend-line"
      width={WIDTH}
      height={HEIGHT}
      role="img"
      aria-label={`${sum(requests)} requests, ${sum(bad)} of them bad, ${range}; at most ${count(most)} at once`}
    >
      <path class="area" d={`${line}L${WIDTH - step / 2} ${HEIGHT}L${step / 2} ${HEIGHT}Z`} />
      <path class="line" d={line} />
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
