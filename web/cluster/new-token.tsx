/** An entry of the tokens file for someone who may read all namespaces or some. The page sends nothing of it. */
import { useSignal } from '@preact/signals';
import { Icon } from '../parts/icon.tsx';
import { copy } from '../state/said.ts';

const TOKEN_BYTES = 24;

export function NewToken({ namespaces }: { readonly namespaces: readonly string[] }) {
  const name = useSignal('');
  const namespace = useSignal('');
  const token = useSignal(newToken());
  const shown = name.value.trim() || (namespace.value === '' ? 'reader' : `team-${namespace.value}`);
  const entry = [
    `- name: ${JSON.stringify(shown)}`,
    `  token: '${token.value}'`,
    '  scopes: [read]',
    ...(namespace.value === '' ? [] : [`  namespaces: [${JSON.stringify(namespace.value)}]`]),
  ].join('\n');
  return (
    <section aria-label="A token for someone">
      <h2>A token for someone</h2>
      <p class="dim">
        Add this to the file that the server has by --tokens-file, which it reads again within seconds; a first such
        file needs an entry with the scope admin, too. Whoever has the token may read, and do nothing else.
      </p>
      <div class="choices">
        <label class="select">
          <span>Name</span>
          <input
            type="text"
            maxLength={100}
            placeholder={shown}
            value={name.value}
            onInput={({ currentTarget }) => (name.value = currentTarget.value)}
          />
        </label>
        <label class="select">
          <span>May see</span>
          <select value={namespace.value} onChange={({ currentTarget }) => (namespace.value = currentTarget.value)}>
            <option value="">everything</option>
            {namespaces.map((each) => (
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
          <Icon name="down" />
        </label>
      </div>
      <pre class="mono token-entry" tabIndex={0} aria-label="Entry of the tokens file">
        {entry}
      </pre>
      <div class="choices">
        <button type="button" class="button" onClick={() => void copy(`${entry}\n`, 'Entry copied')}>
          <Icon name="copy" /> Copy
        </button>
        <button type="button" class="button" onClick={() => (token.value = newToken())}>
          Another token
        </button>
      </div>
    </section>
  );
}

function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
