/** The list of saved views, and the form that adds the search that is shown. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { SavedView } from '../../shared/client/answers.ts';
import { askJson, change } from '../../shared/client/client.ts';
import { addressOf } from '../state/address.ts';
import { question } from '../state/navigation.ts';
import { savedCount } from '../state/panels.ts';
import { viewQuestion } from '../state/saved-view.ts';
import { connection, session } from '../state/session.ts';
import { messageOf } from '../state/message-of.ts';
import { Icon } from './icon.tsx';
import { copy, say } from '../state/said.ts';

export function SavedViewsPanel({ onDone }: { readonly onDone: () => void }) {
  const views = useSignal<readonly SavedView[] | undefined>(undefined);
  const problem = useSignal('');
  const name = useSignal('');
  const isShared = useSignal(false);
  const mayShare = session.value?.scopes.includes('admin') === true;
  const load = async (): Promise<void> => {
    try {
      views.value = (await askJson<{ readonly views: readonly SavedView[] }>(connection(), '/views')).views;
    } catch (error) {
      problem.value = messageOf(error);
    }
  };
  useEffect(() => void load(), []);
  const save = async (): Promise<void> => {
    const { q, since, until, tab, columns } = question.peek();
    const wanted = name.value.trim();
    if (wanted === '') return;
    try {
      const view = {
        search: q,
        since,
        ...(until !== '' && { until }),
        ...(tab === 'table' && columns.length > 0 && { columns }),
        ...(isShared.value && { shared: true }),
      };
      await change(connection(), 'PUT', pathOf(wanted), {}, view);
      say(`View “${wanted}” saved`);
      savedCount.value++;
      onDone();
    } catch (error) {
      problem.value = messageOf(error);
    }
  };
  const remove = async (view: SavedView): Promise<void> => {
    try {
      await change(connection(), 'DELETE', pathOf(view.name), view.shared ? { shared: true } : {});
      savedCount.value++;
      await load();
    } catch (error) {
      problem.value = messageOf(error);
    }
  };
  return (
    <div class="panel views-panel" role="dialog" aria-label="Saved views">
      {views.value?.length === 0 && <p class="dim">No views are saved yet.</p>}
      <ul onClick={onDone}>
        {views.value?.map((view) => (
          <li key={`${view.name} ${view.shared}`}>
            <a data-view href={addressOf({ kind: 'explore' }, viewQuestion(view))}>
              <b>{view.name}</b>
              {view.shared && <span class="dim"> shared</span>}
              <span class="view-search mono">{view.search === '' ? 'all lines' : view.search}</span>
            </a>
            <button
              type="button"
              class="icon-button"
              aria-label={`Copy the link of ${view.name}`}
              title={`Copy the link of ${view.name}`}
              onClick={(event) => {
                event.stopPropagation();
                void copy(
                  location.origin + addressOf({ kind: 'explore' }, viewQuestion(view)),
                  `Link of “${view.name}” copied`,
                );
              }}
            >
              <Icon name="link" />
            </button>
            {(!view.shared || mayShare) && (
              <button
                type="button"
                class="icon-button"
                aria-label={`Remove ${view.name}`}
                title={`Remove ${view.name}`}
                onClick={(event) => {
                  event.stopPropagation();
                  void remove(view);
                }}
              >
                <Icon name="close" />
              </button>
            )}
          </li>
        ))}
      </ul>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <label>
          Name of this search
          <input
            type="text"
            maxLength={100}
            value={name.value}
            onInput={(event) => (name.value = event.currentTarget.value)}
          />
        </label>
        {mayShare && session.value?.caller !== null && (
          <label class="check">
            <input
              type="checkbox"
              checked={isShared.value}
              onChange={(event) => (isShared.value = event.currentTarget.checked)}
            />
            Shared with everyone
          </label>
        )}
        <button type="submit" class="button is-primary">
          Save view
        </button>
      </form>
      {problem.value !== '' && (
        <p class="tone-error" role="alert">
          {problem.value}
        </p>
      )}
    </div>
  );
}

function pathOf(name: string): string {
  return `/views/${encodeURIComponent(name)}`;
}
