/** Endpoints: how often each is asked, how often it fails and how long it takes, what hurts most first; or one of them. */
import { useMemo } from 'preact/hooks';
import { useEffect } from 'preact/hooks';
import { Failure } from '../parts/failure.tsx';
import type { Endpoint } from '../state/address.ts';
import { serverNowMs, zone } from '../state/clock.ts';
import { useLoaded } from '../state/loaded.ts';
import { question, runCount } from '../state/navigation.ts';
import { access } from '../state/session.ts';
import { frozenRange } from '../state/time-range.ts';
import { Choices } from './choices.tsx';
import '../styles/panes.css';
import './endpoints.css';
import { EndpointsTable } from './endpoints-table.tsx';
import { NoRequests } from './no-requests.tsx';
import { OneEndpoint } from './one-endpoint.tsx';
import { type App, askApps, askKnown, type Known, SLOW_MS } from './questions.ts';

export function Endpoints({ endpoint }: { readonly endpoint?: Endpoint | undefined }) {
  useEffect(() => {
    document.title = `${endpoint === undefined ? 'Endpoints' : `${endpoint.method} ${endpoint.shape}`.trim()}, podlog`;
  }, [endpoint?.method, endpoint?.shape]);
  // The range is counted from the server's time, which is known with the session.
  if (access.value !== 'open') return <div class="skeleton-lines" aria-busy="true" />;
  return <Fields endpoint={endpoint} />;
}

/** What is asked depends on which fields the lines have. */
function Fields({ endpoint }: { readonly endpoint: Endpoint | undefined }) {
  const { q, since, until, own } = question.value;
  const of = [q, since, until, zone.value, runCount.value];
  const filters = useMemo(() => ({ search: q, ...frozenRange(since, until, serverNowMs()), tz: zone.peek() }), of);
  const loaded = useLoaded((ended) => askKnown(filters, own, ended), [filters]);
  const { value, error, isLoading } = loaded.value;
  const apps = useLoaded(async (ended) => (value === undefined ? [] : askApps(filters, value, ended)), [value]);
  return (
    <div class="pane endpoints">
      <div class={`progress${isLoading ? ' is-busy' : ''}`} />
      {error !== undefined && <Failure what="Endpoints" error={error} />}
      {value !== undefined && (
        <View known={value} apps={apps.value.value ?? []} filters={filters} endpoint={endpoint} />
      )}
      {value === undefined && error === undefined && (
        <>
          <h1>Endpoints</h1>
          <div class="skeleton-lines" aria-busy="true" />
        </>
      )}
    </div>
  );
}

function View({
  known,
  apps,
  filters,
  endpoint,
}: {
  readonly known: Known;
  readonly apps: readonly App[];
  readonly filters: Parameters<typeof askKnown>[0];
  readonly endpoint: Endpoint | undefined;
}) {
  const { fields } = known;
  const slowMs = slowMsOf(question.value.own['slow']);
  if (fields.path === undefined) {
    return (
      <>
        <div class="pane-head">
          <h1>Endpoints</h1>
          <Choices known={known} apps={apps} slowMs={slowMs} />
        </div>
        <NoRequests />
      </>
    );
  }
  const asked = { filters, fields, slowMs };
  return endpoint === undefined ? (
    <EndpointsTable known={known} apps={apps} asked={asked} />
  ) : (
    <OneEndpoint known={known} apps={apps} asked={asked} endpoint={endpoint} />
  );
}

function slowMsOf(text: string | undefined): number {
  const ms = Number(text ?? SLOW_MS);
  return ms > 0 ? ms : SLOW_MS;
}
