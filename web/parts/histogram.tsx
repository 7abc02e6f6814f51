/** The histogram: drag zooms, a click on a bar sets its step as the range, a double click and Back undo both. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { rangeText, secondsText } from '../state/clock.ts';
import { changes } from '../state/changes.ts';
import type { Bars } from '../state/found.ts';
import { bars as found } from '../state/search.ts';
import { type Bar, layOut, partsOf } from './bars-layout.ts';
import { useBoxWidth } from './box-width.ts';
import { ChangeLabels, ChangeLines } from './change-marks.tsx';
import { Failure } from './failure.tsx';
import { count } from '../../shared/counted.ts';
import { useStepSelection } from './step-selection.ts';
import { TimeAxis } from './time-axis.tsx';

const HEIGHT = 70;
const LANE_HEIGHT = 24;

export function Histogram() {
  const { value, error, isLoading } = found.value;
  if (error !== undefined) return <Failure what="The histogram" error={error} />;
  if (value === undefined || value.histogram.buckets.length === 0) {
    return <div class="histogram is-empty" aria-busy={isLoading} />;
  }
  return <Plot {...value} />;
}

function Plot({ histogram: { buckets, step_seconds } }: Bars) {
  const box = useRef<HTMLDivElement>(null);
  const width = useBoxWidth(box);
  const isTable = useSignal(false);
  const { bars, calmMax, problemMax, baseline } = layOut(buckets, {
    width: width.value,
    height: HEIGHT,
    laneHeight: LANE_HEIGHT,
  });
  const stepMs = step_seconds * 1e3;
  const fromMs = Date.parse(buckets[0]!.time);
  const toMs = fromMs + buckets.length * stepMs;
  const shownChanges = changes.value.filter(({ ms }) => ms >= fromMs && ms < toMs);
  const { chosen, pointed, handlers } = useStepSelection(box, { count: buckets.length, fromMs, stepMs });
  const step = width.value / buckets.length;
  const total = buckets.reduce((sum, each) => sum + each.total, 0);
  const problems = buckets.reduce((sum, each) => sum + partsOf(each).error, 0);
  const summary = `${count(total)} lines from ${rangeText(fromMs, toMs)}, ${count(problems)} errors; arrow keys move, Shift selects, Enter zooms`;
  return (
    <div class="histogram">
      <div class="histogram-scale" aria-hidden="true">
        {calmMax > 0 && <span class="calm-max">{count(calmMax)}</span>}
        {problemMax > 0 && <span class="problem-max">{count(problemMax)}</span>}
      </div>
      <div class="plot" ref={box} role="img" tabIndex={0} aria-label={summary} {...handlers}>
        <svg width={width.value} height={HEIGHT} aria-hidden="true">
          {pointed.value !== undefined && (
            <rect class="pointed" x={pointed.value * step} y={0} width={step} height={HEIGHT} />
          )}
          {bars.map(drawn)}
          <line class="baseline" x1={0} x2={width.value} y1={baseline} y2={baseline} />
          {chosen.value !== undefined && <Chosen range={chosen.value} step={step} />}
        </svg>
        <ChangeLines changes={shownChanges} fromMs={fromMs} toMs={toMs} />
        {pointed.value !== undefined && (
          <Tip
            bucket={buckets[pointed.value]!}
            stepMs={stepMs}
            x={Math.min(width.value - 170, Math.max(0, (pointed.value + 0.5) * step - 85))}
          />
        )}
      </div>
      <ChangeLabels changes={shownChanges} fromMs={fromMs} toMs={toMs} width={width.value} />
      <TimeAxis fromMs={fromMs} toMs={toMs} width={width.value} />
      <button
        type="button"
        class="as-table"
        aria-expanded={isTable.value}
        onClick={() => (isTable.value = !isTable.value)}
      >
        Show as table
      </button>
      {isTable.value && <BarsTable buckets={buckets} />}
    </div>
  );
}

function drawn({ x, y, width, height, level, isTop }: Bar) {
  return (
    <g key={`${x} ${level}`}>
      <rect class={`bar-${level}`} x={x} y={y} width={width} height={height} />
      {isTop && <rect class="bar-edge" x={x} y={y} width={width} height={1.5} />}
    </g>
  );
}

function Chosen({ range: [a, b], step }: { readonly range: readonly [number, number]; readonly step: number }) {
  const [first, last] = a < b ? [a, b] : [b, a];
  return <rect class="chosen" x={first * step} y={0.5} width={(last - first + 1) * step} height={HEIGHT - 1} />;
}

function Tip({
  bucket,
  stepMs,
  x,
}: {
  readonly bucket: Bars['histogram']['buckets'][number];
  readonly stepMs: number;
  readonly x: number;
}) {
  const fromMs = Date.parse(bucket.time);
  const parts = partsOf(bucket);
  return (
    <div class="tip" style={{ left: `${x}px` }}>
      <b>
        {stepMs < 60e3
          ? `${secondsText(fromMs)} – ${secondsText(fromMs + stepMs)}`
          : rangeText(fromMs, fromMs + stepMs)}
      </b>
      {(['error', 'warn', 'info', 'debug', 'none'] as const)
        .filter((level) => parts[level] > 0)
        .map((level) => (
          <span key={level}>
            <i class={`swatch bar-${level}`} />
            {level === 'none' ? 'no level' : level} <em>{count(parts[level])}</em>
          </span>
        ))}
      {bucket.total === 0 && <span>no lines</span>}
    </div>
  );
}

function BarsTable({ buckets }: { readonly buckets: Bars['histogram']['buckets'] }) {
  return (
    <div class="bars-table" tabIndex={0} role="region" aria-label="Lines over time">
      <table class="table">
        <thead>
          <tr>
            {['From', 'Lines', 'Errors', 'Warnings'].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {buckets.map((bucket) => (
            <tr key={bucket.time}>
              <th scope="row">{secondsText(Date.parse(bucket.time))}</th>
              <td>{count(bucket.total)}</td>
              <td>{count(partsOf(bucket).error)}</td>
              <td>{count(partsOf(bucket).warn)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
