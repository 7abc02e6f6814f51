/** A metric of LogQL: its series as a plot with a legend, or as a table. */
import { useMemo } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { AnswerError } from '../../shared/client/client.ts';
import { count } from '../../shared/counted.ts';
import { durationText } from '../../shared/readable-line/measures.ts';
import { Failure } from '../parts/failure.tsx';
import { ask, question, show } from '../state/navigation.ts';
import { shownSpan } from '../state/range-steps.ts';
import { rangeText } from '../state/clock.ts';
import { lines } from '../state/search.ts';
import { Explain } from './explain.tsx';
import { Tabs } from './tabs.tsx';
import { DRAWN_MAX, Plot } from './plot.tsx';
import { figuresOf, type FoundSeries } from '../state/series.ts';
import { Legend, SeriesTable } from './series-table.tsx';
import { Mistake, Skeleton } from '../lines/found-lines.tsx';
import './logql.css';

export function Metric() {
  const { tab } = question.value;
  const { value } = lines.value;
  return (
    <>
      <div class="summary">
        <span class="summary-counts" role="status">
          {value?.series !== undefined && <Covered found={value.series} tookMs={value.tookMs} />}
        </span>
        <Tabs names={{ lines: 'Plot', table: 'Table', explain: 'Explain' }} />
      </div>
      {tab === 'explain' ? <Explain /> : <Series />}
    </>
  );
}

function Covered({ found: { series, stepMs }, tookMs }: { readonly found: FoundSeries; readonly tookMs: number }) {
  return (
    <>
      <span>
        <b class="num">{count(series.length)}</b> series
      </span>
      <span class="dim not-phone num">
        a value every {durationText(stepMs * 1e6)} · found in {count(Math.round(tookMs))} ms
      </span>
    </>
  );
}

function Series() {
  const { value, error } = lines.value;
  const found = value?.series;
  if (error instanceof AnswerError && error.position !== undefined) return <Mistake />;
  if (error !== undefined) return <Failure what="Series" error={error} />;
  if (found === undefined) return <Skeleton />;
  if (found.series.length === 0) return <NoSeries />;
  return question.value.tab === 'table' ? <SeriesTable found={found} /> : <Plotted found={found} />;
}

function Plotted({ found }: { readonly found: FoundSeries }) {
  const marked = useSignal<number | undefined>(undefined);
  const drawn = useMemo(() => largest(found), [found]);
  const { series } = found;
  return (
    <div class="metric" role="region" aria-label="Series" tabIndex={0}>
      <Plot {...found} drawn={drawn} marked={marked.value} />
      {drawn.length < series.length && (
        <p class="list-end">
          {drawn.length} of {count(series.length)} series are drawn, those with the highest values.
        </p>
      )}
      <Legend found={found} places={drawn} marked={marked} />
    </div>
  );
}

/** Places of the series that are drawn: all, or those with the highest values. */
function largest({ series }: FoundSeries): readonly number[] {
  const places = series.map((_, i) => i);
  if (series.length <= DRAWN_MAX) return places;
  const mostOf = series.map((each) => figuresOf(each).most ?? -Infinity);
  return places
    .toSorted((a, b) => mostOf[b]! - mostOf[a]!)
    .slice(0, DRAWN_MAX)
    .toSorted((a, b) => a - b);
}

function NoSeries() {
  const span = shownSpan();
  return (
    <div class="nothing-found">
      <h2>
        No series{' '}
        {span === undefined ? 'in this range' : `from ${rangeText(span.fromMs, span.toMs).replace(' – ', ' to ')}`}.
      </h2>
      <p>No line satisfies the selector and the filters, or none has the number that is unwrapped.</p>
      <div class="offers">
        {question.value.since !== '24h' && (
          <button type="button" class="button" onClick={() => ask({ since: '24h', until: '' })}>
            Last 24 hours
          </button>
        )}
        <button type="button" class="button" onClick={() => show({ tab: 'explain' })}>
          Explain
        </button>
      </div>
    </div>
  );
}
