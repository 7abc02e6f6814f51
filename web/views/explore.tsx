/** Explore: the lines of a search, with their histogram and their values. */
import { Facets } from '../parts/facets.tsx';
import { Histogram } from '../parts/histogram.tsx';
import { Icon } from '../parts/icon.tsx';
import { lazy } from '../parts/lazy.tsx';
import { counted } from '../../shared/counted.ts';
import { Summary } from '../parts/summary.tsx';
import { isLogql } from '../search/is-logql.ts';
import type { Question } from '../state/address.ts';
import { brushed } from '../state/brushed.ts';
import { contextLine } from '../state/context.ts';
import { question } from '../state/navigation.ts';
import { isFacetsOpen } from '../state/panels.ts';
import { bars, facets, lines, totalLines } from '../state/search.ts';
import { access } from '../state/session.ts';
import { FoundLines } from '../lines/found-lines.tsx';

const BrushOffers = lazy(async () => (await import('../parts/brush-offers.tsx')).BrushOffers);
const Context = lazy(async () => (await import('./line-context.tsx')).Context);
const Differences = lazy(async () => (await import('./differences.tsx')).Differences);
const FirstViews = lazy(async () => (await import('../parts/first-views.tsx')).FirstViews);
const LogqlAnswer = lazy(async () => (await import('../logql/answer.tsx')).LogqlAnswer);
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
  return (
    // What a context covers keeps its scroll place.
    <div class="answer" inert={contextLine.value !== ''}>
      {isLogql(q) ? <LogqlAnswer /> : <SearchAnswer tab={tab} />}
    </div>
  );
}

function SearchAnswer({ tab }: Pick<Question, 'tab'>) {
  return (
    <>
      <Histogram />
      {brushed.value !== undefined && <BrushOffers brushed={brushed.value} />}
      <Summary />
      {(tab === 'lines' || tab === 'table' || tab === 'explain') && <FoundLines />}
      {tab === 'patterns' && <Patterns />}
      {tab === 'differences' && <Differences />}
      {(tab === 'requests' || tab === 'last') && <ReadyMade kind={tab} />}
    </>
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
