/** Goes anywhere by typing a part of its name: views, saved searches, namespaces, apps, pods; an id goes to its request or user. */
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { AggregateAnswer, SavedView } from '../../shared/client/answers.ts';
import { askJson } from '../../shared/client/client.ts';
import { quoted, termText } from '../search/edit.ts';
import { QUESTION_DEFAULT, type Tab } from '../state/address.ts';
import { zone } from '../state/clock.ts';
import { copyLink } from '../state/link.ts';
import { go, question, toggleZone } from '../state/navigation.ts';
import { isDownloadOpen, isKeysOpen, isPaletteOpen, typedAhead } from '../state/panels.ts';
import { viewQuestion } from '../state/saved-view.ts';
import { type Density, density, isWrapped } from '../state/selected.ts';
import { connection, noticeRevoked } from '../state/session.ts';
import { toggleTheme } from '../state/theme.ts';
import { Icon, type IconName } from './icon.tsx';
import { count } from '../../shared/counted.ts';
import { VIEWS } from './view-links.ts';

interface Place {
  readonly kind: string;
  readonly name: string;
  readonly icon: IconName;
  /** Beside the name. */
  readonly detail?: string;
  readonly open: () => void;
}

const DENSITIES: readonly { readonly value: Density; readonly name: string }[] = [
  { value: 'compact', name: 'Compact lines' },
  { value: 'normal', name: 'Lines of normal height' },
  { value: 'large', name: 'Large lines' },
];
const PLACES_MAX = 50;
const GROUPS_MAX = 1_000;
/** Names of the last day are offered. */
const SINCE = '24h';
/** Numbers, UUIDs, and longer words of which a digit is part: rather ids than names. */
const ID = /^(?:\d+|[\da-f-]{8,}|(?=\D*\d)[\w.:-]{16,})$/i;

export function Palette() {
  const dialog = useRef<HTMLDialogElement>(null);
  const typed = useSignal(typedAhead.peek());
  const chosen = useSignal(0);
  const found = useSignal<readonly Place[]>([]);
  const list = useRef<HTMLUListElement>(null);
  useLayoutEffect(() => {
    dialog.current?.showModal();
    typed.value = typedAhead.peek();
  }, []);
  useEffect(() => {
    const ended = new AbortController();
    const add = (places: readonly Place[]): void => {
      found.value = [...found.value, ...places];
    };
    for (const load of [savedPlaces, clusterPlaces]) {
      load(ended.signal).then(add, (error: unknown) => {
        // What cannot be loaded is not offered.
        if (!ended.signal.aborted) noticeRevoked(error);
      });
    }
    return () => ended.abort();
  }, []);
  const text = typed.value.trim();
  const places = useMemo(
    () => [...idPlaces(text), ...matching([...fixedPlaces(), ...found.value], text), ...textPlaces(text)],
    [text, found.value],
  );
  const close = (): void => void (isPaletteOpen.value = false);
  const open = (place: Place | undefined): void => {
    if (place === undefined) return;
    close();
    place.open();
  };
  useEffect(() => list.current?.children[chosen.value]?.scrollIntoView({ block: 'nearest' }), [chosen.value]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move !== undefined) chosen.value = (chosen.value + move + places.length) % Math.max(1, places.length);
    else if (event.key === 'Enter') open(places[chosen.value]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog
      ref={dialog}
      class="panel palette"
      aria-label="Go to"
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div class="palette-field">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          aria-label="Go to"
          aria-expanded="true"
          aria-controls="places"
          aria-activedescendant={places.length > 0 ? `place-${chosen.value}` : undefined}
          autocomplete="off"
          spellcheck={false}
          value={typed.value}
          placeholder="View, namespace, app, pod, or a request or user id"
          onInput={(event) => {
            typed.value = event.currentTarget.value;
            chosen.value = 0;
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <ul id="places" role="listbox" aria-label="Places" ref={list}>
        {places.map((place, i) => (
          <li
            key={`${place.kind} ${place.name}`}
            id={`place-${i}`}
            role="option"
            aria-selected={i === chosen.value}
            onClick={() => open(place)}
          >
            <Icon name={place.icon} />
            <span class="place-name">{place.name}</span>
            {place.detail !== undefined && <span class="place-detail">{place.detail}</span>}
            <span class="place-kind">{place.kind}</span>
          </li>
        ))}
      </ul>
    </dialog>
  );
}

function matching(places: readonly Place[], text: string): readonly Place[] {
  const wanted = text.toLowerCase();
  const rank = ({ name }: Place): number => {
    const at = name.toLowerCase().indexOf(wanted);
    return at <= 0 ? at : /[\s./·-]/.test(name[at - 1]!) ? 1 : 2;
  };
  return places
    .map((place) => ({ place, at: rank(place) }))
    .filter(({ at }) => at >= 0)
    .toSorted((a, b) => a.at - b.at)
    .slice(0, PLACES_MAX)
    .map(({ place }) => place);
}

/** What looks like an id may be one of a request or a user; a number is rather a user's. */
function idPlaces(text: string): readonly Place[] {
  if (!ID.test(text)) return [];
  const request: Place = {
    kind: 'Request',
    name: text,
    icon: 'request',
    open: () => go({ kind: 'request', id: text }, QUESTION_DEFAULT),
  };
  const user: Place = {
    kind: 'User',
    name: text,
    icon: 'user',
    open: () => go({ kind: 'user', id: text }, sameRange()),
  };
  return /^\d{1,15}$/.test(text) ? [user, request] : [request, user];
}

function textPlaces(text: string): readonly Place[] {
  if (text === '') return [];
  const q = /\s/.test(text) ? text : quoted(text);
  return [{ kind: 'Search', name: text, icon: 'search', open: () => go({ kind: 'explore' }, { ...sameRange(), q }) }];
}

function fixedPlaces(): readonly Place[] {
  const action = (name: string, icon: IconName, open: () => void): Place => ({ kind: 'Action', name, icon, open });
  const tab = (name: string, icon: IconName, to: Tab): Place => ({
    kind: 'Question',
    name,
    icon,
    open: () => go({ kind: 'explore' }, { ...sameRange(), q: question.peek().q, tab: to }),
  });
  return [
    ...VIEWS.map(({ view, label, icon }) => ({ kind: 'View', name: label, icon, open: () => go(view) })),
    tab('Requests in several pods', 'request', 'requests'),
    tab('Last lines of each container', 'context', 'last'),
    action('Copy link', 'link', () => void copyLink(false)),
    action('Download', 'download', () => (isDownloadOpen.value = true)),
    action('Wrap lines', 'wrap', () => (isWrapped.value = !isWrapped.value)),
    ...DENSITIES.filter(({ value }) => value !== density.value).map(({ value, name }) =>
      action(name, 'sort', () => (density.value = value)),
    ),
    action(zone.value === 'UTC' ? 'Local time' : 'Times in UTC', 'clock', toggleZone),
    action('Light or dark', 'moon', toggleTheme),
    action('All keys', 'keys', () => (isKeysOpen.value = true)),
  ];
}

async function savedPlaces(ended: AbortSignal): Promise<readonly Place[]> {
  const { views } = await askJson<{ readonly views: readonly SavedView[] }>(connection(), '/views', {}, ended);
  return views.map((view) => ({
    kind: 'Saved view',
    name: view.name,
    icon: 'star',
    detail: view.search,
    open: () => go({ kind: 'explore' }, viewQuestion(view)),
  }));
}

async function clusterPlaces(ended: AbortSignal): Promise<readonly Place[]> {
  const by = ['namespace', 'container', 'pod'];
  const { groups } = await askJson<AggregateAnswer>(
    connection(),
    '/aggregate',
    { by, since: SINCE, limit: GROUPS_MAX },
    ended,
  );
  return placesOf(groups);
}

function placesOf(groups: AggregateAnswer['groups']): readonly Place[] {
  const kinds = [
    { name: 'namespace', kind: 'Namespace', icon: 'filter' },
    { name: 'container', kind: 'App', icon: 'filter' },
    { name: 'pod', kind: 'Pod', icon: 'filter' },
  ] as const;
  return kinds.flatMap(({ name, kind, icon }) => {
    const rows = new Map<string, number>();
    for (const { by, rows: own } of groups) {
      const value = by[name] ?? '';
      if (value !== '') rows.set(value, (rows.get(value) ?? 0) + own);
    }
    return [...rows].map(([value, own]) => ({
      kind,
      name: value,
      icon,
      detail: `${count(own)} lines in 24 h`,
      open: () => go({ kind: 'explore' }, { ...sameRange(), q: termText(name, [value], false) }),
    }));
  });
}

function sameRange() {
  const { since, until } = question.peek();
  return { ...QUESTION_DEFAULT, since, until };
}
