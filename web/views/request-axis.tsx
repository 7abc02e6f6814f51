/** The lines of a request on its axis, a lane for each pod. */
import type { RequestAnswer } from '../../shared/client/answers.ts';
import { podName } from '../../shared/readable-line/pod-name.ts';
import { LevelIcon } from '../parts/icon.tsx';
import { counted } from '../../shared/counted.ts';
import { milliseconds } from '../parts/numbers.ts';
import { podClassOf } from '../state/known-hues.ts';
import type { Lane, Lanes } from './request-lanes.ts';

type RequestLine = RequestAnswer['lines'][number];

interface AxisProps {
  readonly lanes: Lanes;
  readonly lines: readonly RequestLine[];
  readonly chosen: number | undefined;
  readonly onChoose: (line: number) => void;
}

export function Axis({ lanes: { lanes, ticks }, lines, chosen, onChoose }: AxisProps) {
  const percent = (share: number): string => `${(share * 100).toFixed(3)}%`;
  return (
    <div class="lanes">
      <div class="lanes-head">{counted(lanes.length, 'pod')}</div>
      <div class="lanes-axis" aria-hidden="true">
        <div class="lane-track">
          {ticks.map(({ at, ms }, i) => (
            <span key={ms} class={i === 0 ? 'is-first' : undefined} style={{ left: percent(at) }}>
              {i === 0 ? '0' : milliseconds(ms)}
            </span>
          ))}
        </div>
      </div>
      {lanes.map((lane) => (
        <LaneRow key={`${lane.pod} ${lane.container}`} lane={lane} lines={lines} chosen={chosen} onChoose={onChoose}>
          {ticks.map(({ at, ms }) => (
            <span key={ms} class="lane-grid" style={{ left: percent(at) }} />
          ))}
        </LaneRow>
      ))}
    </div>
  );
}

interface LaneProps extends Omit<AxisProps, 'lanes'> {
  readonly lane: Lane;
  readonly children: preact.ComponentChildren;
}

function LaneRow({ lane, lines, chosen, onChoose, children }: LaneProps) {
  const labels = lines[lane.marks[0]?.line ?? 0]!.labels;
  const name = podName(labels, false);
  const color = podClassOf(labels, name);
  const percent = (share: number): string => `${(share * 100).toFixed(3)}%`;
  return (
    <>
      <div class={`lane-name ${color}`} title={lane.pod}>
        {name}
      </div>
      <div class="lane">
        <div class="lane-track">
          {children}
          {lane.gaps.map(({ from, to, ms }) => (
            <span key={from} class={`lane-gap ${color}`} style={{ left: percent(from), width: percent(to - from) }}>
              <span class="not-phone">{milliseconds(ms)} without a line in any pod</span>
            </span>
          ))}
          {lane.bars.map(({ from, to, line }) => (
            <span key={line} class={`lane-bar ${color}`} style={{ left: percent(from), width: percent(to - from) }} />
          ))}
          {lane.marks.map(({ at, line }) => (
            <button
              key={line}
              type="button"
              class={`lane-mark${chosen === line ? ' is-chosen' : ''}`}
              style={{ left: percent(at) }}
              aria-label={`Line ${line + 1}, ${lines[line]!.level ?? 'no level'}, at ${milliseconds(lines[line]!.offset_ms)}`}
              onClick={() => onChoose(line)}
            >
              {lines[line]!.level === undefined ? (
                <span class="plain-mark" />
              ) : (
                <LevelIcon level={lines[line]!.level} />
              )}
            </button>
          ))}
        </div>
      </div>
    </>
  );
}
