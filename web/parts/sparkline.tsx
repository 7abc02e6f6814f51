/** A line of counts over time, from zero. */
const WIDTH = 96;
const HEIGHT = 22;

export interface SparklineProps {
  readonly values: readonly number[];
  readonly label: string;
  readonly isBad: boolean;
}

export function Sparkline({ values, label, isBad }: SparklineProps) {
  const most = Math.max(1, ...values);
  const step = WIDTH / Math.max(1, values.length);
  return (
    <svg class={`sparkline${isBad ? ' is-bad' : ''}`} width={WIDTH} height={HEIGHT} role="img" aria-label={label}>
      {values.map((value, i) => {
        const height = value === 0 ? 0 : Math.max(1.5, (value / most) * (HEIGHT - 2));
        return <rect key={i} x={i * step} y={HEIGHT - height} width={Math.max(1, step - 1)} height={height} />;
      })}
      <path d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} />
    </svg>
  );
}
