/** The top bar: where one is, the zone, the theme and who asks. */
import { addressOf, QUESTION_DEFAULT } from '../state/address.ts';
import { isUtc, LOCAL_ZONE, offsetText, serverNowMs, zone } from '../state/clock.ts';
import { question, toggleZone, view } from '../state/navigation.ts';
import { isKeysOpen, isPaletteOpen } from '../state/panels.ts';
import { session, signOut } from '../state/session.ts';
import { isDark, toggleTheme } from '../state/theme.ts';
import { Icon } from './icon.tsx';
import { VIEWS } from './view-links.ts';

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);

export function TopBar() {
  return (
    <header class="top-bar">
      <a class="logo" href={addressOf({ kind: 'explore' }, QUESTION_DEFAULT)} data-view>
        <svg viewBox="0 0 18 18" aria-hidden="true">
          <rect width="18" height="18" rx="4" />
          <path d="M4 5.5h8M4 9h10M4 12.5h6" />
        </svg>
        podlog
      </a>
      <nav class="not-phone" aria-label="Views">
        <Links />
      </nav>
      <div class="top-right">
        <button type="button" class="ghost go-to" onClick={() => (isPaletteOpen.value = true)}>
          <Icon name="search" />
          <span>Go to</span>
          <kbd class="not-phone" aria-hidden="true">
            {IS_MAC ? '⌘K' : 'Ctrl K'}
          </kbd>
        </button>
        <button
          type="button"
          class="ghost not-phone"
          title="All keys"
          aria-label="All keys"
          onClick={() => (isKeysOpen.value = true)}
        >
          <Icon name="keys" />
        </button>
        <button
          type="button"
          class="ghost"
          title={`Times are in ${zone.value}; click for ${isUtc.value ? LOCAL_ZONE : 'UTC'}`}
          onClick={toggleZone}
        >
          <Icon name="clock" /> {zoneName(zone.value)} <span class="dim num">{offsetText(serverNowMs())}</span>
        </button>
        <button
          type="button"
          class="ghost"
          aria-label={isDark.value ? 'Light theme' : 'Dark theme'}
          title={isDark.value ? 'Light theme' : 'Dark theme'}
          onClick={toggleTheme}
        >
          <Icon name={isDark.value ? 'sun' : 'moon'} />
        </button>
        {typeof session.value?.session_ends === 'string' && (
          <button
            type="button"
            class="ghost"
            title={`Sign out ${nameOf(session.value.caller)}`}
            aria-label={`Sign out ${nameOf(session.value.caller)}`}
            onClick={() => void signOut()}
          >
            <span class="caller">{nameOf(session.value.caller)}</span> <Icon name="out" />
          </button>
        )}
      </div>
    </header>
  );
}

/** On a phone, the views are below the thumb. */
export function PhoneTabs() {
  return (
    <nav class="phone-tabs" aria-label="Views">
      <Links />
    </nav>
  );
}

function Links() {
  return (
    <>
      {VIEWS.map(({ view: to, label, icon }) => (
        <a
          key={label}
          href={addressOf(to, { ...question.value, line: '', context: '', tab: 'lines', own: {} })}
          data-view
          aria-current={view.value.kind === to.kind ? 'page' : undefined}
        >
          <Icon name={icon} />
          {label}
        </a>
      ))}
    </>
  );
}

/** Users, other than tokens, have a word before their name. */
function nameOf(caller: string | null): string {
  return (caller ?? '').replace(/^user:/, '');
}

/** `Berlin` of `Europe/Berlin`. */
function zoneName(name: string): string {
  return name.split('/').at(-1)!.replaceAll('_', ' ');
}
