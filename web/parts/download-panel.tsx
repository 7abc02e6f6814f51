/** Everything that matches, as a file: whole lines, or the columns of the table. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { AggregateAnswer } from '../../shared/client/answers.ts';
import { askJson, queryOf } from '../../shared/client/client.ts';
import { sizeText } from '../../shared/readable-line/measures.ts';
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
  const { tab, order } = question.value;
  const bytes = useSignal<number | undefined>(undefined);
  const hasColumns = useSignal(tab === 'table');
  useEffect(() => {
    const ended = new AbortController();
    askJson<AggregateAnswer>(connection(), '/aggregate', { ...asked.peek(), line_bytes: true }, ended.signal).then(
      ({ groups }) => (bytes.value = groups[0]?.line_bytes),
      // The size is beside the formats; without it, they are whole.
      () => undefined,
    );
    return () => ended.abort();
  }, []);
  const columns = [...new Set([...HEAD_COLUMNS, ...tableColumns.value])];
  const start = (format: DownloadFormat): void => {
    isDownloadOpen.value = false;
    const query = queryOf({
      ...asked.peek(),
      order,
      ...(hasColumns.value && format !== 'raw' && { columns: columns.join(',') }),
    });
    void download(connection(), query, format);
  };
  const total = totalLines.value;
  return (
    <div class="panel download-panel" role="dialog" aria-label="Download">
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
            disabled={hasColumns.value && format === 'raw'}
            title={format === 'raw' ? 'Lines as their containers wrote them' : undefined}
            onClick={() => start(format)}
          >
            {name}
          </button>
        ))}
      </div>
    </div>
  );
}
