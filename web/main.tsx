/** The page: its frame, and the view that the address names. */
import { effect } from '@preact/signals';
import { render } from 'preact';
import { Failure } from './parts/failure.tsx';
import { onPageKey } from './parts/keys.ts';
import { lazy } from './parts/lazy.tsx';
import { OfflineBar } from './parts/offline-bar.tsx';
import { QueryBar } from './parts/query-bar.tsx';
import { Toast } from './parts/toast.tsx';
import { PhoneTabs, TopBar } from './parts/top-bar.tsx';
import { onLinkClick, question, view } from './state/navigation.ts';
import { isKeysOpen, isPaletteOpen } from './state/panels.ts';
import { followTheme } from './state/theme.ts';
import { access, accessProblem, startSession } from './state/session.ts';
import { Explore } from './views/explore.tsx';

const Cluster = lazy(async () => (await import('./cluster/cluster.tsx')).Cluster);
const Endpoints = lazy(async () => (await import('./endpoints/endpoints.tsx')).Endpoints);
const KeysSheet = lazy(async () => (await import('./parts/keys-sheet.tsx')).KeysSheet);
const Live = lazy(async () => (await import('./views/live.tsx')).Live);
const Login = lazy(async () => (await import('./views/login.tsx')).Login);
const Palette = lazy(async () => (await import('./parts/palette.tsx')).Palette);
const Request = lazy(async () => (await import('./views/request.tsx')).Request);
const User = lazy(async () => (await import('./views/user.tsx')).User);

function Page() {
  if (access.value === 'login') return <Login />;
  return (
    <>
      <OfflineBar />
      <TopBar />
      {access.value === 'failed' ? (
        <main class="pane">
          <Failure what="The page" error={accessProblem.value} again={() => void startSession()} />
        </main>
      ) : (
        <Main />
      )}
      <PhoneTabs />
      {isKeysOpen.value && <KeysSheet />}
      {isPaletteOpen.value && <Palette />}
      <Toast />
    </>
  );
}

function Main() {
  const { value } = view;
  switch (value.kind) {
    case 'explore':
      return (
        <main class="view">
          <h1 class="hidden-text">Explore</h1>
          <QueryBar />
          <Explore />
        </main>
      );
    case 'live':
      return (
        <main class="view">
          <h1 class="hidden-text">Live</h1>
          <QueryBar />
          <Live />
        </main>
      );
    case 'request':
      return (
        <main class="view">
          <Request id={value.id} />
        </main>
      );
    case 'user':
      return (
        <main class="view">
          <User id={value.id} />
        </main>
      );
    case 'endpoints':
      return (
        <main class="view">
          <QueryBar />
          <Endpoints endpoint={value.endpoint} />
        </main>
      );
    case 'cluster':
      return (
        <main class="view">
          <Cluster />
        </main>
      );
  }
}

effect(() => {
  const { kind } = view.value;
  const { q } = question.value;
  if (kind === 'explore' || kind === 'live') {
    document.title = `${q === '' ? (kind === 'live' ? 'Live' : 'Explore') : q}, podlog`;
  }
});

document.addEventListener('click', onLinkClick);
document.addEventListener('keydown', onPageKey);
followTheme();
void startSession();
render(<Page />, document.getElementById('page')!);
