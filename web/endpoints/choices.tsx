/** What can be chosen in the view: whose requests, from when on one is slow, and which fields of lines say what. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { FieldsAnswer } from '../../shared/client/answers.ts';
import { askJson } from '../../shared/client/client.ts';
import { oneLine } from '../../shared/readable-line/one-line.ts';
import { Icon } from '../parts/icon.tsx';
import { count } from '../../shared/counted.ts';
import { milliseconds } from '../parts/numbers.ts';
import { PanelButton } from '../parts/panel-button.tsx';
import { selects, selectionOf } from '../search/edit.ts';
import { ask, question } from '../state/navigation.ts';
import { connection } from '../state/session.ts';
import { type Role, ROLES } from './fields.ts';
import { type App, type Known, SLOW_MS, withApp, withoutApp } from './questions.ts';

const SLOW_CHOICES_MS = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];

export interface ChoicesProps {
  readonly known: Known;
  readonly apps: readonly App[];
  readonly slowMs: number;
}

export function Choices({ known, apps, slowMs }: ChoicesProps) {
  return (
    <div class="choices">
      <Apps apps={apps} />
      <Slow slowMs={slowMs} />
      <FieldChoice known={known} />
    </div>
  );
}

const ALL = '';
const SEVERAL = '…';

function Apps({ apps }: { readonly apps: readonly App[] }) {
  const { q } = question.value;
  const isOf = ({ namespace, container }: App): boolean =>
    selectionOf(q, 'container', container) === 'included' &&
    (namespace === '' || !selects(q, 'namespace') || selectionOf(q, 'namespace', namespace) === 'included');
  const chosen = apps.filter(isOf);
  const isNarrow = selects(q, 'container');
  const value = chosen.length === 1 ? keyOf(chosen[0]!) : isNarrow ? SEVERAL : ALL;
  return (
    <label class="select">
      <span>App</span>
      <select
        value={value}
        onChange={({ currentTarget }) => {
          const app = apps.find((each) => keyOf(each) === currentTarget.value);
          const own = ownWithoutFields();
          ask({ q: app === undefined ? withoutApp(q) : withApp(q, app), own });
        }}
      >
        <option value={ALL}>all</option>
        {value === SEVERAL && <option value={SEVERAL}>as searched</option>}
        {apps.map((app) => (
          <option key={keyOf(app)} value={keyOf(app)}>
            {appName(app)} · {count(app.lines)}
          </option>
        ))}
      </select>
      <Icon name="down" />
    </label>
  );
}

/** Each app has its own fields, which are guessed again. */
function ownWithoutFields(): Record<string, string> {
  return Object.fromEntries(Object.entries(question.value.own).filter(([name]) => !ROLES.includes(name as Role)));
}

function keyOf({ namespace, container }: App): string {
  return `${namespace}/${container}`;
}

export function appName({ namespace, container }: App): string {
  const name = container === '' ? 'no container' : container;
  return oneLine(namespace === '' ? name : `${namespace}/${name}`);
}

function Slow({ slowMs }: { readonly slowMs: number }) {
  const choices = [...new Set([...SLOW_CHOICES_MS, slowMs])].toSorted((a, b) => a - b);
  return (
    <label class="select">
      <span>Slow from</span>
      <select
        value={String(slowMs)}
        onChange={({ currentTarget: { value } }) => {
          const { slow: _, ...own } = question.value.own;
          ask({ own: value === String(SLOW_MS) ? own : { ...own, slow: value } });
        }}
      >
        {choices.map((ms) => (
          <option key={ms} value={String(ms)}>
            {milliseconds(ms)}
          </option>
        ))}
      </select>
      <Icon name="down" />
    </label>
  );
}

const LABELS: Readonly<Record<Role, string>> = {
  path: 'Path',
  method: 'Method',
  status: 'Status',
  duration: 'Duration',
};
/** More are not worth looking through. */
const OFFERED_MAX = 300;

function FieldChoice({ known }: { readonly known: Known }) {
  const isOpen = useSignal(false);
  const { own } = question.value;
  const isChosen = ROLES.some((role) => own[role] !== undefined);
  return (
    <PanelButton isOpen={isOpen} panel={() => <FieldPanel known={known} close={() => (isOpen.value = false)} />}>
      Fields <span class="dim">{isChosen ? 'chosen' : 'guessed'}</span> <Icon name="down" />
    </PanelButton>
  );
}

/** Lines of other programs, which are not in this table: their paths are in other fields. */
export function OtherPaths({ names }: { readonly names: readonly string[] }) {
  if (names.length === 0) return null;
  return (
    <p class="dim">
      Not here are lines that have their path in{' '}
      {names.map((name, i) => (
        <>
          {i > 0 && ', '}
          <button type="button" class="link mono" onClick={() => ask({ own: { ...ownWithoutFields(), path: name } })}>
            {name}
          </button>
        </>
      ))}
      : choose the field, or their app above.
    </p>
  );
}

function FieldPanel({ known: { fields }, close }: { readonly known: Known; readonly close: () => void }) {
  const names = useSignal<readonly string[]>([]);
  const typed = useSignal<Readonly<Record<Role, string>>>({
    path: fields.path ?? '',
    method: fields.method ?? '',
    status: fields.status ?? '',
    duration: fields.duration ?? '',
  });
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    form.current?.querySelector('input')?.focus();
    const ended = new AbortController();
    const { q: search, since, until } = question.peek();
    askJson<FieldsAnswer>(connection(), '/fields', { search, since, until, top: 0 }, ended.signal).then(
      (answer) => (names.value = answer.fields.slice(0, OFFERED_MAX).map(({ name }) => name)),
      () => {},
    );
    return () => ended.abort();
  }, []);
  const take = (): void => {
    const { own } = question.peek();
    const chosen = ROLES.flatMap((role): [Role, string][] => {
      const value = typed.value[role].trim();
      return value !== '' && (value !== fields[role] || own[role] !== undefined) ? [[role, value]] : [];
    });
    close();
    ask({ own: { ...ownWithoutFields(), ...Object.fromEntries(chosen) } });
  };
  return (
    <div class="panel field-panel" role="dialog" aria-label="Fields">
      <form
        ref={form}
        onSubmit={(event) => {
          event.preventDefault();
          take();
        }}
      >
        <p class="dim">Which field says what. An empty one is guessed from the lines.</p>
        {ROLES.map((role) => (
          <label key={role}>
            {LABELS[role]}
            <input
              type="text"
              list="field-names"
              spellcheck={false}
              value={typed.value[role]}
              onInput={({ currentTarget: { value } }) => (typed.value = { ...typed.value, [role]: value })}
            />
          </label>
        ))}
        <datalist id="field-names">
          {names.value.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <div class="row-of-buttons">
          <button type="submit" class="button is-primary">
            Show
          </button>
          <button
            type="button"
            class="button"
            onClick={() => {
              close();
              ask({ own: ownWithoutFields() });
            }}
          >
            Guess again
          </button>
        </div>
      </form>
    </div>
  );
}
