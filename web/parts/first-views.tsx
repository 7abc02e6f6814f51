/** The saved views, at the top of the values beside the lines: where one begins. */
import type { SavedView } from '../../shared/client/answers.ts';
import { askJson } from '../../shared/client/client.ts';
import { addressOf } from '../state/address.ts';
import { useLoaded } from '../state/loaded.ts';
import { savedCount } from '../state/panels.ts';
import { viewQuestion } from '../state/saved-view.ts';
import { question } from '../state/navigation.ts';
import { connection } from '../state/session.ts';
import { Icon } from './icon.tsx';

const VIEWS_SHOWN = 8;

export function FirstViews() {
  const loaded = useLoaded(
    (ended) => askJson<{ readonly views: readonly SavedView[] }>(connection(), '/views', {}, ended),
    [savedCount.value],
  );
  const views = loaded.value.value?.views ?? [];
  if (views.length === 0) return null;
  const { q, since, until } = question.value;
  return (
    <section aria-label="Saved views">
      <h2>Saved views</h2>
      {views.slice(0, VIEWS_SHOWN).map((view) => {
        const own = viewQuestion(view);
        const isShown = own.q === q && own.since === since && own.until === until;
        return (
          <a
            key={`${view.name} ${view.shared}`}
            class="value-row first-view"
            data-view
            href={addressOf({ kind: 'explore' }, own)}
            aria-current={isShown ? 'true' : undefined}
            title={view.search === '' ? 'all lines' : view.search}
          >
            <Icon name="star" />
            <span class="value-name">{view.name}</span>
            {view.shared && <span class="value-count">shared</span>}
          </a>
        );
      })}
    </section>
  );
}
