/** What changed, on an axis of time: a dashed line over the whole chart, and below it the workload with what happened. */
import { addressOf, QUESTION_DEFAULT } from '../state/address.ts';
import { fullText } from '../state/clock.ts';
import type { Change } from '../state/change.ts';
import { Icon } from './icon.tsx';

export interface ChangesProps {
  readonly changes: readonly Change[];
  readonly fromMs: number;
  readonly toMs: number;
}

const AROUND_MS = 300e3;
/** A label that does not fit before the next one has only its icon; nearer ones share it. */
const CHAR_WIDTH = 6.6;
const ICON_WIDTH = 26;
const LABEL_CHARS_MAX = 28;

export function ChangeLines({ changes, fromMs, toMs }: ChangesProps) {
  const place = ({ ms }: Change): string => `${(((ms - fromMs) / (toMs - fromMs)) * 100).toFixed(3)}%`;
  return (
    <div class="change-lines" aria-hidden="true">
      {changes.map((change) => (
        <span key={change.time + change.workload} class={toneOf(change)} style={{ left: place(change) }} />
      ))}
    </div>
  );
}

export function ChangeIcon({ kind }: Pick<Change, 'kind'>) {
  if (kind !== 'oom') return <Icon name={kind} />;
  return (
    <svg class="level-icon level-fatal" viewBox="0 0 16 16" aria-hidden="true">
      <path class="ground" d="M8 .8 15.2 8 8 15.2.8 8z" />
      <path class="sign" d="m6 6 4 4m0-4-4 4" />
    </svg>
  );
}

const toneOf = ({ kind }: Change): string => (kind === 'deploy' ? '' : 'is-bad');

/** The first of the worst kind. */
function gravest(changes: readonly Change[]): Change {
  const of = (kind: Change['kind']): Change | undefined => changes.find((change) => change.kind === kind);
  return of('oom') ?? of('restart') ?? changes[0]!;
}

interface Label {
  readonly x: number;
  readonly changes: readonly Change[];
  readonly text: string;
}

export function ChangeLabels({ changes, fromMs, toMs, width }: ChangesProps & { readonly width: number }) {
  const labels = labelsOf(changes, (ms) => ((ms - fromMs) / (toMs - fromMs)) * width, width);
  if (labels.length === 0) return null;
  return (
    <ul class="change-labels" aria-label="What changed">
      {labels.map(({ x, changes: own, text }) => (
        <li key={own[0]!.time} class={toneOf(gravest(own))} style={{ left: `${x}px` }}>
          <a
            data-view
            href={aroundOf(own)}
            title={own.map((each) => `${fullText(each.time)}: ${each.text}`).join('\n')}
          >
            <ChangeIcon kind={gravest(own).kind} />
            {text} <span class="hidden-text">{own.map((each) => each.text).join('; ')}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

export function labelsOf(changes: readonly Change[], place: (ms: number) => number, width: number): readonly Label[] {
  const groups: { x: number; changes: Change[] }[] = [];
  for (const change of changes.toSorted((a, b) => a.ms - b.ms)) {
    const x = place(change.ms);
    const last = groups.at(-1);
    if (last !== undefined && x - last.x < ICON_WIDTH) last.changes.push(change);
    else groups.push({ x, changes: [change] });
  }
  return groups.map((group, i) => {
    const { workload, note } = gravest(group.changes);
    const rest = group.changes.length - 1;
    const whole = `${workload} ${note}`.trim().slice(0, LABEL_CHARS_MAX) + (rest === 0 ? '' : ` +${rest}`);
    const room = (groups[i + 1]?.x ?? width) - group.x - ICON_WIDTH;
    const short = rest === 0 ? '' : `${group.changes.length}`;
    return { ...group, text: whole.length * CHAR_WIDTH <= room ? whole : short };
  });
}

/** The changes as lines, in the time around them. */
function aroundOf(changes: readonly Change[]): string {
  const [first, last] = [changes[0]!, changes.at(-1)!];
  const since = new Date(first.ms - AROUND_MS).toISOString();
  const until = new Date(last.ms + AROUND_MS).toISOString();
  const kinds = new Set(changes.map(({ kind }) => (kind === 'deploy' ? 'source:changes' : 'stream:podlog')));
  const q = kinds.size === 1 ? [...kinds].join('') : `(${[...kinds].join(' or ')})`;
  return addressOf({ kind: 'explore' }, { ...QUESTION_DEFAULT, since, until, q });
}
