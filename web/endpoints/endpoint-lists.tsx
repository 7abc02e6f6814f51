/** Why requests of an endpoint failed, and which took longest. */
import { oneLine } from '../../shared/readable-line/one-line.ts';
import { USER_ID_NAMES } from '../../shared/request-names.ts';
import { idAddress } from '../state/id-address.ts';
import { count, counted } from '../../shared/counted.ts';
import { Share } from '../parts/share.tsx';
import { addressOf, QUESTION_DEFAULT } from '../state/address.ts';
import { clockText, fullText } from '../state/clock.ts';
import { question } from '../state/navigation.ts';
import { durationShown } from './shown.ts';
import type { RequestFields } from './fields.ts';
import { type FailureKinds, fieldOf, REQUEST_IDS, type SlowRequest } from './questions-of-one.ts';

const ID_SHOWN = 8;

export function FailuresTable({ failures: { kinds, looked, isAll } }: { readonly failures: FailureKinds }) {
  const { since, until } = question.value;
  if (kinds.length === 0) {
    return (
      <>
        <h2>Errors by message</h2>
        <p class="dim">No request in this range failed.</p>
      </>
    );
  }
  const most = Math.max(...kinds.map((kind) => kind.count));
  return (
    <>
      <h2>
        Errors by message{' '}
        <small>
          of {isAll ? '' : 'the newest '}
          {counted(looked, 'failed request')}
        </small>
      </h2>
      <table class="table lists-table">
        <thead class="hidden-text">
          <tr>
            <th scope="col">Message</th>
            <th scope="col">Lines</th>
          </tr>
        </thead>
        <tbody>
          {kinds.map((kind) => (
            <tr key={kind.search}>
              <th scope="row" class="left message-cell">
                <a
                  data-view
                  href={addressOf({ kind: 'explore' }, { ...QUESTION_DEFAULT, since, until, q: kind.search })}
                  title={kind.text}
                >
                  {kind.from !== '' && <span class="dim">{kind.from}: </span>}
                  <bdi>{oneLine(kind.text)}</bdi>
                </a>
              </th>
              <td>
                <Share share={kind.count / most} text={count(kind.count)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

export interface SlowestProps {
  readonly requests: readonly SlowRequest[];
  readonly fields: RequestFields;
  readonly slowMs: number;
  readonly explore: (condition?: string) => string;
}

export function SlowestTable({ requests, fields, slowMs }: SlowestProps) {
  if (requests.length === 0) return null;
  return (
    <>
      <h2>Slowest requests</h2>
      <table class="table lists-table">
        <thead class="hidden-text">
          <tr>
            {['Duration', 'Time', 'Status', 'Request', 'User'].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {requests.map((request) => (
            <SlowRow key={request.row.cursor ?? request.row.time} request={request} fields={fields} slowMs={slowMs} />
          ))}
        </tbody>
      </table>
    </>
  );
}

function SlowRow({
  request: { row, ms },
  fields,
  slowMs,
}: {
  readonly request: SlowRequest;
  readonly fields: RequestFields;
  readonly slowMs: number;
}) {
  const isKnown = fields.unit.ms !== undefined;
  const status = fieldOf(row, fields.status) ?? '';
  return (
    <tr>
      <th scope="row" class={`left${isKnown && ms >= slowMs ? ' tone-warn' : ''}`}>
        {durationShown(ms, isKnown)}
      </th>
      <td class="left dim" title={fullText(row.time)}>
        {clockText(row.time).slice(0, 8)}
      </td>
      <td class={status.startsWith('5') ? 'tone-error strong' : undefined}>{status}</td>
      <Id row={row} names={REQUEST_IDS} label="" />
      <Id row={row} names={USER_ID_NAMES} label="user " />
    </tr>
  );
}

function Id({
  row,
  names,
  label,
}: {
  readonly row: SlowRequest['row'];
  readonly names: readonly string[];
  readonly label: string;
}) {
  const name = names.find((each) => (fieldOf(row, each) ?? '') !== '');
  if (name === undefined) return <td class={label === '' ? undefined : 'not-phone'} />;
  const value = fieldOf(row, name)!;
  return (
    <td class={`left${label === '' ? '' : ' not-phone'}`} title={value}>
      {label}
      <a class="mono" data-view href={idAddress(name, value, question.value)}>
        {label === '' ? value.slice(0, ID_SHOWN) : value}
      </a>
    </td>
  );
}
