/** A request: all its lines of all pods on one time axis, its slowest step, and where it failed. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { LogRow, RequestAnswer } from '../../shared/client/answers.ts';
import { AnswerError, askJson } from '../../shared/client/client.ts';
import { podName } from '../../shared/readable-line/pod-name.ts';
import { readableLine } from '../../shared/readable-line/readable-line.ts';
import { fieldsOf, parseWritten } from '../../shared/readable-line/json-fields.ts';
import type { Segment } from '../../shared/readable-line/segment.ts';
import { LineText } from '../lines/line-text.tsx';
import { podClassOf } from '../state/known-hues.ts';
import { BackButton } from '../parts/back-button.tsx';
import { Fact } from '../parts/fact.tsx';
import { Failure } from '../parts/failure.tsx';
import { Icon, LevelIcon } from '../parts/icon.tsx';
import { counted } from '../../shared/counted.ts';
import { milliseconds } from '../parts/numbers.ts';
import { copy } from '../state/said.ts';
import { quoted } from '../search/edit.ts';
import { addressOf, type Question, QUESTION_DEFAULT } from '../state/address.ts';
import { clockText, fullText } from '../state/clock.ts';
import { useLoaded } from '../state/loaded.ts';
import { connection } from '../state/session.ts';
import { Axis } from './request-axis.tsx';
import './request.css';
import { lanesOf } from './request-lanes.ts';
import { SameFailure } from './same-failure.tsx';

type RequestLine = RequestAnswer['lines'][number];

const NO_WORDS: readonly string[] = [];
/** Around the request, so that its neighbours are found, too. */
const EXPLORE_MARGIN_MS = 60_000;
const SLOW_MS = 500;
/** Lines of one request are distinguished by tenths of a millisecond. */
const MS = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export function Request({ id }: { readonly id: string }) {
  const loaded = useLoaded(
    (ended) => askJson<RequestAnswer>(connection(), `/requests/${encodeURIComponent(id)}`, {}, ended),
    [id],
  );
  const { value, error } = loaded.value;
  useEffect(() => {
    if (value !== undefined) document.title = `${titleOf(value)}, podlog`;
  }, [value]);
  return (
    <div class="pane">
      <p class="crumbs">
        <BackButton />
        <span class="dim">Request</span> <span class="mono break-all">{id}</span>
        <button
          type="button"
          class="icon-button"
          aria-label="Copy the id"
          title="Copy the id"
          onClick={() => void copy(id, 'Id copied')}
        >
          <Icon name="copy" />
        </button>
      </p>
      {error !== undefined && (isUnknown(error) ? <NoLine id={id} /> : <Failure what="The request" error={error} />)}
      {value !== undefined && <Answer answer={value} />}
      {value === undefined && !isUnknown(error) && <h1 class="hidden-text">Request</h1>}
      {value === undefined && error === undefined && <div class="skeleton-lines" aria-busy="true" />}
    </div>
  );
}

function isUnknown(error: unknown): boolean {
  return error instanceof AnswerError && error.status === 404;
}

function NoLine({ id }: { readonly id: string }) {
  const anyTime = { ...QUESTION_DEFAULT, since: '', q: quoted(id) };
  return (
    <div class="nothing-found">
      <h1>No line has this request id.</h1>
      <p>It is looked for as a whole, in fields such as request_id, correlation_id and trace_id.</p>
      <div class="offers">
        <a class="button" data-view href={addressOf({ kind: 'explore' }, anyTime)}>
          <Icon name="search" /> Lines with this text
        </a>
      </div>
    </div>
  );
}

function titleOf({ method, path, status, failed, found_by: foundBy }: RequestAnswer): string {
  const what = [method, path].filter((each) => each !== undefined).join(' ');
  const end = status === undefined ? (failed ? 'failed' : '') : String(status);
  return what === '' ? foundBy : `${what} ${end}`;
}

function Answer({ answer }: { readonly answer: RequestAnswer }) {
  const { method, path, status, failed, first_error: firstError, slowest, longest_gap: gap } = answer;
  const chosen = useSignal<number | undefined>(undefined);
  const step = slowest ?? gap;
  const isEven = useSignal(false);
  const lanes = lanesOf(answer, isEven.value);
  const range = {
    since: new Date(Date.parse(answer.start) - EXPLORE_MARGIN_MS).toISOString(),
    until: new Date(Date.parse(answer.end) + EXPLORE_MARGIN_MS).toISOString(),
  };
  const q = `${answer.found_by}:${quoted(answer.id)}`;
  const show = (line: number): void => {
    chosen.value = line;
    document.getElementById(`request-line-${line}`)?.scrollIntoView({ block: 'nearest' });
  };
  return (
    <>
      <h1>
        {(method !== undefined || path !== undefined) && (
          <span class="mono">
            {method} {path}{' '}
          </span>
        )}
        {status === undefined ? (
          failed ? (
            'failed'
          ) : (
            'Request'
          )
        ) : failed ? (
          <>
            failed with <span class="tone-error">{status}</span>
          </>
        ) : (
          `answered ${status}`
        )}
      </h1>
      <dl class="facts">
        <Fact name="Started">
          <span title={fullText(answer.start)}>{clockText(answer.start)}</span>
        </Fact>
        <Fact name="Duration">
          <span class={answer.duration_ms >= SLOW_MS ? 'tone-warn' : undefined}>
            {milliseconds(answer.duration_ms)}
          </span>
        </Fact>
        {answer.user_id !== undefined && (
          <Fact name="User">
            <a data-view href={addressOf({ kind: 'user', id: answer.user_id }, QUESTION_DEFAULT)}>
              {answer.user_id}
            </a>
          </Fact>
        )}
        <Fact name="Lines">
          {answer.line_count} in {counted(answer.pods.length, 'pod')}
        </Fact>
        {firstError !== undefined && (
          <Fact name="First error">
            <button type="button" class="link tone-error" onClick={() => show(firstError.line)}>
              {podOf(answer.lines[firstError.line])}, at {milliseconds(firstError.offset_ms)}
            </button>
          </Fact>
        )}
        {step !== undefined && step.ms > 0 && (
          <Fact name={step.kind === 'gap' ? 'Longest gap' : 'Slowest step'}>
            <button type="button" class="link" onClick={() => show(step.line)}>
              {podOf(answer.lines[step.line])}, {milliseconds(step.ms)}
              {step.message !== undefined && ` until “${step.message}”`}
            </button>
          </Fact>
        )}
      </dl>
      <div class="lanes-scale">
        <span class="segmented" role="group" aria-label="Axis">
          <button type="button" aria-pressed={!isEven.value} onClick={() => (isEven.value = false)}>
            Time
          </button>
          <button type="button" aria-pressed={isEven.value} onClick={() => (isEven.value = true)}>
            Even
          </button>
        </span>
        <span class="dim">{isEven.value ? 'Lines are equally far apart.' : ''}</span>
      </div>
      <Axis lanes={lanes} lines={answer.lines} chosen={chosen.value} onChoose={show} />
      {failed && <SameFailure answer={answer} />}
      <h2>
        {counted(answer.lines.length, 'line')}, oldest first
        <small>bars on the axis come from duration fields; a line without one is a point</small>
      </h2>
      {answer.cut === true && (
        <p class="dim">
          {answer.lines.length} of {answer.line_count} lines are shown.
        </p>
      )}
      <div class="request-lines" tabIndex={0} role="region" aria-label="Lines of the request">
        <table>
          <thead>
            <tr>
              <th scope="col">Since start, ms</th>
              <th scope="col" class="not-phone">
                Gap, ms
              </th>
              <th scope="col">
                <span class="hidden-text">Level</span>
              </th>
              <th scope="col" class="left">
                Pod
              </th>
              <th scope="col" class="left">
                Line
              </th>
            </tr>
          </thead>
          <tbody>
            {answer.lines.map((line, i) => (
              <Line
                key={i}
                line={line}
                index={i}
                isChosen={chosen.value === i}
                totalMs={answer.duration_ms}
                explore={{ ...QUESTION_DEFAULT, q, ...range }}
              />
            ))}
          </tbody>
        </table>
      </div>
      <div class="row-of-buttons">
        <a class="button" data-view href={addressOf({ kind: 'explore' }, { ...QUESTION_DEFAULT, q, ...range })}>
          <Icon name="search" /> Open in Explore
        </a>
        <a
          class="button"
          data-view
          href={addressOf({ kind: 'explore' }, { ...QUESTION_DEFAULT, q: podsText(answer), ...range, order: 'oldest' })}
        >
          <Icon name="context" /> Everything in these pods around it
        </a>
        <button type="button" class="button" onClick={() => void copy(location.href, 'Link copied')}>
          <Icon name="link" /> Copy link
        </button>
      </div>
    </>
  );
}

interface LineProps {
  readonly line: RequestLine;
  readonly index: number;
  readonly isChosen: boolean;
  readonly totalMs: number;
  /** Finds the lines of the request, and what is near. */
  readonly explore: Question;
}

function Line({ line, index, isChosen, totalMs, explore }: LineProps) {
  const name = podName(line.labels, false);
  const contextHref = addressOf({ kind: 'explore' }, { ...explore, line: line.time, context: 'all' });
  const isLong = line.gap_ms >= totalMs * 0.2 && totalMs > 0 && index > 0;
  return (
    <tr id={`request-line-${index}`} class={`request-line is-${line.level ?? 'none'}${isChosen ? ' is-chosen' : ''}`}>
      <td class="num">
        <a class="to-context" data-view href={contextHref} title="The lines around this one, of all pods">
          {line.offset_ms < 0.001 ? '0' : `+${MS.format(line.offset_ms)}`}
        </a>
      </td>
      <td class={`num not-phone${isLong ? ' tone-warn' : ' dim'}`}>{index === 0 ? '' : MS.format(line.gap_ms)}</td>
      <td class="level">
        <LevelIcon level={line.level} />
      </td>
      <td class={`pod left ${podClassOf(line.labels, name)}`}>{name}</td>
      <td class="left text">
        <LineText segments={segmentsOf(line)} words={NO_WORDS} openId={undefined} />
      </td>
    </tr>
  );
}

/** Without the ids, which all lines have in common. */
function segmentsOf(line: RequestLine): readonly Segment[] {
  return readableLine({ labels: line.labels, level: line.level, fields: fieldsIn(line), line: line.line }).filter(
    ({ kind }) => kind !== 'id',
  );
}

function fieldsIn({ line }: Pick<LogRow, 'line'>) {
  try {
    const parsed = parseWritten(line);
    return typeof parsed === 'object' && parsed !== null ? fieldsOf(parsed) : [];
  } catch {
    return [];
  }
}

function podOf(line: RequestLine | undefined): string {
  return line === undefined ? '' : podName(line.labels, false).split('·')[0]!;
}

function podsText({ pods }: RequestAnswer): string {
  return `pod:${pods.map(({ labels }) => quoted(labels['pod'] ?? '')).join(',')}`;
}
