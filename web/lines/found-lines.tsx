/** The lines that a search has found, as a list or a table; or why there are none. */
import { useEffect, useRef } from 'preact/hooks';
import { AnswerError } from '../../shared/client/client.ts';
import { count, counted } from '../../shared/counted.ts';
import { LineList } from './line-list.tsx';
import { useListKeys } from './list-keys.ts';
import type { List } from './virtual.ts';
import { Failure } from '../parts/failure.tsx';
import { lazy } from '../parts/lazy.tsx';
import { wordsOf } from '../search/tokens.ts';
import { tableColumns } from '../state/columns.ts';
import { contextLine } from '../state/context.ts';
import { question } from '../state/navigation.ts';
import { isLoadingMore, lines, loadMore, loadMoreAgain, totalLines } from '../state/search.ts';
import { chosenRow } from '../state/selected.ts';

const NothingFound = lazy(async () => (await import('./nothing-found.tsx')).NothingFound);

export function FoundLines() {
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<List | undefined>(undefined);
  const { value, error, isLoading } = lines.value;
  const words = value?.words ?? wordsOf(question.value.q);
  useListKeys(() => (contextLine.peek() === '' ? (value?.rows ?? []) : []), list, scroller, words);
  const named = chosenRow.peek();
  useEffect(() => {
    // The line of a link; one that was chosen by hand is in sight.
    if (question.peek().line === '' || named === undefined || value === undefined) return;
    requestAnimationFrame(() => list.current?.scrollToIndex(value.rows.indexOf(named), { align: 'center' }));
  }, [value?.searchId]);
  if (error instanceof AnswerError && error.position !== undefined) {
    return <Mistake />;
  }
  if (error !== undefined && value === undefined) return <Failure what="Lines" error={error} />;
  if (value === undefined) return isLoading ? <Skeleton /> : null;
  if (value.rows.length === 0) return <NothingFound />;
  return (
    <LineList
      rows={value.rows}
      words={words}
      searchId={value.searchId}
      scroller={scroller}
      onList={(each) => (list.current = each)}
      onEnd={() => void loadMore()}
      end={<End />}
      columns={question.value.tab === 'table' ? tableColumns.value : undefined}
    />
  );
}

export function Mistake() {
  return <p class="list-end">The search text has a mistake, which is underlined above.</p>;
}

export function Skeleton() {
  return <div class="skeleton-lines" role="status" aria-busy="true" aria-label="Loading lines" />;
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
