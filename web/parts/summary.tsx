/** What an answer covers: how many lines, how many of them are problems, and how long it took. */
import { useSignal } from '@preact/signals';
import { exclude, include, includedValues, selectionOf } from '../search/edit.ts';
import { isLogql } from '../search/is-logql.ts';
import type { Tab } from '../state/address.ts';
import { ask, question, show } from '../state/navigation.ts';
import { bars, facets, levelTotals, lines, patterns, totalLines } from '../state/search.ts';
import { isWrapped } from '../state/selected.ts';
import { isDownloadOpen } from '../state/panels.ts';
import { Icon, LevelIcon } from './icon.tsx';
import { lazy } from './lazy.tsx';
import { count } from '../../shared/counted.ts';
import { PanelButton } from './panel-button.tsx';

const ColumnsPanel = lazy(async () => (await import('./columns-panel.tsx')).ColumnsPanel);
const DownloadPanel = lazy(async () => (await import('./download-panel.tsx')).DownloadPanel);

const TAB_NAMES: Readonly<Record<Tab, string>> = {
  lines: 'Lines',
  table: 'Table',
  patterns: 'Patterns',
  differences: 'Differences',
  requests: 'In several pods',
  last: 'Last lines',
  explain: 'Explain',
};
/** Always offered; another one is, while it is shown. */
const TABS: readonly Tab[] = ['lines', 'table', 'patterns', 'differences'];
const LOGQL_TABS: readonly Tab[] = ['lines', 'table', 'explain'];

/** The tabs that are offered, and the one that is shown. */
function tabsOf(tab: Tab, isOfLogql: boolean): { readonly tabs: readonly Tab[]; readonly shown: Tab } {
  if (isOfLogql) return { tabs: LOGQL_TABS, shown: LOGQL_TABS.includes(tab) ? tab : 'lines' };
  const shown = tab === 'explain' ? 'lines' : tab;
  return { tabs: TABS.includes(shown) ? TABS : [...TABS, shown], shown };
}

/** The pods that have lines: those beside the lines which the search text leaves, as its own conditions do not narrow them there. */
function podsOf(q: string) {
  const isLeft = (name: string, value: string): boolean => {
    const included = includedValues(q, name);
    return included.length === 0 ? selectionOf(q, name, value) === 'none' : included.includes(value);
  };
  return (facets.value.value?.apps ?? []).flatMap(({ name, pods }) =>
    isLeft('container', name) ? pods.filter((pod) => isLeft('pod', pod.name)) : [],
  );
}

export function Summary() {
  const total = totalLines.value;
  const { value } = lines.value;
  const { order, tab, q } = question.value;
  const isOfLogql = isLogql(q);
  const { tabs, shown } = tabsOf(tab, isOfLogql);
  const podCount = podsOf(q).length;
  return (
    <div class="summary">
      <span class="summary-counts" role="status">
        {total === undefined ? (
          <span class="dim">{bars.value.isLoading ? 'Counting…' : ''}</span>
        ) : (
          <>
            <span>
              <b class="num">{count(total)}</b> {total === 1 ? 'line' : 'lines'}
            </span>
            {(['fatal', 'error', 'warn'] as const).map((level) => {
              const rows = levelTotals.value.get(level) ?? 0;
              return rows === 0 ? null : (
                <button
                  key={level}
                  type="button"
                  class="level-count num"
                  title={`Only ${level}`}
                  onClick={(event) =>
                    ask({ q: event.altKey ? exclude(q, 'level', level) : include(q, 'level', level) })
                  }
                >
                  <LevelIcon level={level} /> {count(rows)}
                </button>
              );
            })}
          </>
        )}
        {value !== undefined && (
          <span class="dim not-phone num">
            {podCount > 1 && `${count(podCount)} pods · `}found in {count(Math.round(value.tookMs))} ms
          </span>
        )}
      </span>
      <span class="segmented" role="group" aria-label="Shown as">
        {tabs.map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={shown === each}
            onClick={() => shown !== each && show({ tab: each })}
          >
            {TAB_NAMES[each]}
            {each === 'patterns' && patterns.value.value !== undefined && tab === 'patterns' && (
              <span class="dim num"> {count(patterns.value.value.distinct)}</span>
            )}
          </button>
        ))}
      </span>
      <span class="summary-right">
        <button
          type="button"
          class="ghost"
          aria-label={order === 'newest' ? 'Newest first' : 'Oldest first'}
          title="Order of the lines"
          onClick={() => ask({ order: order === 'newest' ? 'oldest' : 'newest' })}
        >
          <Icon name="sort" /> <span class="not-phone">{order === 'newest' ? 'Newest first' : 'Oldest first'}</span>
        </button>
        <button
          type="button"
          class="ghost"
          aria-label="Wrap"
          aria-pressed={isWrapped.value}
          title="Wrap lines that are longer than the row"
          onClick={() => (isWrapped.value = !isWrapped.value)}
        >
          <Icon name="wrap" /> <span class="not-phone">Wrap</span>
        </button>
        {tab === 'table' && <Columns />}
        <Download />
      </span>
    </div>
  );
}

function Columns() {
  const isOpen = useSignal(false);
  return (
    <PanelButton isOpen={isOpen} class="ghost" label="Columns" panel={() => <ColumnsPanel />}>
      <Icon name="columns" /> <span class="not-phone">Columns</span>
    </PanelButton>
  );
}

function Download() {
  return (
    <PanelButton isOpen={isDownloadOpen} class="ghost" label="Download" panel={() => <DownloadPanel />}>
      <Icon name="download" /> <span class="not-phone">Download</span>
    </PanelButton>
  );
}
