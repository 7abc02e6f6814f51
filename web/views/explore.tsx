/** Explore: the lines of a search, with their histogram and their values. */
import { useEffect, useRef } from 'preact/hooks';
import { AnswerError } from '../../shared/client/client.ts';
import { LineList } from '../lines/line-list.tsx';
import type { List } from '../lines/virtual.ts';
import { Facets } from '../parts/facets.tsx';
import { Failure } from '../parts/failure.tsx';
import { Histogram } from '../parts/histogram.tsx';
import { Icon } from '../parts/icon.tsx';
import { lazy } from '../parts/lazy.tsx';
import { count, counted } from '../../shared/counted.ts';
import { Summary } from '../parts/summary.tsx';
import { useListKeys } from '../lines/list-keys.ts';
import { isLogql } from '../search/is-logql.ts';
import { wordsOf } from '../search/tokens.ts';
import { brushed } from '../state/brushed.ts';
import { tableColumns } from '../state/columns.ts';
import { contextLine } from '../state/context.ts';
import { question } from '../state/navigation.ts';
import { isFacetsOpen } from '../state/panels.ts';
import { bars, facets, isLoadingMore, lines, loadMore, loadMoreAgain, totalLines } from '../state/search.ts';
import { chosenRow } from '../state/selected.ts';
import { access } from '../state/session.ts';

const BrushOffers = lazy(async () => (await import('../parts/brush-offers.tsx')).BrushOffers);
const Context = lazy(async () => (await import('./line-context.tsx')).Context);
const Differences = lazy(async () => (await import('./differences.tsx')).Differences);
const Explain = lazy(async () => (await import('../logql/explain.tsx')).Explain);
const FirstViews = lazy(async () => (await import('../parts/first-views.tsx')).FirstViews);
const Metric = lazy(async () => (await import('../logql/metric.tsx')).Metric);
const NothingFound = lazy(async () => (await import('./nothing-found.tsx')).NothingFound);
const Patterns = lazy(async () => (await import('./patterns.tsx')).Patterns);
const ReadyMade = lazy(async () => (await import('./ready-made.tsx')).ReadyMade);

export function Explore() {
  const isOfLogql = isLogql(question.value.q);
  const isBusy = lines.value.isLoading || bars.value.isLoading || facets.value.isLoading;
  return (
    <div class={`explore${isOfLogql ? ' is-logql' : ''}`}>
      <div class={`progress${isBusy ? ' is-busy' : ''}`} />
      {!isOfLogql && <Values />}
      <section class="explore-main" aria-label="Answer">
        <Answer />
        {contextLine.value !== '' && <Context />}
      </section>
    </div>
  );
}

function Answer() {
  const { tab, q } = question.value;
  if (isLogql(q)) return <LogqlAnswer />;
  return (
    // What a context covers keeps its scroll place.
    <div class="answer" inert={contextLine.value !== ''}>
      <Histogram />
      {brushed.value !== undefined && <BrushOffers brushed={brushed.value} />}
      <Summary />
      {(tab === 'lines' || tab === 'table' || tab === 'explain') && <Lines />}
      {tab === 'patterns' && <Patterns />}
      {tab === 'differences' && <Differences />}
      {(tab === 'requests' || tab === 'last') && <ReadyMade kind={tab} />}
    </div>
  );
}

/** The values beside the lines. */
function Values() {
  return (
    <>
      <aside class={`facets${isFacetsOpen.value ? ' is-open' : ''}`} aria-label="Filters">
        <div class="facets-head only-narrow">
          <b>Filters</b>
          <button type="button" class="ghost" aria-label="Close filters" onClick={() => (isFacetsOpen.value = false)}>
            <Icon name="close" />
          </button>
        </div>
        {access.value === 'open' && <FirstViews />}
        <Facets />
        <div class="facets-foot only-narrow">
          <button type="button" class="button is-primary" onClick={() => (isFacetsOpen.value = false)}>
            Show {totalLines.value === undefined ? 'lines' : counted(totalLines.value, 'line')}
          </button>
        </div>
      </aside>
      {isFacetsOpen.value && <div class="shade" onClick={() => (isFacetsOpen.value = false)} />}
    </>
  );
}

/** The answer to a LogQL query: lines, shown like any others, or a metric. */
function LogqlAnswer() {
  const { series } = lines.value.value ?? {};
  const { tab } = question.value;
  return (
    <div class="answer" inert={contextLine.value !== ''}>
      {series === undefined ? (
        <>
          <Histogram />
          <Summary />
          {tab === 'explain' ? <Explain /> : <Lines />}
        </>
      ) : (
        <Metric found={series} />
      )}
    </div>
  );
}

function Lines() {
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<List | undefined>(undefined);
  const { value, error, isLoading } = lines.value;
  useListKeys(() => (contextLine.peek() === '' ? (value?.rows ?? []) : []), list, scroller);
  const named = chosenRow.peek();
  useEffect(() => {
    // The line of a link; one that was chosen by hand is in sight.
    if (question.peek().line === '' || named === undefined || value === undefined) return;
    requestAnimationFrame(() => list.current?.scrollToIndex(value.rows.indexOf(named), { align: 'center' }));
  }, [value?.searchId]);
  if (error instanceof AnswerError && error.position !== undefined) {
    return <p class="list-end">The search text has a mistake, which is underlined above.</p>;
  }
  if (error !== undefined && value === undefined) return <Failure what="Lines" error={error} />;
  if (value === undefined) return isLoading ? <Skeleton /> : null;
  if (value.rows.length === 0) return <NothingFound />;
  return (
    <LineList
      rows={value.rows}
      words={value.words ?? wordsOf(question.value.q)}
      searchId={value.searchId}
      scroller={scroller}
      onList={(each) => (list.current = each)}
      onEnd={() => void loadMore()}
      end={<End />}
      columns={question.value.tab === 'table' ? tableColumns.value : undefined}
    />
  );
}

/** Appears only after a moment: an answer that is fast needs none. */
function Skeleton() {
  return (
    <div class="skeleton-lines" role="status" aria-busy="true" aria-label="Loading lines">
      {Array.from({ length: 12 }, (_, i) => (
        <div key={i} class="skeleton" />
      ))}
    </div>
  );
}

/** A list never just ends. */
function End() {
  const { value, error } = lines.value;
  if (value === undefined) return null;
  if (error !== undefined) return <Failure what="The next lines" error={error} again={loadMoreAgain} />;
  const loaded = count(value.rows.length);
  if (value.next === undefined) return <p class="list-end">{counted(value.rows.length, 'line')}, all that match.</p>;
  const total = totalLines.value;
  return (
    <p class="list-end" aria-live="polite">
      {loaded}
      {total === undefined ? '' : ` of ${count(total)}`} lines.{' '}
      {isLoadingMore.value ? 'Loading more…' : 'Scroll for more.'}
    </p>
  );
}
