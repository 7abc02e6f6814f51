/** The names of the table's columns, above its rows. Each can be moved and removed, as in the panel of columns. */
import { Icon } from '../parts/icon.tsx';
import { moveColumn, toggleColumn } from '../state/columns.ts';
import type { Column } from '../state/table-cells.ts';

export function TableHead({ columns }: { readonly columns: readonly Column[] }) {
  return (
    <div class="line table-head" role="row">
      <span class="time" role="columnheader">
        Time
      </span>
      <span class="level" role="columnheader">
        <span class="hidden-text">Level</span>
      </span>
      <span class="pod" role="columnheader">
        Pod
      </span>
      {columns.map(({ name, isNumber }, i) => (
        <span key={name} class={`cell${isNumber ? ' is-number' : ''}`} role="columnheader" title={name}>
          <bdi>{name}</bdi>
          <span class="table-head-actions">
            {i > 0 && (
              <button type="button" aria-label={`Move ${name} left`} onClick={() => moveColumn(name, -1)}>
                <Icon name="left" />
              </button>
            )}
            {i < columns.length - 1 && (
              <button type="button" aria-label={`Move ${name} right`} onClick={() => moveColumn(name, 1)}>
                <Icon name="right" />
              </button>
            )}
            {columns.length > 1 && (
              <button type="button" aria-label={`Remove ${name}`} onClick={() => toggleColumn(name)}>
                <Icon name="close" />
              </button>
            )}
          </span>
        </span>
      ))}
    </div>
  );
}
