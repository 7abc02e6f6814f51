/** Latencies over time: stronger is more, failed is red. A click, or a dragged area, leads to its lines. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { useBoxWidth } from '../parts/box-width.ts';
import { ChangeLabels, ChangeLines } from '../parts/change-marks.tsx';
import { count, counted } from '../../shared/counted.ts';
import { TimeAxis } from '../parts/time-axis.tsx';
import type { Change } from '../state/change.ts';
import { rangeText, secondsText } from '../state/clock.ts';
import { durationShown } from './shown.ts';
import { type HeatCell, heightOf } from './heat-layout.ts';
import type { HeatAnswer } from './questions-of-one.ts';

const ROW_HEIGHT_MAX = 12;
const HEIGHT = 176;
/** More rows have labels at powers of ten only. */
const ROWS_WITH_LABELS_MAX = 24;
const GAP = 1;
/** A cell in which at least this share has failed is red. */
const FAILED_SHARE = 0.5;
const TIP_WIDTH = 190;

/** Corners, in columns and rows. */
export interface Area {
  readonly fromMs: number;
  readonly toMs: number;
  /** As the lines have it: at least this, and less than that. */
  readonly least: number;
  readonly below: number;
}

export interface HeatMapProps extends HeatAnswer {
  readonly label: string;
  /** In what the lines have. */
  readonly slow: number | undefined;
  /** Milliseconds of one of what the lines have, if known. */
  readonly unitMs: number | undefined;
  readonly changes: readonly Change[];
  readonly onArea: (area: Area) => void;
}

type Place = readonly [column: number, row: number];

export function HeatMap({
  heat: { cells, rows, columns },
  span,
  label,
  slow,
  unitMs,
  changes: allChanges,
  onArea,
}: HeatMapProps) {
  const box = useRef<HTMLDivElement>(null);
  const width = useBoxWidth(box);
  const pointed = useSignal<Place | undefined>(undefined);
  const from = useSignal<Place | undefined>(undefined);
  const isTable = useSignal(false);
  const step = width.value / columns;
  const rowHeight = Math.min(ROW_HEIGHT_MAX, HEIGHT / rows.length);
  const height = rowHeight * rows.length;
  const firstMs = Math.floor(span.fromMs / span.stepMs) * span.stepMs;
  const lastMs = firstMs + columns * span.stepMs;
  const changes = allChanges.filter(({ ms }) => ms >= firstMs && ms < lastMs);
  const shown = (value: number): string => durationShown(value * (unitMs ?? 1), unitMs !== undefined);
  const placeAt = ({ clientX, clientY }: PointerEvent): Place => {
    const { left, top } = box.current!.getBoundingClientRect();
    const within = (value: number, end: number): number => Math.min(end - 1, Math.max(0, Math.floor(value)));
    return [within((clientX - left) / step, columns), within((clientY - top) / rowHeight, rows.length)];
  };
  const open = (a: Place, b: Place): void => {
    from.value = undefined;
    onArea({
      fromMs: firstMs + Math.min(a[0], b[0]) * span.stepMs,
      toMs: firstMs + (Math.max(a[0], b[0]) + 1) * span.stepMs,
      least: rows[Math.max(a[1], b[1])]!.from,
      below: rows[Math.min(a[1], b[1])]!.to,
    });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = pointed.value ?? [columns - 1, rows.length - 1];
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (move !== undefined) {
      from.value = event.shiftKey ? (from.value ?? at) : undefined;
      pointed.value = [
        Math.min(columns - 1, Math.max(0, at[0] + move[0]!)),
        Math.min(rows.length - 1, Math.max(0, at[1] + move[1]!)),
      ];
    } else if (event.key === 'Enter') open(from.value ?? at, at);
    else if (event.key === 'Escape' && from.value !== undefined) from.value = undefined;
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const slowAt = slow === undefined ? undefined : heightOf(slow, rows);
  const chosen =
    from.value !== undefined && pointed.value !== undefined ? ([from.value, pointed.value] as const) : undefined;
  return (
    <div class="heat-map">
      <Scale rows={rows} rowHeight={rowHeight} shown={shown} />
      <div
        class="heat-plot"
        ref={box}
        role="img"
        tabIndex={0}
        aria-label={`${label}; arrow keys move, Shift selects, Enter shows the lines`}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          (event.currentTarget as Element).setPointerCapture(event.pointerId);
          from.value = pointed.value = placeAt(event);
        }}
        onPointerMove={(event) => (pointed.value = placeAt(event))}
        onPointerUp={(event) => from.value !== undefined && open(from.value, placeAt(event))}
        onPointerLeave={() => (pointed.value = undefined)}
        onPointerCancel={() => ((from.value = undefined), (pointed.value = undefined))}
        onKeyDown={onKeyDown}
      >
        <svg width={width.value} height={height} aria-hidden="true">
          {cells.map((cell) => (
            <Cell key={`${cell.column} ${cell.row}`} cell={cell} step={step} rowHeight={rowHeight} />
          ))}
          {slowAt !== undefined && (
            <line class="heat-slow" x1={0} x2={width.value} y1={slowAt * rowHeight} y2={slowAt * rowHeight} />
          )}
          {chosen !== undefined && <Chosen from={chosen[0]} to={chosen[1]} step={step} rowHeight={rowHeight} />}
          {pointed.value !== undefined && chosen === undefined && (
            <Chosen from={pointed.value} to={pointed.value} step={step} rowHeight={rowHeight} />
          )}
        </svg>
        <ChangeLines changes={changes} fromMs={firstMs} toMs={lastMs} />
        {pointed.value !== undefined && (
          <Tip
            cell={cells.find(({ column, row }) => column === pointed.value![0] && row === pointed.value![1])}
            time={timeText(firstMs + pointed.value[0] * span.stepMs, span.stepMs)}
            latency={`${shown(rows[pointed.value[1]]!.from)} – ${shown(rows[pointed.value[1]]!.to)}`}
            x={Math.min(width.value - TIP_WIDTH, Math.max(0, (pointed.value[0] + 0.5) * step - TIP_WIDTH / 2))}
          />
        )}
      </div>
      <ChangeLabels changes={changes} fromMs={firstMs} toMs={lastMs} width={width.value} />
      <TimeAxis fromMs={firstMs} toMs={lastMs} width={width.value} />
      <p class="heat-legend">
        <span>
          <span aria-hidden="true" class="heat-ramp">
            {[1, 2, 3, 4, 5, 6].map((strength) => (
              <i key={strength} class={`heat-${strength}`} />
            ))}
          </span>
          stronger is more
        </span>
        <span>
          <i aria-hidden="true" class="heat-failed" /> failed
        </span>
        {slowAt !== undefined && (
          <span>
            <i aria-hidden="true" class="heat-dash" /> slow from {shown(slow!)}
          </span>
        )}
        <button
          type="button"
          class="link"
          aria-expanded={isTable.value}
          onClick={() => (isTable.value = !isTable.value)}
        >
          {isTable.value ? 'Hide table' : 'Show as table'}
        </button>
      </p>
      {isTable.value && <HeatTable cells={cells} rows={rows} shown={shown} />}
    </div>
  );
}

function Scale({
  rows,
  rowHeight,
  shown,
}: {
  readonly rows: HeatMapProps['heat']['rows'];
  readonly rowHeight: number;
  readonly shown: (value: number) => string;
}) {
  return (
    <div class="heat-scale" aria-hidden="true">
      {rows.map(({ from }, i) =>
        isRound(from, rows.length) ? (
          <span key={from} style={{ top: `${(i + 1) * rowHeight - 6}px` }}>
            {shown(from)}
          </span>
        ) : null,
      )}
    </div>
  );
}

/** Powers of ten have a label and, where there is room, twice and five times these. */
function isRound(value: number, rows: number): boolean {
  const mantissa = Number(value.toExponential().split('e')[0]);
  return mantissa === 1 || (rows <= ROWS_WITH_LABELS_MAX && (mantissa === 2 || mantissa === 5));
}

function Cell({
  cell,
  step,
  rowHeight,
}: {
  readonly cell: HeatCell;
  readonly step: number;
  readonly rowHeight: number;
}) {
  const { column, row, requests, failed, strength } = cell;
  const isFailed = failed / requests >= FAILED_SHARE;
  const [x, y] = [column * step + GAP / 2, row * rowHeight + GAP / 2];
  const [width, height] = [Math.max(1, step - GAP), Math.max(1, rowHeight - GAP)];
  return (
    <>
      <rect class={isFailed ? 'heat-failed' : `heat-${strength}`} x={x} y={y} width={width} height={height} />
      {failed > 0 && !isFailed && <rect class="heat-failed" x={x} y={y + height - 2} width={width} height={2} />}
    </>
  );
}

function Chosen({
  from,
  to,
  step,
  rowHeight,
}: {
  readonly from: Place;
  readonly to: Place;
  readonly step: number;
  readonly rowHeight: number;
}) {
  const [left, right] = [Math.min(from[0], to[0]), Math.max(from[0], to[0])];
  const [top, bottom] = [Math.min(from[1], to[1]), Math.max(from[1], to[1])];
  return (
    <rect
      class="heat-chosen"
      x={left * step}
      y={top * rowHeight}
      width={(right - left + 1) * step}
      height={(bottom - top + 1) * rowHeight}
    />
  );
}

function Tip({
  cell,
  time,
  latency,
  x,
}: {
  readonly cell: HeatCell | undefined;
  readonly time: string;
  readonly latency: string;
  readonly x: number;
}) {
  return (
    <div class="tip heat-tip" style={{ left: `${x}px` }}>
      <b>{time}</b>
      <span>
        {latency} <em>{cell === undefined ? 'none' : count(cell.requests)}</em>
      </span>
      {cell !== undefined && cell.failed > 0 && (
        <span>
          <i class="swatch bar-error" /> failed <em>{count(cell.failed)}</em>
        </span>
      )}
    </div>
  );
}

function timeText(ms: number, stepMs: number): string {
  return stepMs < 60e3 ? `${secondsText(ms)} – ${secondsText(ms + stepMs)}` : rangeText(ms, ms + stepMs);
}

function HeatTable({
  cells,
  rows,
  shown,
}: {
  readonly cells: readonly HeatCell[];
  readonly rows: HeatMapProps['heat']['rows'];
  readonly shown: (value: number) => string;
}) {
  const sum = (own: readonly HeatCell[], of: (cell: HeatCell) => number): number =>
    own.reduce((all, cell) => all + of(cell), 0);
  return (
    <table class="table">
      <caption class="hidden-text">Requests by latency</caption>
      <thead>
        <tr>
          <th scope="col" class="left">
            Latency
          </th>
          <th scope="col">Requests</th>
          <th scope="col">Failed</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ from, to }, i) => {
          const own = cells.filter(({ row }) => row === i);
          return (
            <tr key={from}>
              <th scope="row" class="left">
                {shown(from)} – {shown(to)}
              </th>
              <td>
                {counted(
                  sum(own, ({ requests }) => requests),
                  'request',
                )}
              </td>
              <td>{count(sum(own, ({ failed }) => failed))}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
