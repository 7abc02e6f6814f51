/** Erases a user: what would go, the id typed as a consent, the progress, and the proof that nothing is left. */
import { quotedText } from '../search/literal.ts';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { AggregateAnswer, Erasure, ErasurePreview, Histogram } from '../../shared/client/answers.ts';
import { askJson, changeJson } from '../../shared/client/client.ts';
import { USER_ID_NAMES } from '../../shared/request-names.ts';
import { Failure } from '../parts/failure.tsx';
import { count, counted } from '../../shared/counted.ts';
import { quoted } from '../search/edit.ts';
import { clockText, dayText, fullText, shortDayText, zone } from '../state/clock.ts';
import { addressOf, QUESTION_DEFAULT } from '../state/address.ts';
import { useLoaded } from '../state/loaded.ts';
import { messageOf } from '../state/message-of.ts';
import { saveFile } from '../state/save-file.ts';
import { connection, noticeRevoked, session } from '../state/session.ts';

const POLL_MS = 500;
const DAYS_SHOWN = 14;

/** All that a user's lines are found by; any other mention of the id is of the reader's own judgement. */
function searchOf(id: string): string {
  return USER_ID_NAMES.map((name) => `${/^[\w.]+$/.test(name) ? name : `"${name}"`}:${quoted(id)}`).join(' or ');
}

export function Erase({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const search = searchOf(id);
  const preview = useLoaded((ended) => askPreview(search, id, ended), [id]);
  const typed = useSignal('');
  const erasure = useSignal<Erasure | undefined>(undefined);
  const problem = useSignal<unknown>(undefined);
  const isAsking = useSignal(false);
  const { value, error } = preview.value;
  const box = useRef<HTMLElement>(null);
  useEffect(() => box.current?.scrollIntoView({ block: 'nearest' }), [value, erasure.value?.id]);
  const erase = async (): Promise<void> => {
    if (typed.value !== id || isAsking.value) return;
    isAsking.value = true;
    problem.value = undefined;
    try {
      erasure.value = await changeJson<Erasure>(connection(), 'DELETE', '/logs', { search });
    } catch (failure) {
      noticeRevoked(failure);
      problem.value = failure;
    } finally {
      isAsking.value = false;
    }
  };
  return (
    <section class="erase" ref={box} aria-label={`Erase user ${id}`}>
      <h2>Erase user {id}</h2>
      {error !== undefined && <Failure what="The preview" error={error} />}
      {value === undefined && error === undefined && <div class="skeleton-lines" aria-busy="true" />}
      {erasure.value !== undefined ? (
        <Proof id={id} search={search} started={erasure.value} />
      ) : (
        value !== undefined && (
          <>
            <p>
              This removes <b>{counted(value.rows, 'line')}</b> of user {id} from all {scopeText()}, the write-ahead log
              and the backups. It cannot be undone.
            </p>
            <Preview preview={value} />
            {value.mentions > 0 && (
              <p class="dim">
                <a
                  class="link"
                  data-view
                  href={addressOf(
                    { kind: 'explore' },
                    { ...QUESTION_DEFAULT, q: `${quotedText(id)} -(${search})`, since: '' },
                  )}
                >
                  {counted(value.mentions, 'more line')}
                </a>{' '}
                only mention {id}, and stay.
              </p>
            )}
            {value.rows === 0 ? (
              <p>There is nothing to erase.</p>
            ) : (
              <form
                class="erase-form"
                onSubmit={(event) => {
                  event.preventDefault();
                  void erase();
                }}
              >
                <label>
                  Type {id} to go on
                  <input
                    type="text"
                    autocomplete="off"
                    spellcheck={false}
                    value={typed.value}
                    onInput={(event) => (typed.value = event.currentTarget.value)}
                  />
                </label>
                <button type="submit" class="button is-danger" disabled={typed.value !== id || isAsking.value}>
                  Erase {counted(value.rows, 'line')}
                </button>
                <button type="button" class="button" onClick={onClose}>
                  Keep them
                </button>
              </form>
            )}
            {problem.value !== undefined && (
              <p class="tone-error" role="alert">
                Nothing was erased. {messageOf(problem.value)}
              </p>
            )}
          </>
        )
      )}
    </section>
  );
}

function scopeText(): string {
  const { namespaces = 'all' } = session.value ?? {};
  return namespaces === 'all' ? 'namespaces' : `that this token sees (${namespaces.join(', ')})`;
}

function momentText(time: string): string {
  return `${shortDayText(Date.parse(time))} ${clockText(time)}`;
}

interface UserPreview extends ErasurePreview {
  readonly days: readonly { readonly time: string; readonly rows: number }[];
  readonly mentions: number;
}

async function askPreview(search: string, id: string, ended: AbortSignal): Promise<UserPreview> {
  const [plan, days, mentions] = await Promise.all([
    changeJson<ErasurePreview>(connection(), 'DELETE', '/logs', { search, dry_run: true }, ended),
    askJson<Histogram>(connection(), '/histogram', { search, step: '1d', tz: zone.peek() }, ended),
    askJson<AggregateAnswer>(connection(), '/aggregate', { search: `${quotedText(id)} -(${search})` }, ended),
  ]);
  return {
    ...plan,
    days: days.buckets.filter(({ total }) => total > 0).map(({ time, total }) => ({ time, rows: total })),
    mentions: mentions.groups[0]?.rows ?? 0,
  };
}

function Preview({ preview: { namespaces, days } }: { readonly preview: UserPreview }) {
  const shown = days.slice(-DAYS_SHOWN).toReversed();
  return (
    <div class="erase-preview">
      <Counts title="Namespace" rows={namespaces.map(({ namespace, rows }) => [namespace || '(none)', rows])} />
      <Counts title="Day" rows={shown.map(({ time, rows }) => [shortDayText(Date.parse(time)), rows])} />
      {days.length > shown.length && <p class="dim">and on {counted(days.length - shown.length, 'day')} before</p>}
    </div>
  );
}

function Counts({ title, rows }: { readonly title: string; readonly rows: readonly (readonly [string, number])[] }) {
  return (
    <table class="table">
      <thead>
        <tr>
          <th scope="col" class="left">
            {title}
          </th>
          <th scope="col">Lines</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, own]) => (
          <tr key={name}>
            <td class="left">{name}</td>
            <td class="num">{count(own)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface ProofProps {
  readonly id: string;
  readonly search: string;
  readonly started: Erasure;
}

/** Asks how far the erasure is until it is done, and then for what is left. */
function Proof({ id, search, started }: ProofProps) {
  const erasure = useSignal(started);
  const left = useSignal<number | undefined>(undefined);
  const problem = useSignal<unknown>(undefined);
  const attempt = useSignal(0);
  useEffect(() => {
    const ended = new AbortController();
    const follow = async (): Promise<void> => {
      try {
        for (;;) {
          erasure.value = await askJson<Erasure>(connection(), `/erasures/${started.id}`, {}, ended.signal);
          if (erasure.value.state === 'done' || erasure.value.problem !== undefined) break;
          await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        }
        const { groups } = await askJson<AggregateAnswer>(connection(), '/aggregate', { search }, ended.signal);
        left.value = groups[0]?.rows ?? 0;
      } catch (error) {
        if (ended.signal.aborted) return;
        noticeRevoked(error);
        problem.value = error;
      }
    };
    void follow();
    return () => ended.abort();
  }, [started.id, attempt.value]);
  const { state, segments, rows, done, requested, remembered_until: remembered, problem: trouble } = erasure.value;
  const isDone = state === 'done' && left.value !== undefined;
  const proof = (): string =>
    `${JSON.stringify({ user: id, search, erasure: erasure.value, found_after: left.value, checked: new Date().toISOString() }, undefined, 2)}\n`;
  return (
    <div class="erase-proof" role="status">
      {problem.value !== undefined && (
        <Failure
          what="The state of the erasure"
          error={problem.value}
          again={() => {
            problem.value = undefined;
            attempt.value++;
          }}
        />
      )}
      {trouble !== undefined && <p class="tone-error">{trouble}</p>}
      {!isDone && problem.value === undefined && (
        <>
          <p>
            Erasing: {count(segments.done)} of {counted(segments.total, 'segment')} done.
          </p>
          <progress value={segments.done} max={Math.max(1, segments.total)} aria-label="Segments done" />
        </>
      )}
      {isDone && (
        <>
          <p>
            <b class={left.value === 0 ? 'tone-ok' : 'tone-error'}>
              {counted(left.value!, 'line')} of user {id} found.
            </b>{' '}
            {counted(rows, 'line')} erased from {counted(segments.total, 'segment')}, the write-ahead log and the
            backups.
          </p>
          <dl class="facts">
            <div>
              <dt>Erasure</dt>
              <dd class="mono">{started.id}</dd>
            </div>
            <div>
              <dt>Requested</dt>
              <dd title={fullText(requested)}>{momentText(requested)}</dd>
            </div>
            {done !== null && (
              <div>
                <dt>Done</dt>
                <dd title={fullText(done)}>{momentText(done)}</dd>
              </div>
            )}
            <div>
              <dt>Lines that arrive late are erased</dt>
              <dd>
                {remembered === null ? 'no' : remembered === 'forever' ? 'for ever' : `until ${dayText(remembered)}`}
              </dd>
            </div>
          </dl>
          <button type="button" class="button" onClick={() => saveFile(`erasure-${started.id}.json`, [proof()])}>
            Save the proof
          </button>
        </>
      )}
    </div>
  );
}
