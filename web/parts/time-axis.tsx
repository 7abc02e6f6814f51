/** The axis of times below a chart: round times of the zone that is shown. */
import { minutesText, offsetText, secondsText, shortDayText } from '../state/clock.ts';
import { ticksOf } from './bars-layout.ts';

const TICK_WIDTH = 110;
const DAYS_FROM_MS = 2 * 86_400e3;
const SECONDS_UP_TO_MS = 300e3;
/** A label that would be cut by the edge is left out. */
const EDGE = 14;

export interface TimeAxisProps {
  readonly fromMs: number;
  readonly toMs: number;
  /** Width of the chart, in pixels. */
  readonly width: number;
}

export function TimeAxis({ fromMs, toMs, width }: TimeAxisProps) {
  const ticks = ticksOf(fromMs, toMs, width / TICK_WIDTH, zoneOffsetMs(fromMs));
  const rangeMs = toMs - fromMs;
  const text = rangeMs > DAYS_FROM_MS ? shortDayText : rangeMs < SECONDS_UP_TO_MS ? secondsText : minutesText;
  return (
    <div class="axis" aria-hidden="true">
      {ticks.map((ms) => {
        const x = ((ms - fromMs) / rangeMs) * width;
        return x < EDGE || x > width - EDGE ? null : (
          <span key={ms} style={{ left: `${x}px` }}>
            {text(ms)}
          </span>
        );
      })}
    </div>
  );
}

function zoneOffsetMs(ms: number): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):(\d\d)/.exec(offsetText(ms)) ?? ['', '+', '0', '0'];
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3_600e3 + Number(minutes) * 60e3);
}
