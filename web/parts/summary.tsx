/** What an answer covers: how many lines, how many of them are problems, and how long it took. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { queryOf } from '../../shared/client/client.ts';
import { exclude, include } from '../search/edit.ts';
import type { Tab } from '../state/address.ts';
import { ask, question } from '../state/navigation.ts';
import { asked, bars, facets, levelTotals, lines, patterns, totalLines } from '../state/search.ts';
import { isWrapped } from '../state/selected.ts';
import { connection } from '../state/session.ts';
import { download, type DownloadFormat } from '../state/download.ts';
import { useDismissed } from './dismissed.ts';
import { Icon, LevelIcon } from './icon.tsx';
import { count } from './numbers.ts';

const TAB_NAMES: Readonly<Record<Tab, string>> = { lines: 'Lines', patterns: 'Patterns', differences: 'Differences' };

export function Summary() {
  const total = totalLines.value;
  const { value } = lines.value;
  const { order, tab, q } = question.value;
  const podCount = facets.value.value?.apps.reduce((sum, { pods }) => sum + pods.length, 0) ?? 0;
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
        {(['lines', 'patterns', 'differences'] as const).map((each: Tab) => (
          <button
            key={each}
            type="button"
            aria-pressed={tab === each}
            onClick={() => tab !== each && ask({ tab: each })}
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
        <Download />
      </span>
    </div>
  );
}

function Download() {
  const isOpen = useSignal(false);
  const box = useRef<HTMLSpanElement>(null);
  useDismissed(isOpen, box);
  const start = (format: DownloadFormat): void => {
    isOpen.value = false;
    void download(connection(), queryOf({ ...asked.peek(), order: question.peek().order }), format);
  };
  const total = totalLines.value;
  return (
    <span class="download" ref={box}>
      <button
        type="button"
        class="ghost"
        aria-label="Download"
        aria-haspopup="dialog"
        aria-expanded={isOpen.value}
        onClick={() => (isOpen.value = !isOpen.value)}
      >
        <Icon name="download" /> <span class="not-phone">Download</span>
      </button>
      {isOpen.value && (
        <div class="panel download-panel" role="dialog" aria-label="Download">
          <p>
            <b>{total === undefined ? 'Lines' : `${count(total)} lines.`}</b> Everything that matches, not only what is
            loaded.
          </p>
          <div class="row-of-buttons">
            {(['ndjson', 'csv', 'raw'] as const).map((format) => (
              <button key={format} type="button" class="button" onClick={() => start(format)}>
                {{ ndjson: 'NDJSON', csv: 'CSV', raw: 'Raw' }[format]}
              </button>
            ))}
          </div>
        </div>
      )}
    </span>
  );
}
