/** Getting in, with an identity provider or a token. The wanted address stays, and nothing else is shown. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { WaysIn } from '../../shared/client/answers.ts';
import { accessProblem, signIn, waysIn } from '../state/session.ts';

export function Login() {
  const ways = waysIn.value;
  return (
    <main class="login">
      <div class="login-ways">
        <h1>podlog</h1>
        <p id="login-problem" class="tone-error" role="alert">
          {accessProblem.value}
        </p>
        {ways !== undefined && <Ways {...ways} />}
      </div>
    </main>
  );
}

function Ways({ token, oidc }: WaysIn) {
  return (
    <>
      {oidc !== null && (
        <a class="button is-primary" href={`/login/oidc?to=${encodeURIComponent(location.pathname + location.search)}`}>
          Sign in with {oidc.label}
        </a>
      )}
      {token && <TokenForm isOnly={oidc === null} />}
      {!token && oidc === null && (
        <p>
          The proxy in front of this server signs people in, and this request did not come through it. Open the proxy’s
          address.
        </p>
      )}
    </>
  );
}

function TokenForm({ isOnly }: { readonly isOnly: boolean }) {
  const typed = useSignal('');
  const isAsking = useSignal(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isOnly) field.current?.focus();
  }, [isOnly]);
  const submit = async (): Promise<void> => {
    if (typed.value.trim() === '') return;
    isAsking.value = true;
    await signIn(typed.value);
    isAsking.value = false;
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <label for="token">{isOnly ? 'Token' : 'Or a token'}</label>
      <input
        ref={field}
        id="token"
        type="password"
        autocomplete="current-password"
        value={typed.value}
        aria-invalid={accessProblem.value !== ''}
        aria-describedby="login-problem"
        onInput={(event) => (typed.value = event.currentTarget.value)}
      />
      <button type="submit" class={isOnly ? 'button is-primary' : 'button'} disabled={isAsking.value}>
        Sign in
      </button>
      <p class="dim">The token is not kept: this browser gets a cookie, until you sign out or for a week.</p>
    </form>
  );
}
