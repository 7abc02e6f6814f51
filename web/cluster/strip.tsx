/** What happened to a workload, on the axis that all of them share. */
import { counted } from '../../shared/counted.ts';
import { ChangeIcon } from '../parts/change-marks.tsx';
import { LevelIcon } from '../parts/icon.tsx';
import { clockText } from '../state/clock.ts';
import type { Activity } from './questions.ts';
import type { Happening, Workload } from './workloads.ts';

const WIDTH = 1_000;
const HEIGHT = 32;
const MIDDLE = 13;
const ERRORS_HEIGHT = 9;
/** One error must be seen. */
const ERROR_HEIGHT_MIN = 2;
/** Marks that are nearer, in shares of the width, are one. */
const NEAR = 0.022;

export interface StripProps {
  readonly workload: Workload;
  /** Undefined until it is known. */
  readonly activity: Activity | undefined;
}

export function Strip({ workload, activity }: StripProps) {
  if (activity === undefined) return <div class="strip" />;
  const { fromMs, toMs, steps, errorsMax, byKey } = activity;
  const own = byKey.get(workload.key);
  const step = WIDTH / steps;
  const share = (ms: number): number => (ms - fromMs) / (toMs - fromMs);
  const marks = marksOf(workload.happenings, share);
  return (
    <div class="strip" role="img" aria-label={sentenceOf(workload)}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        {runsOf(own?.lines ?? []).map(([first, end]) => (
          <rect
            key={first}
            class="strip-running"
            x={first * step}
            width={(end - first) * step}
            y={MIDDLE - 1}
            height={2}
          />
        ))}
        {(own?.errors ?? []).map((errors, i) =>
          errors === 0 ? null : (
            <rect
              key={i}
              class="bar-error"
              x={i * step + step * 0.25}
              width={step * 0.5}
              y={HEIGHT - 1 - heightOf(errors, errorsMax)}
              height={heightOf(errors, errorsMax)}
            />
          ),
        )}
      </svg>
      {marks.map(({ kind, at, own: happened }) => (
        <span
          key={`${kind} ${at}`}
          class={`strip-mark is-${kind}`}
          style={{ left: `${(at * 100).toFixed(2)}%` }}
          title={titleOf(happened)}
        >
          <Mark kind={kind} />
          {happened.length > 1 && <em>{happened.length}</em>}
        </span>
      ))}
    </div>
  );
}

export function Mark({ kind }: { readonly kind: Happening['kind'] }) {
  return kind === 'warning' ? <LevelIcon level="warn" /> : <ChangeIcon kind={kind} />;
}

interface MarkGroup {
  readonly kind: Happening['kind'];
  readonly at: number;
  readonly own: readonly Happening[];
}

/** Near ones of a kind are one mark; what is worse lies above. */
function marksOf(happenings: readonly Happening[], share: (ms: number) => number): readonly MarkGroup[] {
  const groups: { kind: Happening['kind']; at: number; own: Happening[] }[] = [];
  for (const happening of happenings) {
    const at = share(happening.ms);
    if (at < 0 || at > 1) continue;
    const last = groups.findLast(({ kind }) => kind === happening.kind);
    if (last !== undefined && at - last.at < NEAR) last.own.push(happening);
    else groups.push({ kind: happening.kind, at, own: [happening] });
  }
  const rank = ['deploy', 'warning', 'restart', 'oom'];
  return groups.toSorted((a, b) => rank.indexOf(a.kind) - rank.indexOf(b.kind));
}

/** Steps with lines, as pairs of the first and the end. */
function runsOf(lines: readonly number[]): readonly (readonly [number, number])[] {
  const first = lines.findIndex((count) => count > 0);
  const last = lines.findLastIndex((count) => count > 0);
  // A workload that is quiet for a while runs on: only its ends are known.
  return first < 0 ? [] : [[first, last + 1]];
}

/** On a logarithmic scale, which all workloads share. */
function heightOf(errors: number, most: number): number {
  return ERROR_HEIGHT_MIN + ((ERRORS_HEIGHT - ERROR_HEIGHT_MIN) * Math.log(errors)) / Math.log(Math.max(2, most));
}

function titleOf(happenings: readonly Happening[]): string {
  return happenings
    .slice(0, 8)
    .map(({ time, text }) => `${clockText(time).slice(0, 8)} ${text}`)
    .join('\n');
}

function sentenceOf({ name, happenings, errors }: Workload): string {
  const of = (kind: Happening['kind'], one: string, many = `${one}s`): string[] => {
    const own = happenings.filter((each) => each.kind === kind).length;
    return own === 0 ? [] : [counted(own, one, many)];
  };
  const parts = [
    ...of('oom', 'time out of memory', 'times out of memory'),
    ...of('restart', 'bad end of a container', 'bad ends of containers'),
    ...of('warning', 'warning'),
    ...of('deploy', 'deploy'),
    ...(errors === 0 ? [] : [counted(errors, 'error')]),
  ];
  return `${name}: ${parts.length === 0 ? 'nothing happened' : parts.join(', ')}`;
}
