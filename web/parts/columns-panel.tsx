/** The columns of the table, in their order, and the names that can be added to them. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { FieldValues } from '../../shared/client/answers.ts';
import { PATH_NAMES } from '../../shared/request-names.ts';
import { SHAPE } from '../state/table-cells.ts';
import { moveColumn, setColumns, tableColumns, toggleColumn } from '../state/columns.ts';
import { askFields } from '../state/facets.ts';
import { messageOf } from '../state/message-of.ts';
import { asked } from '../state/search.ts';
import { noticeRevoked } from '../state/session.ts';
import { Icon } from './icon.tsx';
import { count } from '../../shared/counted.ts';

const NAMES_SHOWN = 200;

/** The shape of a path is beside it: which endpoint a line is about. */
function withShapes(names: readonly FieldValues[]): readonly FieldValues[] {
  return names.flatMap((field) =>
    PATH_NAMES.includes(field.name) ? [field, { ...field, name: field.name + SHAPE }] : [field],
  );
}

export function ColumnsPanel() {
  const names = useSignal<readonly FieldValues[]>([]);
  const problem = useSignal('');
  const typed = useSignal('');
  useEffect(() => {
    const ended = new AbortController();
    const load = async (): Promise<void> => {
      try {
        names.value = await askFields([], asked.peek(), ended.signal, 0);
      } catch (error) {
        if (ended.signal.aborted) return;
        noticeRevoked(error);
        problem.value = messageOf(error);
      }
    };
    void load();
    return () => ended.abort();
  }, []);
  const chosen = tableColumns.value;
  const wanted = typed.value.trim().toLowerCase();
  const found = withShapes(names.value)
    .filter(({ name }) => !chosen.includes(name) && name.toLowerCase().includes(wanted))
    .slice(0, NAMES_SHOWN);
  return (
    <div class="panel columns-panel" role="dialog" aria-label="Columns">
      <p class="dim">Beside time, level and pod. A download as CSV or NDJSON can have these columns.</p>
      <ol aria-label="Chosen columns">
        {chosen.map((name, i) => (
          <li key={name}>
            <span class="mono">{name}</span>
            <button
              type="button"
              class="icon-button"
              aria-label={`${name} further left`}
              disabled={i === 0}
              onClick={() => moveColumn(name, -1)}
            >
              <Icon name="up" />
            </button>
            <button
              type="button"
              class="icon-button"
              aria-label={`${name} further right`}
              disabled={i === chosen.length - 1}
              onClick={() => moveColumn(name, 1)}
            >
              <Icon name="down" />
            </button>
            <button
              type="button"
              class="icon-button"
              aria-label={`Remove the column ${name}`}
              disabled={chosen.length === 1}
              onClick={() => toggleColumn(name)}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ol>
      <input
        class="facet-search"
        type="search"
        placeholder="Add a label or field"
        aria-label="Add a label or field"
        value={typed.value}
        onInput={(event) => (typed.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          // A name that no line of now has is taken as it is.
          const name = found[0]?.name ?? typed.value.trim();
          if (event.key !== 'Enter' || name === '' || wanted === '') return;
          setColumns([...chosen, name]);
          typed.value = '';
        }}
      />
      {problem.value !== '' && (
        <p class="tone-error" role="alert">
          {problem.value}
        </p>
      )}
      <ul aria-label="Labels and fields">
        {found.map(({ name, rows }) => (
          <li key={name}>
            <button type="button" class="value-row" onClick={() => toggleColumn(name)}>
              <Icon name="plus" />
              <span class="value-name mono">{name}</span>
              <span class="value-count">{count(rows)}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
