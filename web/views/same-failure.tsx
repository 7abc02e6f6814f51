/** How often requests of the same method and path ended as one did: around it, and in the day before. */
import type { AggregateAnswer, RequestAnswer } from '../../shared/client/answers.ts';
import { askJson, type Parameters } from '../../shared/client/client.ts';
import { counted } from '../../shared/counted.ts';
import { quoted, termText } from '../search/edit.ts';
import { addressOf, QUESTION_DEFAULT } from '../state/address.ts';
import { useLoaded } from '../state/loaded.ts';
import { connection } from '../state/session.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface Failures {
  readonly q: string;
  readonly shape: string;
  readonly around: number;
  readonly before: number;
}

export function SameFailure({ answer }: { readonly answer: RequestAnswer }) {
  const { method, status, id } = answer;
  const { value } = useLoaded((ended) => askFailures(answer, ended), [id]).value;
  if (value === undefined) return null;
  const { q, shape, around, before } = value;
  const range = aroundRange(answer);
  return (
    <p class="same-failure">
      <b>The same failure:</b>{' '}
      <a class="link" data-view href={addressOf({ kind: 'explore' }, { ...QUESTION_DEFAULT, q, ...range })}>
        {counted(around, 'request')}
      </a>{' '}
      of {method} {shape} ended with {status ?? 'an error'} within an hour of this one;{' '}
      {before === 0 ? 'none' : counted(before, 'request')} in the 24 h before.
    </p>
  );
}

function aroundRange({ start, end }: RequestAnswer, shiftMs = 0) {
  const since = new Date(Date.parse(start) - HOUR_MS - shiftMs).toISOString();
  const until = new Date(shiftMs > 0 ? Date.parse(start) - HOUR_MS : Date.parse(end) + HOUR_MS).toISOString();
  return { since, until };
}

/** Undefined for requests whose path is not called so. */
async function askFailures(answer: RequestAnswer, ended: AbortSignal): Promise<Failures | undefined> {
  const { id, found_by: foundBy, method, status } = answer;
  const ask = (parameters: Parameters) => askJson<AggregateAnswer>(connection(), '/aggregate', parameters, ended);
  const own = await ask({ search: `${foundBy}:${quoted(id)} path:*`, by: 'path.shape', limit: 1 });
  const shape = own.groups[0]?.by['path.shape'];
  if (shape === undefined || shape === '') return undefined;
  const terms = [`path.shape:${quoted(shape)}`, status === undefined ? 'level:error' : `status:${status}`];
  const q = (method === undefined ? terms : [termText('method', [method], false), ...terms]).join(' ');
  const [around, before] = await Promise.all(
    [aroundRange(answer), aroundRange(answer, DAY_MS)].map(async (range) => {
      const { groups } = await ask({ search: q, ...range, distinct: foundBy });
      return groups[0]?.distinct?.[foundBy] ?? 0;
    }),
  );
  return { q, shape, around: around!, before: before! };
}
