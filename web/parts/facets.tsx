/** Values beside the lines: click includes, Alt-click excludes. Their order is that of the answer, and does not change meanwhile. */
import { useSignal } from '@preact/signals';
import { podName } from '../../shared/readable-line/pod-name.ts';
import type { FieldValues } from '../../shared/client/answers.ts';
import { DURATION_NAMES } from '../../shared/request-names.ts';
import { podClassOf } from '../state/known-hues.ts';
import { exclude, selectionOf, selects } from '../search/edit.ts';
import { hasRange, rangeOf, withRange } from '../search/number-range.ts';
import { addedNames, type App, askFields, facetNames, PINNED } from '../state/facets.ts';
import { ask, question } from '../state/navigation.ts';
import { asked, facets, levelTotals, lines, totalLines } from '../state/search.ts';
import { mostFrequent } from '../state/table-cells.ts';
import { noticeRevoked } from '../state/session.ts';
import { Failure } from './failure.tsx';
import { messageOf } from '../state/message-of.ts';
import { Icon, LevelIcon } from './icon.tsx';
import { lazy } from './lazy.tsx';
import { count } from '../../shared/counted.ts';
import { ValueRow } from './value-row.tsx';

const FacetSearch = lazy(async () => (await import('./facet-search.tsx')).FacetSearch);
const NumberFacet = lazy(async () => (await import('./number-facet.tsx')).NumberFacet);
import { say } from '../state/said.ts';

const TITLES: Readonly<Record<string, string>> = {
  level: 'Level',
  namespace: 'Namespace',
  status: 'Status',
  method: 'Method',
  'path.shape': 'Path',
};
const LEVEL_ORDER = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'];
const STATUS_CLASSES = [4, 5];
/** Values of a name before `more`. */
const VALUES_SHOWN = 7;

export function Facets() {
  const { value, error, isLoading } = facets.value;
  if (error !== undefined) return <Failure what="The values" error={error} />;
  if (value === undefined) return <FacetSkeleton />;
  const names = facetNames();
  const [first, rest] = [names.slice(0, 2), names.slice(2)];
  return (
    <div class="facets-list" aria-busy={isLoading}>
      {first.map((name) => (
        <Facet key={name} name={name} field={value.byName.get(name)} />
      ))}
      {value.apps.length > 0 && <Apps apps={value.apps} />}
      {rest.map((name) => (
        <Facet key={name} name={name} field={value.byName.get(name)} />
      ))}
      <Duration />
      {totalLines.value !== 0 && <MoreNames />}
    </div>
  );
}

/** What the lines call their duration, as a range. */
function Duration() {
  const rows = lines.value.value?.rows ?? [];
  const { q } = question.value;
  const name = DURATION_NAMES.find((each) => hasRange(q, each)) ?? mostFrequent(rows, DURATION_NAMES, 0);
  if (name === undefined || addedNames.value.includes(name)) return null;
  return (
    <section aria-label={name}>
      <h2>{name}</h2>
      <NumberFacet key={name} name={name} />
    </section>
  );
}

function FacetSkeleton() {
  return (
    <div class="facets-list" aria-busy="true">
      {['Level', 'Namespace', 'App'].map((title) => (
        <section key={title}>
          <h2>{title}</h2>
          {[1, 2, 3].map((i) => (
            <div key={i} class="skeleton" />
          ))}
        </section>
      ))}
    </div>
  );
}

function Facet({ name, field }: { readonly name: string; readonly field: FieldValues | undefined }) {
  const isWhole = useSignal(false);
  const { q } = question.value;
  const isAdded = addedNames.value.includes(name);
  const title = TITLES[name] ?? name;
  if (field === undefined && !isAdded && !selects(q, name)) return null;
  const values = sorted(name, field);
  const shown = isWhole.value ? values : values.slice(0, VALUES_SHOWN);
  const most = Math.max(1, ...values.map(({ rows }) => rows));
  const hidden = values.length - shown.length;
  const isRange = isOfNumbers(name, field);
  return (
    <section aria-label={title}>
      <h2 title={name}>
        {title}
        {name === 'path.shape' && <em>ids folded</em>}
        {isAdded && (
          <button
            type="button"
            aria-label={`Close ${title}`}
            title={`Close ${title}`}
            onClick={() => (addedNames.value = addedNames.value.filter((each) => each !== name))}
          >
            <Icon name="close" />
          </button>
        )}
      </h2>
      {isRange && <NumberFacet name={name} />}
      {!isRange &&
        shown.map(({ value, rows }) => (
          <ValueRow key={value} name={name} value={value} rows={rows} share={rows / most}>
            {name === 'level' && <LevelIcon level={value} />}
            <span class="value-name">{value === '' ? '(empty)' : value}</span>
          </ValueRow>
        ))}
      {name === 'level' && <NoLevel />}
      {name === 'status' && STATUS_CLASSES.map((each) => <StatusClass key={each} of={each} values={values} />)}
      {(isUnlisted(field) || isWhole.value) && <FacetSearch name={name} />}
      {field === undefined && <p class="facet-note">no line has this field</p>}
      {hidden > 0 && !isRange && (
        <button type="button" class="facet-more" onClick={() => (isWhole.value = true)}>
          {hidden} more
        </button>
      )}
    </section>
  );
}

/** Whether a field has too many values to list. */
function isUnlisted(field: FieldValues | undefined): boolean {
  return field !== undefined && field.distinct > 0 && (field.values ?? []).length === 0;
}

/** Many numbers are a range rather than a list; those of ids are not. */
function isOfNumbers(name: string, field: FieldValues | undefined): boolean {
  if (field === undefined || /(?:id|code|status|port)$/i.test(name) || PINNED.includes(name)) return false;
  const { values = [] } = field;
  return isUnlisted(field) || (values.length > VALUES_SHOWN && values.every(({ value }) => /^[\d.]+$/.test(value)));
}

/** Levels by severity; other values by count, the chosen ones first. */
function sorted(
  name: string,
  field: FieldValues | undefined,
): readonly { readonly value: string; readonly rows: number }[] {
  const { q } = question.peek();
  const values = [...(field?.values ?? [])];
  if (name === 'level') {
    const place = (value: string): number => LEVEL_ORDER.indexOf(value) & 0xff;
    return values.toSorted((a, b) => place(a.value) - place(b.value));
  }
  const isChosen = ({ value }: { readonly value: string }): number => (selectionOf(q, name, value) === 'none' ? 1 : 0);
  return values.toSorted((a, b) => isChosen(a) - isChosen(b));
}

/** `5xx` of several statuses, as a range of the search text. */
function StatusClass({ of, values }: { readonly of: number; readonly values: FieldValues['values'] & {} }) {
  const own = values.filter(({ value }) => Math.floor(Number(value) / 100) === of);
  if (own.length < 2) return null;
  const { q } = question.value;
  const range = { from: of * 100, to: of === 5 ? undefined : of * 100 + 100 };
  const { from, to } = rangeOf(q, 'status');
  const isChosen = from === range.from && to === range.to;
  return (
    <button
      type="button"
      class={`value-row is-${isChosen ? 'included' : 'none'}`}
      aria-pressed={isChosen}
      onClick={() => ask({ q: withRange(q, 'status', isChosen ? {} : range) })}
    >
      <span class="box">{isChosen && <Icon name="check" />}</span>
      <span class="value-name">{of}xx</span>
      <span class="value-count">{count(own.reduce((sum, { rows }) => sum + rows, 0))}</span>
    </button>
  );
}

/** Lines without a level are not a value of it. */
function NoLevel() {
  const without = levelTotals.value.get('') ?? 0;
  const { q } = question.value;
  if (without === 0 || selects(q, 'level')) return null;
  return (
    <button type="button" class="value-row" aria-pressed="false" onClick={() => ask({ q: exclude(q, 'level', '*') })}>
      <span class="box" />
      <span class="value-name">none</span>
      <span class="value-count">{count(without)}</span>
    </button>
  );
}

function Apps({ apps }: { readonly apps: readonly App[] }) {
  const opened = useSignal<ReadonlySet<string>>(new Set());
  const isWhole = useSignal(false);
  const most = Math.max(1, ...apps.map(({ rows }) => rows));
  const shown = isWhole.value ? apps : apps.slice(0, VALUES_SHOWN);
  const toggle = (name: string): void => {
    const next = new Set(opened.value);
    if (!next.delete(name)) next.add(name);
    opened.value = next;
  };
  return (
    <section aria-label="App">
      <h2>
        App <em>opens to its pods</em>
      </h2>
      {shown.map(({ name, rows, pods }) => {
        const isOpen = opened.value.has(name);
        const labels = { namespace: pods[0]?.namespace ?? '', pod: pods[0]?.name ?? name, container: name };
        return (
          <div key={name} class="app">
            <ValueRow name="container" value={name} rows={rows} share={rows / most}>
              <span class={`dot ${podClassOf(labels, podName(labels, false).split('·')[0]!)}`} />
              <span class="value-name">{name}</span>
            </ValueRow>
            <button
              type="button"
              class={`app-toggle${isOpen ? ' is-open' : ''}`}
              aria-expanded={isOpen}
              aria-label={`Pods of ${name}`}
              onClick={() => toggle(name)}
            >
              <Icon name="right" />
            </button>
            {isOpen &&
              pods.map((pod) => {
                const own = { namespace: pod.namespace, pod: pod.name, container: name };
                const short = podName(own, false);
                return (
                  <ValueRow key={pod.name} name="pod" value={pod.name} rows={pod.rows} share={pod.rows / most} isPod>
                    <span class={`dot ${podClassOf(own, short)}`} />
                    <span class="value-name mono">{short.split('·')[1] ?? short}</span>
                  </ValueRow>
                );
              })}
          </div>
        );
      })}
      {apps.length > shown.length && (
        <button type="button" class="facet-more" onClick={() => (isWhole.value = true)}>
          {apps.length - shown.length} more
        </button>
      )}
    </section>
  );
}

/** What opens below the fold would not be seen. */
const intoView = (element: HTMLElement | null): void => element?.scrollIntoView({ block: 'nearest' });

/** Any other label or field. */
function MoreNames() {
  const names = useSignal<readonly FieldValues[] | undefined>(undefined);
  const typed = useSignal('');
  const isAsking = useSignal(false);
  const load = async (): Promise<void> => {
    isAsking.value = true;
    try {
      names.value = await askFields([], asked.peek(), undefined, 0);
    } catch (error) {
      noticeRevoked(error);
      say(`The fields could not be loaded: ${messageOf(error)}`);
    } finally {
      isAsking.value = false;
    }
  };
  const add = (name: string): void => {
    addedNames.value = [...addedNames.value, name];
    names.value = undefined;
    ask({});
  };
  if (names.value === undefined) {
    return (
      <button type="button" class="facet-more" disabled={isAsking.value} onClick={() => void load()}>
        All fields…
      </button>
    );
  }
  const known = facetNames();
  const wanted = typed.value.toLowerCase();
  const found = names.value.filter(({ name }) => !known.includes(name) && name.toLowerCase().includes(wanted));
  return (
    <section aria-label="All fields" ref={intoView}>
      <h2>
        All fields
        <button type="button" aria-label="Close all fields" onClick={() => (names.value = undefined)}>
          <Icon name="close" />
        </button>
      </h2>
      <input
        class="facet-search"
        type="search"
        placeholder="Name of a field"
        aria-label="Name of a field"
        onInput={(event) => (typed.value = event.currentTarget.value)}
      />
      {found.map(({ name, rows }) => (
        <button key={name} type="button" class="value-row" onClick={() => add(name)}>
          <Icon name="plus" />
          <span class="value-name mono">{name}</span>
          <span class="value-count">{count(rows)}</span>
        </button>
      ))}
    </section>
  );
}
