/** One endpoint: its latencies over time, its slowest requests, why it failed, and what sets its bad requests apart. */
import { useMemo } from 'preact/hooks';
import type { AggregateAnswer, Comparison } from '../../shared/client/answers.ts';
import { askJson } from '../../shared/client/client.ts';
import { Fact } from '../parts/fact.tsx';
import { Failure } from '../parts/failure.tsx';
import { Icon } from '../parts/icon.tsx';
import { count, counted } from '../../shared/counted.ts';
import { milliseconds } from '../parts/numbers.ts';
import { append } from '../search/edit.ts';
import { addressOf, type Endpoint, QUESTION_DEFAULT } from '../state/address.ts';
import { askChanges } from '../state/changes.ts';
import { useLoaded } from '../state/loaded.ts';
import { go, question } from '../state/navigation.ts';
import { connection } from '../state/session.ts';
import { DifferencesTable } from '../views/differences.tsx';
import { Choices } from './choices.tsx';
import { durationShown, percent } from './shown.ts';
import { FailuresTable, SlowestTable } from './endpoint-lists.tsx';
import { operandOf } from './fields.ts';
import { type Area, HeatMap } from './heat-map.tsx';
import { Name } from './name.tsx';
import { askFailures, askHeat, askSlowest } from './questions-of-one.ts';
import {
  type App,
  type Asked,
  badText,
  endpointText,
  failedText,
  inMs,
  type Known,
  searchOf,
  slowText,
  withoutApp,
} from './questions.ts';

const DIFFERENCES_MAX = 12;

export interface OneEndpointProps {
  readonly known: Known;
  readonly apps: readonly App[];
  readonly asked: Asked;
  readonly endpoint: Endpoint;
}

export function OneEndpoint({ known, apps, asked, endpoint }: OneEndpointProps) {
  const { filters, fields, slowMs } = asked;
  const { method, shape } = endpoint;
  const text = append(searchOf(filters), endpointText(fields, endpoint));
  const own = useMemo(
    () => ({ filters: { ...filters, search: text }, fields, slowMs }),
    [filters, fields, slowMs, text],
  );
  const { since, until } = question.value;
  const explore = (condition?: string, range = { since, until }): string =>
    addressOf(
      { kind: 'explore' },
      { ...QUESTION_DEFAULT, ...range, q: condition === undefined ? text : append(text, condition) },
    );
  return (
    <>
      <p class="crumbs">
        <a
          class="link"
          data-view
          href={addressOf({ kind: 'endpoints' }, { ...question.value, q: withoutApp(question.value.q) })}
        >
          ‹ Endpoints
        </a>
      </p>
      <div class="pane-head">
        <h1>
          <span class="mono">
            <Name method={method} shape={shape} />
          </span>
        </h1>
        <Choices known={known} apps={apps} slowMs={slowMs} />
      </div>
      <Facts asked={own} explore={explore} />
      <Details asked={own} explore={explore} />
      {(fields.status !== undefined || fields.duration !== undefined) && <Apart asked={own} explore={explore} />}
    </>
  );
}

interface PartProps {
  readonly asked: Asked;
  readonly explore: (condition?: string, range?: { readonly since: string; readonly until: string }) => string;
}

function Facts({ asked, explore }: PartProps) {
  const { filters, fields, slowMs } = asked;
  const loaded = useLoaded(
    (ended) =>
      askJson<AggregateAnswer>(
        connection(),
        '/aggregate',
        {
          ...filters,
          of: fields.duration,
          'where.bad': `search=${badText(fields, slowMs)}`,
          'where.failed': `search=${failedText(fields)}`,
        },
        ended,
      ),
    [asked],
  );
  const { value, error } = loaded.value;
  if (error !== undefined) return <Failure what="The endpoint" error={error} />;
  if (value === undefined) return <dl class="facts is-waiting" aria-busy="true" />;
  const [group] = value.groups;
  if (group === undefined) return <p class="dim">This endpoint has no requests in this range.</p>;
  const { rows, where = {} } = group;
  const { bad = 0, failed = 0 } = where;
  const isKnown = fields.unit.ms !== undefined;
  return (
    <dl class="facts">
      <Fact name="Requests">
        <a data-view href={explore()}>
          {count(rows)}
        </a>
      </Fact>
      <Fact name="Bad" isBad={bad > 0}>
        <a data-view href={explore(badText(fields, slowMs))}>
          {count(bad)}
        </a>{' '}
        <small class="dim">{percent(bad / rows)}</small>
      </Fact>
      <Fact name="Failed" isBad={failed > 0}>
        <a data-view href={explore(failedText(fields))}>
          {count(failed)}
        </a>{' '}
        <small class="dim">{percent(failed / rows)}</small>
      </Fact>
      {(['p50', 'p95', 'p99', 'max'] as const).map((name) => {
        const ms = inMs(group[name], fields);
        if (ms === undefined) return null;
        return (
          <Fact key={name} name={name === 'max' ? 'Slowest' : name}>
            <span class={isKnown && ms >= slowMs ? 'tone-warn' : undefined}>{durationShown(ms, isKnown)}</span>
          </Fact>
        );
      })}
    </dl>
  );
}

function Details({ asked, explore }: PartProps) {
  const { fields, slowMs } = asked;
  const { duration, unit } = fields;
  const heat = useLoaded(async (ended) => (duration === undefined ? undefined : askHeat(asked, ended)), [asked]);
  const failures = useLoaded((ended) => askFailures(asked, ended), [asked]);
  const { value } = heat.value;
  const slowest = useLoaded(
    async (ended) => (value === undefined ? undefined : askSlowest(asked, value, ended)),
    [asked, value],
  );
  const changes = useLoaded((ended) => askChanges(asked.filters, ended), [asked]);
  const slow = slowText(fields, slowMs) === undefined || unit.ms === undefined ? undefined : slowMs / unit.ms;
  const total = value?.heat.cells.reduce((sum, { requests }) => sum + requests, 0) ?? 0;
  const onArea = ({ fromMs, toMs, least, below }: Area): void => {
    const operand = (measure: number): string =>
      unit.isText ? operandOf(measure * 1e3, unit) : operandOf(measure * (unit.ms ?? 1), unit);
    const q = append(searchOf(asked.filters), `${duration}>=${operand(least)} ${duration}<${operand(below)}`);
    const range = { since: new Date(fromMs).toISOString(), until: new Date(toMs).toISOString() };
    go({ kind: 'explore' }, { ...QUESTION_DEFAULT, ...range, q });
  };
  return (
    <div class="endpoint-details">
      <div>
        <section aria-label="Latency">
          <h2>
            Latency <small>{total === 0 ? '' : `${counted(total, 'request')}; click or drag to see the lines`}</small>
          </h2>
          {duration === undefined && (
            <p class="dim">No field of these lines says how long a request took; choose one under Fields.</p>
          )}
          {heat.value.error !== undefined && <Failure what="The latencies" error={heat.value.error} />}
          {duration !== undefined && value === undefined && heat.value.error === undefined && (
            <div class="heat-waiting" />
          )}
          {value !== undefined && value.heat.rows.length === 0 && <p class="dim">No request says how long it took.</p>}
          {value !== undefined && value.heat.rows.length > 0 && (
            <HeatMap
              {...value}
              label={`Latency of ${counted(total, 'request')}`}
              slow={slow}
              unitMs={unit.ms}
              changes={changes.value.value ?? []}
              onArea={onArea}
            />
          )}
        </section>
        <section aria-label="Errors">
          {failures.value.error !== undefined && <Failure what="Errors" error={failures.value.error} />}
          {failures.value.value !== undefined && <FailuresTable failures={failures.value.value} />}
          {failures.value.value === undefined && failures.value.error === undefined && (
            <h2 aria-busy="true">Errors by message</h2>
          )}
        </section>
      </div>
      {duration !== undefined && (
        <section aria-label="Slowest requests">
          {slowest.value.error !== undefined && <Failure what="The slowest requests" error={slowest.value.error} />}
          {slowest.value.value !== undefined && (
            <SlowestTable requests={slowest.value.value} fields={fields} slowMs={slowMs} explore={explore} />
          )}
        </section>
      )}
    </div>
  );
}

/** What bad requests have that the good ones of the same endpoint have not. */
function Apart({ asked, explore }: PartProps) {
  const { filters, fields, slowMs } = asked;
  const bad = badText(fields, slowMs);
  const text = searchOf(filters);
  const loaded = useLoaded(
    (ended) =>
      askJson<Comparison>(
        connection(),
        '/compare',
        {
          ...filters,
          search: append(text, bad),
          'than.search': append(text, `-${bad.startsWith('(') ? bad : `(${bad})`}`),
          limit: DIFFERENCES_MAX,
        },
        ended,
      ),
    [asked],
  );
  const { value, error } = loaded.value;
  // Each failed request is an error: that says nothing.
  const differences = value?.differences.filter(({ name }) => name !== 'level') ?? [];
  if (error !== undefined) return <Failure what="The comparison" error={error} />;
  if (value === undefined || value.rows === 0) return null;
  return (
    <section aria-label="What sets bad requests apart">
      <h2>
        What sets bad requests apart{' '}
        <small>
          {count(value.rows)} that failed{fields.duration !== undefined && ` or took ${milliseconds(slowMs)} or more`},
          compared with {count(value.than.rows)} others of this endpoint
        </small>
      </h2>
      {value.than.rows === 0 ? (
        <p class="dim">All of its requests are bad: there are no others to compare with.</p>
      ) : differences.length === 0 ? (
        <p class="dim">Nothing sets them apart beyond chance.</p>
      ) : (
        <div class="table-box" tabIndex={0} role="region" aria-label="Differences">
          <DifferencesTable
            differences={differences}
            add={(condition) => {
              const { since, until } = question.peek();
              go({ kind: 'explore' }, { ...QUESTION_DEFAULT, since, until, q: append(text, condition) });
            }}
          />
        </div>
      )}
      <p>
        <a class="button" data-view href={explore(bad)}>
          <Icon name="search" /> Show bad requests
        </a>
      </p>
    </section>
  );
}
