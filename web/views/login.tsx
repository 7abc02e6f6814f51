/** Getting in with a token. The wanted address stays, and nothing else is shown. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { accessProblem, signIn } from '../state/session.ts';

export function Login() {
  const typed = useSignal('');
  const isAsking = useSignal(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = async (): Promise<void> => {
    if (typed.value.trim() === '') return;
    isAsking.value = true;
    await signIn(typed.value);
    isAsking.value = false;
  };
  return (
    <main class="login">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <h1>podlog</h1>
        <label for="token">Token</label>
        <input
          ref={field}
          id="token"
          type="password"
          autocomplete="current-password"
          value={typed.value}
          aria-invalid={accessProblem.value !== ''}
          aria-describedby="token-problem"
          onInput={(event) => (typed.value = event.currentTarget.value)}
        />
        <p id="token-problem" class="tone-error" role="alert">
          {accessProblem.value}
        </p>
        <button type="submit" class="button is-primary" disabled={isAsking.value}>
          Sign in
        </button>
        <p class="dim">The token is not kept: this browser gets a cookie, until you sign out or for a week.</p>
      </form>
    </main>
  );
}
