/** Backups of the store, for those who may make them: a folder of hard links each, to be copied away. */
import { useSignal } from '@preact/signals';
import { askJson, change, changeJson } from '../../shared/client/client.ts';
import type { Backup } from '../../shared/client/answers.ts';
import { count } from '../../shared/counted.ts';
import { sizeText } from '../../shared/readable-line/measures.ts';
import { Failure } from '../parts/failure.tsx';
import { Icon } from '../parts/icon.tsx';
import { useLoaded } from '../state/loaded.ts';
import { copy, say } from '../state/said.ts';
import { connection } from '../state/session.ts';

export function Backups() {
  const version = useSignal(0);
  const isBusy = useSignal(false);
  /** The backup that a further click removes. */
  const chosen = useSignal('');
  const failure = useSignal<unknown>(undefined);
  const asked = useLoaded(
    (ended) => askJson<{ readonly snapshots: readonly Backup[] }>(connection(), '/snapshots', {}, ended),
    [version.value],
  ).value;
  const act = async (does: () => Promise<string>): Promise<void> => {
    isBusy.value = true;
    failure.value = undefined;
    try {
      say(await does());
      version.value++;
    } catch (error) {
      failure.value = error;
    } finally {
      isBusy.value = false;
    }
  };
  const make = () =>
    act(async () => `Backup ${(await changeJson<Backup>(connection(), 'POST', '/snapshots')).name} is made`);
  const remove = (name: string) =>
    act(async () => {
      await change(connection(), 'DELETE', `/snapshots/${encodeURIComponent(name)}`);
      return `Backup ${name} is removed`;
    });
  const backups = asked.value?.snapshots ?? [];
  return (
    <section aria-label="Backups">
      <h2>Backups</h2>
      <p class="dim">
        A backup is a folder on the server’s disk that takes almost no room at first. Copy it away, then remove it here.
        To restore, give a stopped server a copy of the copy as its data folder, with the folder erasures of the lost
        one: erased lines would come back without it.
      </p>
      {asked.error !== undefined && <Failure what="Backups" error={asked.error} />}
      {failure.value !== undefined && <Failure what="The backup" error={failure.value} />}
      {backups.length > 0 && (
        <table class="table backups-table">
          <thead>
            <tr>
              <th scope="col" class="left">
                Folder
              </th>
              <th scope="col">Lines</th>
              <th scope="col">Size</th>
              <th scope="col">
                <span class="hidden-text">Copy or remove</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {backups.map(({ name, path, problem, rows = 0, bytes = 0 }) => (
              <tr key={name}>
                <th scope="row" class="left mono">
                  {path}
                </th>
                <td colSpan={problem === undefined ? 1 : 2}>{problem ?? count(rows)}</td>
                {problem === undefined && <td>{sizeText(bytes)}</td>}
                <td>
                  <button
                    type="button"
                    class="icon-button"
                    aria-label={`Copy the path of ${name}`}
                    title={`Copy the path of ${name}`}
                    onClick={() => void copy(path, 'Path copied')}
                  >
                    <Icon name="copy" />
                  </button>
                  {chosen.value === name ? (
                    <button
                      type="button"
                      class="button is-danger"
                      disabled={isBusy.value}
                      onClick={() => void remove(name)}
                    >
                      Remove
                    </button>
                  ) : (
                    <button
                      type="button"
                      class="icon-button"
                      aria-label={`Remove ${name}`}
                      title={`Remove ${name}`}
                      onClick={() => (chosen.value = name)}
                    >
                      <Icon name="close" />
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <button type="button" class="button" disabled={isBusy.value} aria-busy={isBusy.value} onClick={() => void make()}>
        Back up now
      </button>
    </section>
  );
}
