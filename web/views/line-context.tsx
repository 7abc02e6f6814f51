/** A line among those that were written before and after it. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { LogRow } from '../../shared/client/answers.ts';
import { LineList } from '../lines/line-list.tsx';
import { useListKeys } from '../lines/list-keys.ts';
import type { List } from '../lines/virtual.ts';
import { Failure } from '../parts/failure.tsx';
import { Icon } from '../parts/icon.tsx';
import {
  closeContext,
  context,
  contextProblem,
  extent,
  EXTENTS,
  loadContextAgain,
  loadMoreContext,
  setExtent,
} from '../state/context.ts';
import { question } from '../state/navigation.ts';

const NO_WORDS: readonly string[] = [];
/** More lines come when the edge of those that are there is as near. */
const NEAR_EDGE_PX = 40;

export function Context() {
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<List | undefined>(undefined);
  const { value } = context;
  const { q } = question.value;
  useListKeys(() => value?.rows ?? [], list, scroller);
  const first = useRef<LogRow | undefined>(undefined);
  // Older lines come in above those in sight, which stay where they are.
  useLayoutEffect(() => {
    const at = first.current === undefined ? 0 : (value?.rows.indexOf(first.current) ?? 0);
    first.current = value?.rows[0];
    const start = list.current?.measurementsCache[at]?.start ?? 0;
    // By the list itself, which may still be on its way to the middle line, at the place where that was before.
    if (at > 0) list.current?.scrollBy(start);
  }, [value?.rows]);
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const onScroll = (): void => {
      const { scrollTop, scrollHeight, clientHeight } = element;
      if (scrollTop < NEAR_EDGE_PX) void loadMoreContext('older');
      if (scrollHeight - scrollTop - clientHeight < NEAR_EDGE_PX) void loadMoreContext('newer');
    };
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => element.removeEventListener('scroll', onScroll);
  }, [value === undefined]);
  useEffect(() => {
    if (value === undefined) return;
    requestAnimationFrame(() => {
      const { rows = [], middle } = context.peek() ?? {};
      const place = middle === undefined ? -1 : rows.indexOf(middle);
      if (place >= 0) list.current?.scrollToIndex(place, { align: 'center' });
    });
  }, [value?.middle]);
  return (
    <div class="context">
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
      {contextProblem.value !== undefined && (
        <Failure what="The context" error={contextProblem.value} again={loadContextAgain} />
      )}
      {value !== undefined && (
        <>
          <button
            type="button"
            class="context-more"
            disabled={!value.hasOlder}
            onClick={() => void loadMoreContext('older')}
          >
            {value.hasOlder ? 'Older lines' : 'Nothing older is stored'}
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
            disabled={!value.hasNewer}
            onClick={() => void loadMoreContext('newer')}
          >
            {value.hasNewer ? 'Newer lines' : 'Nothing newer yet'}
          </button>
        </>
      )}
    </div>
  );
}
