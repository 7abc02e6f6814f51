/** Everything that matches, as a file: whole lines, or the columns of the table. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { AggregateAnswer } from '../../shared/client/answers.ts';
import { askJson, queryOf } from '../../shared/client/client.ts';
import { sizeText } from '../../shared/readable-line/measures.ts';
import { saveAll, type Saving, saving } from '../state/save-all.ts';
import { isLogql } from '../search/is-logql.ts';
import { HEAD_COLUMNS, tableColumns } from '../state/columns.ts';
import { download, type DownloadFormat } from '../state/download.ts';
import { question } from '../state/navigation.ts';
import { isDownloadOpen } from '../state/panels.ts';
import { asked, totalLines } from '../state/search.ts';
import { connection } from '../state/session.ts';
import { count } from '../../shared/counted.ts';

const FORMATS: readonly { readonly format: DownloadFormat; readonly name: string }[] = [
  { format: 'ndjson', name: 'NDJSON' },
  { format: 'csv', name: 'CSV' },
  { format: 'raw', name: 'Raw' },
];

export function DownloadPanel() {
  return (
    <div class="panel download-panel" role="dialog" aria-label="Download">
      {saving.value === undefined ? <Choice /> : <Progress {...saving.value} />}
    </div>
  );
}

function Choice() {
  const { tab, order, q } = question.value;
  const isOfLogql = isLogql(q);
  const bytes = useSignal<number | undefined>(undefined);
  const hasColumns = useSignal(tab === 'table');
  useEffect(() => {
    if (isOfLogql) return;
    const ended = new AbortController();
    askJson<AggregateAnswer>(connection(), '/aggregate', { ...asked.peek(), line_bytes: true }, ended.signal).then(
      ({ groups }) => (bytes.value = groups[0]?.line_bytes),
      // The size is beside the formats; without it, they are whole.
      () => undefined,
    );
    return () => ended.abort();
  }, []);
  const columns = [...new Set([...HEAD_COLUMNS, ...tableColumns.value])];
  const canHaveColumns = (format: DownloadFormat): boolean => format === 'csv' || (format === 'ndjson' && !isOfLogql);
  const start = (format: DownloadFormat): void => {
    const chosen = hasColumns.value && canHaveColumns(format) ? columns : undefined;
    if (isOfLogql) return void saveAll(asked.peek(), order, format, chosen);
    isDownloadOpen.value = false;
    const query = queryOf({ ...asked.peek(), order, ...(chosen !== undefined && { columns: chosen.join(',') }) });
    void download(connection(), query, format);
  };
  const total = totalLines.value;
  return (
    <>
      <p>
        <b>
          {total === undefined ? 'Lines' : `${count(total)} lines`}
          {bytes.value !== undefined && `, about ${sizeText(bytes.value)}`}.
        </b>{' '}
        Everything that matches, not only what is loaded.
      </p>
      <label class="check">
        <input
          type="checkbox"
          checked={hasColumns.value}
          onChange={(event) => (hasColumns.value = event.currentTarget.checked)}
        />
        <span>
          Only the columns <span class="mono">{columns.join(', ')}</span>
        </span>
      </label>
      <div class="row-of-buttons">
        {FORMATS.map(({ format, name }) => (
          <button
            key={format}
            type="button"
            class="button"
            disabled={hasColumns.value && !canHaveColumns(format)}
            title={format === 'raw' ? 'Lines as their containers wrote them' : undefined}
            onClick={() => start(format)}
          >
            {name}
          </button>
        ))}
      </div>
    </>
  );
}

function Progress({ lines, stop }: Saving) {
  const total = totalLines.value;
  return (
    <>
      <p role="status">
        <b class="num">{count(lines)}</b>
        {total !== undefined && ` of ${count(total)}`} lines are loaded.
      </p>
      <div class="row-of-buttons">
        <button type="button" class="button" onClick={stop}>
          Stop
        </button>
      </div>
    </>
  );
}
