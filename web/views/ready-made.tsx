/** Two questions that are often asked, and are not a search for lines: requests that touched several pods, and the last lines of each container. */
import { useRef } from 'preact/hooks';
import type { AggregateAnswer, LogRow } from '../../shared/client/answers.ts';
import { askJson, askLines } from '../../shared/client/client.ts';
import { LineList } from '../lines/line-list.tsx';
import { useListKeys } from '../lines/list-keys.ts';
import type { List } from '../lines/virtual.ts';
import { Failure } from '../parts/failure.tsx';
import { count, counted } from '../../shared/counted.ts';
import { addressOf, QUESTION_DEFAULT } from '../state/address.ts';
import { useLoaded } from '../state/loaded.ts';
import { question, runCount } from '../state/navigation.ts';
import { asked } from '../state/search.ts';
import { access, connection } from '../state/session.ts';

const REQUESTS_MAX = 200;
const LAST_LINES = 20;
const NO_WORDS: readonly string[] = [];

export function ReadyMade({ kind }: { readonly kind: 'requests' | 'last' }) {
  if (access.value !== 'open') return <div class="skeleton-lines" aria-busy="true" />;
  return kind === 'requests' ? <Requests /> : <LastLines />;
}

function Requests() {
  const { value, error } = useLoaded(
    (ended) =>
      askJson<AggregateAnswer>(
        connection(),
        '/aggregate',
        {
          ...asked.peek(),
          by: 'request_id',
          request_id: '*',
          distinct: 'pod',
          having: 'distinct>1',
          order: 'distinct',
          limit: REQUESTS_MAX,
        },
        ended,
      ),
    [runCount.value],
  ).value;
  if (error !== undefined) return <Failure what="The requests" error={error} />;
  if (value === undefined) return <div class="skeleton-lines" aria-busy="true" />;
  const { since, until } = question.value;
  return (
    <div class="patterns" tabIndex={0} role="region" aria-label="Requests in several pods">
      <p class="differences-head">
        <span>
          <b>{counted(value.distinct, 'request')}</b> with lines in more than one pod.{' '}
          {value.distinct > value.groups.length && <span class="dim">Those with most pods are shown.</span>}
        </span>
      </p>
      <table class="table">
        <thead>
          <tr>
            <th scope="col" class="left">
              Request
            </th>
            <th scope="col">Pods</th>
            <th scope="col">Lines</th>
          </tr>
        </thead>
        <tbody>
          {value.groups.map(({ by, rows, distinct }) => {
            const id = by['request_id'] ?? '';
            return (
              <tr key={id}>
                <td class="left mono">
                  <a
                    class="link"
                    data-view
                    href={addressOf({ kind: 'request', id }, { ...QUESTION_DEFAULT, since, until })}
                  >
                    {id}
                  </a>
                </td>
                <td class="num">{count(distinct?.['pod'] ?? 0)}</td>
                <td class="num">{count(rows)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function LastLines() {
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<List | undefined>(undefined);
  const { value, error } = useLoaded(
    async (ended) => {
      const parameters = { ...asked.peek(), per: 'container', limit: LAST_LINES, order: 'newest' };
      const { rows } = await askLines(connection(), parameters, ended);
      return byContainer(rows);
    },
    [runCount.value],
  ).value;
  useListKeys(() => value ?? [], list, scroller);
  if (error !== undefined) return <Failure what="The last lines" error={error} />;
  if (value === undefined) return <div class="skeleton-lines" aria-busy="true" />;
  return (
    <>
      <p class="differences-head">
        The last {LAST_LINES} lines of each of {counted(new Set(value.map(containerOf)).size, 'container')}
      </p>
      <LineList
        rows={value}
        words={NO_WORDS}
        searchId={runCount.value}
        scroller={scroller}
        onList={(each) => (list.current = each)}
      />
    </>
  );
}

/** One after the other, each as in its file: the oldest first. */
function byContainer(rows: readonly LogRow[]): readonly LogRow[] {
  const groups = Map.groupBy(rows, containerOf);
  return [...groups.values()].flatMap((group) => group.toReversed());
}

function containerOf({ labels }: LogRow): string {
  return [labels['namespace'], labels['pod'], labels['container']].join('/');
}
