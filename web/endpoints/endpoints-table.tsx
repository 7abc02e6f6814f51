/** The table of endpoints. Each number leads to its lines, each name to the page of its endpoint. */
import { useMemo } from 'preact/hooks';
import { oneLine } from '../../shared/readable-line/one-line.ts';
import { Failure } from '../parts/failure.tsx';
import { Icon } from '../parts/icon.tsx';
import { count, counted } from '../../shared/counted.ts';
import { milliseconds } from '../parts/numbers.ts';
import { TrendLine } from '../parts/trend-line.tsx';
import { Share } from '../parts/share.tsx';
import { append } from '../search/edit.ts';
import { addressOf, QUESTION_DEFAULT } from '../state/address.ts';
import { rangeText } from '../state/clock.ts';
import { askRange } from '../state/asked-range.ts';
import { useLoaded } from '../state/loaded.ts';
import { ask, question } from '../state/navigation.ts';
import { rangeName, stepSeconds } from '../state/time-range.ts';
import { appName, Choices, OtherPaths } from './choices.tsx';
import { Name } from './name.tsx';
import {
  type App,
  type Asked,
  askEndpoints,
  askTrends,
  badText,
  endpointText,
  type EndpointRow,
  failedText,
  type Known,
  type Order,
  ORDERS,
  rowKey,
  searchOf,
  slowText,
  type Trend,
  withApp,
} from './questions.ts';
import { durationShown, percent } from './shown.ts';

const TREND_STEPS = 32;
/** Rows that have a trend. */
const TRENDS_MAX = 40;
const MINUTE_MS = 60e3;

interface Column {
  readonly order: Order;
  readonly label: string;
  readonly title: string;
  readonly isPhone?: true;
}

const COLUMNS: readonly Column[] = [
  { order: 'bad', label: 'Bad requests', title: 'Failed, or slower than the threshold', isPhone: true },
  { order: 'share', label: 'Share', title: 'Share of the endpoint’s requests that are bad' },
  { order: 'failed', label: 'Failed', title: 'Answered with 5xx' },
  { order: 'requests', label: 'Requests', title: 'Requests in the range' },
];
const QUANTILES = ['p50', 'p95', 'p99'] as const;

export interface EndpointsTableProps {
  readonly known: Known;
  readonly apps: readonly App[];
  readonly asked: Asked;
}

export function EndpointsTable({ known, apps, asked }: EndpointsTableProps) {
  const { fields, slowMs, filters } = asked;
  const order = orderOf(question.value.own['sort']);
  const loaded = useLoaded((ended) => askEndpoints(asked, order, ended), [filters, fields, slowMs, order]);
  const { value, error } = loaded.value;
  return (
    <>
      <div class="pane-head">
        <div>
          <h1>Endpoints</h1>
          <p class="dim">{value === undefined ? ' ' : summaryOf(value.rows, value.total, asked)}</p>
        </div>
        <Choices known={known} apps={apps} slowMs={slowMs} />
      </div>
      {error !== undefined && <Failure what="Endpoints" error={error} />}
      {value === undefined && error === undefined && <div class="skeleton-lines" aria-busy="true" />}
      {value !== undefined && <Table rows={value.rows} total={value.total} asked={asked} order={order} />}
      {value !== undefined && <OtherPaths names={known.otherPaths} />}
    </>
  );
}

function orderOf(text: string | undefined): Order {
  return ORDERS.find((each) => each === text) ?? 'bad';
}

function summaryOf(rows: readonly EndpointRow[], total: number, { fields, slowMs }: Asked): string {
  const requests = rows.reduce((sum, row) => sum + row.requests, 0);
  const bad = rows.reduce((sum, row) => sum + row.bad, 0);
  const share = percent(requests === 0 ? 0 : bad / requests);
  const apps = new Set(rows.map(({ app: { namespace, container } }) => `${namespace}/${container}`)).size;
  const { since, until } = question.peek();
  const range = rangeName(since, until)?.toLowerCase() ?? 'this range';
  const of = total > rows.length ? `the ${rows.length} worst of ${count(total)} endpoints: ` : '';
  const what = fields.duration === undefined ? 'failed' : `failed or took ${milliseconds(slowMs)} or more`;
  return `${of}${counted(requests, 'request')} to ${counted(apps, 'app')} in ${range.startsWith('last') ? 'the ' : ''}${range} · ${share} ${what}`;
}

function Table({
  rows,
  total,
  asked,
  order,
}: {
  readonly rows: readonly EndpointRow[];
  readonly total: number;
  readonly asked: Asked;
  readonly order: Order;
}) {
  const trended = useMemo(() => rows.slice(0, TRENDS_MAX), [rows]);
  const trends = useLoaded(
    async (ended) => {
      if (trended.length === 0) return undefined;
      const range = await askRange(asked.filters, ended);
      const span = { ...range, stepMs: stepSeconds(range.toMs - range.fromMs, TREND_STEPS) * 1e3 };
      return { span, byKey: await askTrends(asked, trended, span, ended) };
    },
    [trended],
  );
  if (rows.length === 0) return <p class="dim">No request was found in this range.</p>;
  const { value: trend, error } = trends.value;
  const minutes = trend === undefined ? undefined : (trend.span.toMs - trend.span.fromMs) / MINUTE_MS;
  const hasDuration = asked.fields.duration !== undefined;
  const apps = new Set(rows.map(({ app }) => `${app.namespace}/${app.container}`));
  const columns = { hasDuration, hasApp: apps.size > 1, minutes };
  return (
    <>
      {error !== undefined && <Failure what="Trends" error={error} />}
      <div class="table-box" tabIndex={0} role="region" aria-label="Endpoints">
        <table class="table endpoints-table">
          <thead>
            <tr>
              <th scope="col" class="left">
                Endpoint
              </th>
              {columns.hasApp && (
                <th scope="col" class="left not-phone">
                  App
                </th>
              )}
              {COLUMNS.map((column) => (
                <Head key={column.order} {...column} order={order} own={column.order} />
              ))}
              <th scope="col" class="not-phone">
                per min
              </th>
              <th scope="col" class="left not-phone trend-cell">
                Trend, bad in red
              </th>
              {hasDuration &&
                QUANTILES.map((name) => (
                  <Head
                    key={name}
                    label={name}
                    title={`${name.slice(1)} of 100 requests took at most so long`}
                    order={order}
                    own={name}
                    {...(name === 'p99' && { isPhone: true as const })}
                  />
                ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <Row
                key={rowKey(row)}
                row={row}
                asked={asked}
                trend={trend?.byKey.get(rowKey(row))}
                range={trend && rangeText(trend.span.fromMs, trend.span.toMs)}
                {...columns}
              />
            ))}
          </tbody>
        </table>
      </div>
      {total > rows.length && (
        <p class="list-end">
          {rows.length} of {count(total)} endpoints, those with the most of what they are sorted by.
        </p>
      )}
    </>
  );
}

function Head({
  label,
  title,
  order,
  own,
  isPhone,
}: Pick<Column, 'label' | 'title' | 'isPhone'> & { readonly order: Order; readonly own: Order }) {
  const isSorted = order === own;
  return (
    <th
      scope="col"
      class={isPhone === true || isSorted ? undefined : 'not-phone'}
      aria-sort={isSorted ? 'descending' : undefined}
    >
      <button type="button" class="sort" title={title} onClick={() => ask({ own: sortedBy(own) })}>
        {label} {isSorted && <Icon name="descending" />}
      </button>
    </th>
  );
}

function sortedBy(order: Order): Record<string, string> {
  const { sort: _, ...own } = question.value.own;
  return order === 'bad' ? own : { ...own, sort: order };
}

interface RowProps {
  readonly row: EndpointRow;
  readonly asked: Asked;
  readonly trend: Trend | undefined;
  readonly range: string | undefined;
  readonly hasDuration: boolean;
  readonly hasApp: boolean;
  readonly minutes: number | undefined;
}

function Row({ row, asked, trend, range, hasDuration, hasApp, minutes }: RowProps) {
  const { fields, slowMs, filters } = asked;
  const { method, shape, app, requests, bad, failed } = row;
  const ofApp = withApp(searchOf(filters), app);
  const lines = append(ofApp, endpointText(fields, row));
  const { since, until, own } = question.value;
  const explore = (condition?: string): string =>
    addressOf(
      { kind: 'explore' },
      { ...QUESTION_DEFAULT, since, until, q: condition === undefined ? lines : append(lines, condition) },
    );
  const page = addressOf(
    { kind: 'endpoints', endpoint: { method, shape } },
    { ...QUESTION_DEFAULT, since, until, q: ofApp, own },
  );
  return (
    <tr>
      <th scope="row" class="left">
        <a class="endpoint-name" data-view href={page} title={`${method} ${shape}`}>
          <Name method={method} shape={shape} />
        </a>
        {hasApp && <span class="phone-app dim">{appName(app)}</span>}
      </th>
      {hasApp && (
        <td class="left not-phone app-cell">
          <button type="button" title="Only this app" onClick={() => ask({ q: ofApp })}>
            {app.namespace !== '' && <span class="dim">{oneLine(app.namespace)}/</span>}
            {app.container === '' ? <span class="dim">no container</span> : oneLine(app.container)}
          </button>
        </td>
      )}
      <Count value={bad} href={explore(badText(fields, slowMs))} isBad={bad > 0} />
      <td class={`not-phone${bad === 0 ? ' dim' : ''}`}>{percent(bad / requests)}</td>
      <td class={`not-phone${failed === 0 ? ' dim' : ''}`}>
        {failed === 0 ? (
          percent(0)
        ) : (
          <a data-view href={explore(failedText(fields))}>
            <Share share={failed / requests} text={percent(failed / requests)} />
          </a>
        )}
      </td>
      <Count value={requests} href={explore()} isPhoneless />
      <td class="not-phone dim">{minutes === undefined ? '' : perMinute(requests / minutes)}</td>
      <td class="left not-phone trend-cell">
        {trend !== undefined && (
          <TrendLine values={trend.requests} bad={trend.bad} label={trendLabel(trend, range ?? '')} />
        )}
      </td>
      {hasDuration &&
        QUANTILES.map((name) => (
          <Quantile key={name} value={row[name]} asked={asked} isPhone={name === 'p99'} explore={explore} />
        ))}
    </tr>
  );
}

function Count({
  value,
  href,
  isBad = false,
  isPhoneless = false,
}: {
  readonly value: number;
  readonly href: string;
  readonly isBad?: boolean;
  readonly isPhoneless?: boolean;
}) {
  const classes = [isPhoneless ? 'not-phone' : '', value === 0 ? 'dim' : '', isBad ? 'strong' : ''].filter(Boolean);
  return (
    <td class={classes.join(' ')}>
      {value === 0 ? (
        '0'
      ) : (
        <a data-view href={href}>
          {count(value)}
        </a>
      )}
    </td>
  );
}

/** A quantile above the threshold leads to the slow requests. */
function Quantile({
  value,
  asked: { fields, slowMs },
  isPhone,
  explore,
}: {
  readonly value: number | undefined;
  readonly asked: Asked;
  readonly isPhone: boolean;
  readonly explore: (condition?: string) => string;
}) {
  const isSlow = value !== undefined && value >= slowMs && fields.unit.ms !== undefined;
  const text = durationShown(value, fields.unit.ms !== undefined);
  return (
    <td class={`${isPhone ? '' : 'not-phone'}${isSlow ? ' tone-warn' : ''}`}>
      {isSlow ? (
        <a data-view href={explore(slowText(fields, slowMs))}>
          {text}
        </a>
      ) : (
        text
      )}
    </td>
  );
}

function trendLabel({ requests, bad }: Trend, range: string): string {
  const sum = (values: readonly number[]): string => count(values.reduce((all, value) => all + value, 0));
  return `${sum(requests)} requests, ${sum(bad)} of them bad, ${range}; at most ${count(Math.max(...requests))} at once`;
}

function perMinute(rate: number): string {
  return rate < 0.1 ? '<0.1' : rate < 100 ? rate.toFixed(1) : count(Math.round(rate));
}
