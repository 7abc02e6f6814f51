/** A user's requests in time, with status, duration and errors. */
import { useEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { UserAnswer, UserRequest } from '../../shared/client/answers.ts';
import { AnswerError, askJson } from '../../shared/client/client.ts';
import { BackButton } from '../parts/back-button.tsx';
import { Fact } from '../parts/fact.tsx';
import { useBoxWidth } from '../parts/box-width.ts';
import { Failure } from '../parts/failure.tsx';
import { Icon } from '../parts/icon.tsx';
import { count, counted } from '../../shared/counted.ts';
import { milliseconds } from '../parts/numbers.ts';
import { TimeAxis } from '../parts/time-axis.tsx';
import { quoted } from '../search/edit.ts';
import { addressOf, QUESTION_DEFAULT } from '../state/address.ts';
import { clockText, dayText, fullText, rangeText, zone } from '../state/clock.ts';
import { useLoaded } from '../state/loaded.ts';
import { ask, question, runCount } from '../state/navigation.ts';
import { connection, noticeRevoked, session } from '../state/session.ts';
import { Erase } from './erase.tsx';
import '../styles/panes.css';
import './user.css';

const PAGE_REQUESTS = 200;
const RANGES: readonly { readonly label: string; readonly since: string; readonly until: string }[] = [
  { label: '1 h', since: '1h', until: '' },
  { label: '24 h', since: '24h', until: '' },
  { label: '7 d', since: '7d', until: '' },
  { label: 'Today', since: 'today', until: '' },
  { label: 'Yesterday', since: 'yesterday', until: 'today' },
];
const SLOW_MS = 500;
const CHART_HEIGHT = 120;

export function User({ id }: { readonly id: string }) {
  const { since, until } = question.value;
  const loaded = useLoaded((ended) => askUser(id, since, until, ended), [id, since, until, runCount.value]);
  const { value, error } = loaded.value;
  useEffect(() => {
    document.title = `User ${id}, podlog`;
  }, [id]);
  return (
    <div class="pane">
      <p class="crumbs">
        <BackButton />
      </p>
      <div class="pane-head">
        <h1 class="break-all">User {id}</h1>
        <span class="segmented" role="group" aria-label="Range">
          {RANGES.map((range) => (
            <button
              key={range.label}
              type="button"
              aria-pressed={range.since === since && range.until === until}
              onClick={() => ask({ since: range.since, until: range.until })}
            >
              {range.label}
            </button>
          ))}
        </span>
      </div>
      {error !== undefined &&
        (isUnknown(error) ? <NoRequests id={id} /> : <Failure what="The user's requests" error={error} />)}
      {value !== undefined && <Answer key={`${since} ${until}`} answer={value} />}
      {value === undefined && error === undefined && <div class="skeleton-lines" aria-busy="true" />}
      {session.value?.scopes.includes('admin') === true && <Erasing key={id} id={id} />}
    </div>
  );
}

function isUnknown(error: unknown): boolean {
  return error instanceof AnswerError && error.status === 404;
}

function NoRequests({ id }: { readonly id: string }) {
  const { since, until } = question.value;
  return (
    <div class="nothing-found">
      <h2>No requests of this user in this range.</h2>
      <p>A request is a line that has the whole id, and two of method, path and status.</p>
      <div class="offers">
        {(since !== '7d' || until !== '') && (
          <button type="button" class="button" onClick={() => ask({ since: '7d', until: '' })}>
            Last 7 days
          </button>
        )}
        <a
          class="button"
          data-view
          href={addressOf({ kind: 'explore' }, { ...QUESTION_DEFAULT, since, until, q: quoted(id) })}
        >
          <Icon name="search" /> Lines with this text
        </a>
      </div>
    </div>
  );
}

/** A user without requests in the range may still have lines. */
function Erasing({ id }: { readonly id: string }) {
  const isOpen = useSignal(false);
  if (isOpen.value) return <Erase id={id} onClose={() => (isOpen.value = false)} />;
  return (
    <p class="erase-offer">
      <button type="button" class="button" onClick={() => (isOpen.value = true)}>
        Erase this user’s lines…
      </button>
    </p>
  );
}

function askUser(id: string, since: string, until: string, ended?: AbortSignal): Promise<UserAnswer> {
  const parameters = { since, until, tz: zone.peek(), limit: PAGE_REQUESTS };
  return askJson<UserAnswer>(connection(), `/users/${encodeURIComponent(id)}`, parameters, ended);
}

function Answer({ answer }: { readonly answer: UserAnswer }) {
  const { id, total } = answer;
  const requests = useSignal(answer.requests);
  const next = useSignal(answer.next?.until);
  const problem = useSignal<unknown>(undefined);
  const isAsking = useSignal(false);
  const more = async (): Promise<void> => {
    if (isAsking.value) return;
    isAsking.value = true;
    problem.value = undefined;
    try {
      const page = await askUser(id, answer.since, next.value!);
      requests.value = [...requests.value, ...page.requests];
      next.value = page.next?.until;
    } catch (error) {
      noticeRevoked(error);
      problem.value = error;
    } finally {
      isAsking.value = false;
    }
  };
  const { since, until } = question.value;
  const names = { ...QUESTION_DEFAULT, since, until };
  return (
    <>
      <dl class="facts">
        <Fact name="Requests">{count(total.requests)}</Fact>
        <Fact name="Failed" isBad={total.failed > 0}>
          {count(total.failed)}
        </Fact>
        {total.p50_ms !== undefined && <Fact name="p50">{milliseconds(total.p50_ms)}</Fact>}
        {total.p95_ms !== undefined && <Fact name="p95">{milliseconds(total.p95_ms)}</Fact>}
        <Fact name="Last">{clockText(total.last)}</Fact>
        <Fact name="Range">{rangeText(Date.parse(answer.since), Date.parse(answer.until))}</Fact>
      </dl>
      <Chart requests={requests.value} />
      <h2>
        {counted(requests.value.length, 'request')}, newest first
        <small>{total.requests > requests.value.length ? `of ${count(total.requests)}` : ''}</small>
      </h2>
      <div class="table-box" tabIndex={0} role="region" aria-label="Requests">
        <table class="table user-requests">
          <thead>
            <tr>
              <th scope="col" class="left">
                Time
              </th>
              <th scope="col" class="left">
                Request
              </th>
              <th scope="col">Status</th>
              <th scope="col">Duration</th>
              <th scope="col" class="left not-phone">
                Id
              </th>
              <th scope="col" class="left not-phone">
                Error
              </th>
            </tr>
          </thead>
          <tbody>
            {requests.value.map((request) => (
              <Row key={request.time + (request.request_id ?? '')} request={request} />
            ))}
          </tbody>
        </table>
      </div>
      {problem.value !== undefined && (
        <Failure what="The next requests" error={problem.value} again={() => void more()} />
      )}
      <div class="row-of-buttons">
        {next.value !== undefined && (
          <button type="button" class="button" disabled={isAsking.value} onClick={() => void more()}>
            Older requests
          </button>
        )}
        <a class="button" data-view href={addressOf({ kind: 'explore' }, { ...names, q: `user_id:${quoted(id)}` })}>
          <Icon name="search" /> All lines of this user
        </a>
        <a
          class="button"
          data-view
          href={addressOf({ kind: 'explore' }, { ...names, q: `user_id:${quoted(id)} level:error` })}
        >
          <Icon name="search" /> Errors of this user
        </a>
      </div>
    </>
  );
}

function Row({ request }: { readonly request: UserRequest }) {
  const { time, method, path, status, duration_ms: ms, failed, error, request_id: id } = request;
  const what = (
    <>
      <b>{method}</b> {path}
    </>
  );
  return (
    <tr class={failed ? 'is-failed' : undefined}>
      <td class="left mono num" title={fullText(time)}>
        {clockText(time)}
      </td>
      <td class="left mono request-path" title={path}>
        {id === undefined ? (
          what
        ) : (
          <a data-view href={requestAddress(id)}>
            {what}
          </a>
        )}
      </td>
      <td class={`num${failed ? ' tone-error' : ''}`}>{status}</td>
      <td class={`num${ms !== undefined && ms >= SLOW_MS ? ' tone-warn' : ''}`}>
        {ms === undefined ? '' : milliseconds(ms)}
      </td>
      <td class="left mono not-phone">
        {id !== undefined && (
          <a data-view href={requestAddress(id)}>
            {id.slice(0, 8)}
          </a>
        )}
      </td>
      <td class="left not-phone tone-error error-cell" title={error}>
        {error}
      </td>
    </tr>
  );
}

function requestAddress(id: string): string {
  return addressOf({ kind: 'request', id }, QUESTION_DEFAULT);
}

/** x is time, y the duration on a logarithmic scale. */
function Chart({ requests }: { readonly requests: readonly UserRequest[] }) {
  const timed = requests.filter(({ duration_ms: ms }) => ms !== undefined && ms > 0);
  if (timed.length < 2) return null;
  const times = timed.map(({ time }) => Date.parse(time));
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const logs = timed.map(({ duration_ms: ms }) => Math.log10(ms!));
  const [low, high] = [Math.floor(Math.min(...logs)), Math.ceil(Math.max(...logs) + 0.001)];
  const decades = Array.from({ length: high - low + 1 }, (_, i) => low + i);
  const yOf = (log: number): number => CHART_HEIGHT - ((log - low) / Math.max(1, high - low)) * (CHART_HEIGHT - 8) - 4;
  const failed = timed.filter((each) => each.failed).length;
  const label = `${counted(timed.length, 'request')} from ${dayText(timed.at(-1)!.time)} ${clockText(timed.at(-1)!.time)} to ${clockText(timed[0]!.time)}, ${failed} failed`;
  return (
    <>
      <div class="user-chart" role="img" aria-label={label}>
        {decades.map((decade) => (
          <span key={decade} class="user-chart-grid" style={{ top: `${yOf(decade)}px` }}>
            {decade > low && milliseconds(10 ** decade)}
          </span>
        ))}
        <div class="user-chart-plot">
          {timed.map((request, i) => (
            <span
              key={request.time + (request.request_id ?? '')}
              class={`user-chart-point${request.failed ? ' is-failed' : ''}`}
              style={{ left: `${((times[i]! - from) / Math.max(1, to - from)) * 100}%`, top: `${yOf(logs[i]!)}px` }}
            />
          ))}
        </div>
      </div>
      <Axis fromMs={from} toMs={Math.max(to, from + 1)} />
    </>
  );
}

function Axis(range: { readonly fromMs: number; readonly toMs: number }) {
  const box = useRef<HTMLDivElement>(null);
  const width = useBoxWidth(box);
  return (
    <div class="user-chart-axis" ref={box}>
      <TimeAxis {...range} width={width.value} />
    </div>
  );
}
