/** Series as lines over time: drag zooms, a click on a step sets it as the range, a double click and Back undo both. */
import { useMemo, useRef } from 'preact/hooks';
import { rangeText, secondsText } from '../state/clock.ts';
import { counted } from '../../shared/counted.ts';
import { useBoxWidth } from '../parts/box-width.ts';
import { useStepSelection } from '../parts/step-selection.ts';
import { TimeAxis } from '../parts/time-axis.tsx';
import { numberText, shortText } from './numbers.ts';
import { pathOf, scaleOf, yOf } from './plot-layout.ts';
import { colorOf, type FoundSeries, type Series } from '../state/series.ts';
import { SeriesLabels } from './series-labels.tsx';

const HEIGHT = 240;
const TICKS_MAX = 4;
/** More lines than that are a thicket; the largest are drawn. */
export const DRAWN_MAX = 100;
const TIP_SERIES = 10;
const TIP_WIDTH = 320;
const DAY_MS = 86_400e3;

export interface PlotProps extends FoundSeries {
  /** Places in the series of those that are drawn. */
  readonly drawn: readonly number[];
  readonly marked: number | undefined;
}

export function Plot({ series, drawn, marked, fromMs, stepMs, stepCount }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = useBoxWidth(box);
  // A point is in the middle of its step.
  const leftMs = fromMs - stepMs / 2;
  const rightMs = leftMs + stepCount * stepMs;
  const { chosen, pointed, handlers } = useStepSelection(box, { count: stepCount, fromMs: leftMs, stepMs });
  const own = useMemo(() => drawn.map((i) => series[i]!), [series, drawn]);
  const scale = useMemo(() => scaleOf(own, TICKS_MAX), [own]);
  const size = { width: width.value, height: HEIGHT };
  const paths = useMemo(() => own.map((each) => pathOf(each, scale, size)), [own, scale, width.value]);
  const step = width.value / stepCount;
  const [first, last] = (chosen.value ?? [0, -1]).toSorted((a, b) => a - b) as [number, number];
  const summary = `${counted(drawn.length, 'series', 'series')} from ${rangeText(leftMs, rightMs)}, up to ${numberText(scale.most)}; arrow keys move, Shift selects, Enter zooms`;
  return (
    <div class="metric-plot">
      <div class="metric-scale" aria-hidden="true">
        {scale.ticks.map((tick) => (
          <span key={tick} style={{ top: `${yOf(tick, scale, HEIGHT)}px` }}>
            {shortText(tick)}
          </span>
        ))}
      </div>
      <div class="plot" ref={box} role="img" tabIndex={0} aria-label={summary} {...handlers}>
        <svg width={width.value} height={HEIGHT} aria-hidden="true">
          {scale.ticks.map((tick) => (
            <line
              key={tick}
              class={tick === 0 ? 'baseline' : 'grid'}
              x1={0}
              x2={width.value}
              y1={yOf(tick, scale, HEIGHT)}
              y2={yOf(tick, scale, HEIGHT)}
            />
          ))}
          {chosen.value !== undefined && (
            <rect class="chosen" x={first * step} y={0.5} width={(last - first + 1) * step} height={HEIGHT - 1} />
          )}
          {drawn.map((place, i) => (
            <path
              key={place}
              class={`series ${colorOf(series[place]!, place)}${marked === undefined || marked === place ? '' : ' is-faint'}`}
              d={paths[i]}
            />
          ))}
          {pointed.value !== undefined && (
            <line
              class="pointer"
              x1={(pointed.value + 0.5) * step}
              x2={(pointed.value + 0.5) * step}
              y1={0}
              y2={HEIGHT}
            />
          )}
        </svg>
        {pointed.value !== undefined && (
          <Tip
            at={fromMs + pointed.value * stepMs}
            withDay={rightMs - leftMs > DAY_MS}
            values={drawn.map((place) => ({
              place,
              series: series[place]!,
              value: series[place]!.values[pointed.value!],
            }))}
            x={Math.min(Math.max(0, width.value - TIP_WIDTH), Math.max(0, (pointed.value + 0.5) * step + 12))}
          />
        )}
      </div>
      <TimeAxis fromMs={leftMs} toMs={rightMs} width={width.value} />
    </div>
  );
}

interface TipProps {
  readonly at: number;
  readonly withDay: boolean;
  readonly values: readonly { readonly place: number; readonly series: Series; readonly value: number | undefined }[];
  readonly x: number;
}

function Tip({ at, withDay, values, x }: TipProps) {
  const known = values.filter(({ value }) => value !== undefined).toSorted((a, b) => b.value! - a.value!);
  return (
    <div class="tip" style={{ left: `${x}px` }}>
      <b>{withDay ? rangeText(at, at).split(' – ')[0] : secondsText(at)}</b>
      {known.slice(0, TIP_SERIES).map(({ place, series, value }) => (
        <span key={place}>
          <i class={`series-swatch ${colorOf(series, place)}`} />
          <span class="series-labels">
            <SeriesLabels series={series} />
          </span>
          <em>{numberText(value)}</em>
        </span>
      ))}
      {known.length > TIP_SERIES && <span class="dim">{known.length - TIP_SERIES} more, which are lower</span>}
      {known.length === 0 && <span class="dim">no value</span>}
    </div>
  );
}
