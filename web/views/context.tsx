/** A line among those that were written before and after it. */
import { useEffect, useRef } from 'preact/hooks';
import type { LogRow } from '../../shared/client/answers.ts';
import { LineList } from '../lines/line-list.tsx';
import type { List } from '../lines/virtual.ts';
import { Failure } from '../parts/failure.tsx';
import { Icon } from '../parts/icon.tsx';
import { useListKeys } from '../lines/list-keys.ts';
import { closeContext, context, extent, EXTENTS, loadMoreContext, setExtent, showContext } from '../state/context.ts';
import { question } from '../state/navigation.ts';

const NO_WORDS: readonly string[] = [];

export function Context({ row }: { readonly row: LogRow }) {
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<List | undefined>(undefined);
  const { value, error } = context.value;
  const { q } = question.value;
  useListKeys(() => value?.rows ?? [], list, scroller);
  useEffect(() => {
    if (value === undefined) return;
    const place = value.rows.indexOf(value.middle);
    requestAnimationFrame(() => list.current?.scrollToIndex(place, { align: 'center' }));
  }, [value?.middle, extent.value, value === undefined]);
  return (
    <>
      <div class="context-bar">
        <button type="button" class="ghost" onClick={closeContext}>
          <Icon name="close" /> Back to the search
        </button>
        <span class="segmented" role="group" aria-label="Lines of">
          {EXTENTS.map(({ extent: each, label }) => (
            <button key={each} type="button" aria-pressed={extent.value === each} onClick={() => setExtent(each)}>
              {label}
            </button>
          ))}
        </span>
        {q !== '' && (
          <span class="dim not-phone">
            <s class="mono">{q}</s> does not apply here
          </span>
        )}
      </div>
      {error !== undefined && <Failure what="The context" error={error} again={() => showContext(row)} />}
      {value !== undefined && (
        <>
          <button
            type="button"
            class="context-more"
            disabled={value.older === undefined}
            onClick={() => void loadMoreContext('older')}
          >
            {value.older === undefined ? 'Nothing older within 6 hours' : 'Older lines'}
          </button>
          <LineList
            rows={value.rows}
            words={NO_WORDS}
            searchId={-1}
            scroller={scroller}
            onList={(each) => (list.current = each)}
            middle={value.middle}
          />
          <button
            type="button"
            class="context-more"
            disabled={value.newer === undefined}
            onClick={() => void loadMoreContext('newer')}
          >
            {value.newer === undefined ? 'Nothing newer' : 'Newer lines'}
          </button>
        </>
      )}
    </>
  );
}
