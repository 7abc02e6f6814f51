/** The fields of an open line, each with what can be done with it. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { FieldValues, LogRow } from '../../shared/client/answers.ts';
import { measureOf } from '../../shared/readable-line/measures.ts';
import type { Field } from '../../shared/readable-line/segment.ts';
import { toText } from '../../shared/readable-line/to-text.ts';
import { Icon } from '../parts/icon.tsx';
import { counted } from '../../shared/counted.ts';
import { copy } from '../state/said.ts';
import { exclude, include, isTypeable, selectionOf } from '../search/edit.ts';
import { isLogql } from '../search/is-logql.ts';
import { addressOf } from '../state/address.ts';
import { clockText } from '../state/clock.ts';
import { tableColumns } from '../state/columns.ts';
import { addedNames, askFields, facetNames } from '../state/facets.ts';
import { ask, question, show, view } from '../state/navigation.ts';
import { showPreviousRun } from '../state/previous-run.ts';
import { asked } from '../state/search.ts';
import { isMarked, requestIdOf, toggleMark } from '../state/selected.ts';
import { showContextOf } from '../state/context.ts';
import { idAddress, isRequestId } from '../state/id-address.ts';
import { rowView } from '../state/row-view.ts';

type Form = 'Fields' | 'JSON' | 'Raw';

/** The line is among the first of its range, so that it is on the first page. */
const LINK_BEFORE_MS = 600_000;
const LINK_AFTER_MS = 1_000;
/** Names of which the answer counts values. */
const COUNTED_NAMES_MAX = 40;

export function LineDetails({ row }: { readonly row: LogRow }) {
  const form = useSignal<Form>('Fields');
  const { fields, segments, pod } = rowView(row);
  const requestId = requestIdOf(row);
  const text = toText({ time: clockText(row.time), level: row.level, pod }, segments);
  return (
    <div class="details">
      <div class="details-actions">
        <button type="button" class="ghost" onClick={() => void showContextOf(row)}>
          <Icon name="context" /> Context
        </button>
        {requestId !== undefined && (
          <a class="ghost" data-view href={idAddress('request_id', requestId, question.value)}>
            <Icon name="request" /> Request {requestId.slice(0, 8)}
          </a>
        )}
        {row.labels['pod'] !== undefined && (
          <button
            type="button"
            class="ghost not-phone"
            title="What this container wrote before it ended the last time"
            onClick={() => void showPreviousRun(row)}
          >
            <Icon name="left" /> Previous run
          </button>
        )}
        <button type="button" class="ghost" onClick={() => void copy(text, 'Line copied')}>
          <Icon name="copy" /> Copy line
        </button>
        <button type="button" class="ghost" onClick={() => void copy(linkTo(row), 'Link copied, with absolute times')}>
          <Icon name="link" /> Copy link
        </button>
        {row.cursor !== undefined && (
          <button type="button" class="ghost" aria-pressed={isMarked(row)} onClick={() => toggleMark(row)}>
            <Icon name="star" /> Mark
          </button>
        )}
        <span class="segmented" role="group" aria-label="Shown as">
          {(['Fields', 'JSON', 'Raw'] as const).map((each) => (
            <button key={each} type="button" aria-pressed={form.value === each} onClick={() => (form.value = each)}>
              {each}
            </button>
          ))}
        </span>
      </div>
      {form.value === 'Fields' &&
        (fields.length === 0 ? <pre class="raw">{row.line}</pre> : <FieldTable row={row} fields={fields} />)}
      {form.value === 'JSON' && <pre class="raw">{jsonText(row)}</pre>}
      {form.value === 'Raw' && <pre class="raw">{row.line}</pre>}
      <div class="labels">
        {Object.entries(row.labels).map(([name, value]) => (
          <ValueLink key={name} name={name} value={value} />
        ))}
      </div>
    </div>
  );
}

function FieldTable({ row, fields }: { readonly row: LogRow; readonly fields: readonly Field[] }) {
  const counts = useSignal<ReadonlyMap<string, FieldValues>>(new Map());
  useEffect(() => {
    // Only a search has lines to count.
    if (view.peek().kind !== 'explore') return;
    const ended = new AbortController();
    const names = fields.slice(0, COUNTED_NAMES_MAX).map(({ name }) => name);
    askFields(names, asked.peek(), ended.signal).then(
      (found) => (counts.value = new Map(found.map((field) => [field.name, field]))),
      // Counts are beside the fields; without them, these are whole.
      () => undefined,
    );
    return () => ended.abort();
  }, [row]);
  return (
    <table class="fields">
      <tbody>
        {fields.map(({ name, value }) => (
          <tr key={name}>
            <td class="field-actions">
              <ValueActions name={name} value={value} />
            </td>
            <th scope="row" title={name}>
              {name}
            </th>
            <td class="value">
              <FieldValue name={name} value={value} />
            </td>
            <td class="field-count">{countText(counts.value.get(name), value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function FieldValue({ name, value }: Field) {
  const measure = measureOf(name, value);
  const isId = isRequestId(name) || /^user[._-]?id$/i.test(name);
  return (
    <>
      {isId && value !== '' ? (
        <a data-view href={idAddress(name, value, question.peek())}>
          {value}
        </a>
      ) : (
        <bdi>{visible(value)}</bdi>
      )}
      {measure !== undefined && <span class="measure">{measure.text}</span>}
    </>
  );
}

function ValueActions({ name, value }: Field) {
  const { q } = question.value;
  const selection = selectionOf(q, name, value);
  const isPossible = isTypeable(value);
  const isInExplore = view.value.kind === 'explore';
  return (
    <>
      <button
        type="button"
        title={`Only lines with this ${name}`}
        aria-label={`Only lines with this ${name}`}
        aria-pressed={selection === 'included'}
        disabled={!isPossible}
        onClick={() => ask({ q: include(q, name, value) })}
      >
        <Icon name="plus" />
      </button>
      <button
        type="button"
        title={`Hide lines with this ${name}`}
        aria-label={`Hide lines with this ${name}`}
        aria-pressed={selection === 'excluded'}
        disabled={!isPossible}
        onClick={() => ask({ q: exclude(q, name, value) })}
      >
        <Icon name="minus" />
      </button>
      {isInExplore && !isLogql(q) && (
        <button
          type="button"
          title={`Values of ${name} beside the lines`}
          aria-label={`Values of ${name} beside the lines`}
          onClick={() => showFacet(name)}
        >
          <Icon name="values" />
        </button>
      )}
      {isInExplore && (
        <button
          type="button"
          title={`Column of ${name} in the table`}
          aria-label={`Column of ${name} in the table`}
          onClick={() => addColumn(name)}
        >
          <Icon name="columns" />
        </button>
      )}
      <button
        type="button"
        title={`Copy ${name}`}
        aria-label={`Copy ${name}`}
        onClick={() => void copy(value, `${name} copied`)}
      >
        <Icon name="copy" />
      </button>
    </>
  );
}

function ValueLink({ name, value }: Field) {
  const { q } = question.value;
  const onClick = (event: MouseEvent): void => {
    if (event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    ask({ q: event.altKey ? exclude(q, name, value) : include(q, name, value) });
  };
  const href = addressOf(view.value, { ...question.value, q: include(q, name, value) });
  return (
    <a href={href} onClick={onClick} title="Click includes, Alt-click excludes">
      <span class="key">{name}=</span>
      {value}
    </a>
  );
}

function showFacet(name: string): void {
  if (!facetNames().includes(name)) addedNames.value = [...addedNames.value, name];
  ask({});
}

function addColumn(name: string): void {
  const columns = tableColumns.peek();
  show({ tab: 'table', columns: columns.includes(name) ? columns : [...columns, name] });
}

function countText(field: FieldValues | undefined, value: string): string {
  const rows = field?.values?.find((each) => each.value === value)?.rows;
  return rows === undefined ? '' : counted(rows, 'line');
}

function jsonText(row: LogRow): string {
  try {
    return JSON.stringify(JSON.parse(row.line), undefined, 2);
  } catch {
    return row.line;
  }
}

/** The times of a link are absolute, so that it shows the same tomorrow. */
function linkTo({ time, cursor = '' }: LogRow): string {
  const [since, until] = [-LINK_BEFORE_MS, LINK_AFTER_MS].map((ms) => new Date(Date.parse(time) + ms).toISOString());
  const range = { since: since!, until: until!, order: 'newest', tab: 'lines' } as const;
  return location.origin + addressOf({ kind: 'explore' }, { ...question.peek(), ...range, line: cursor });
}

/** Characters that are not seen, or that turn the direction of a text, as symbols. */
function visible(text: string): string {
  return text.replaceAll(
    // oxlint-disable-next-line no-control-regex -- these are the characters in question
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (char) => (char < ' ' ? String.fromCharCode(0x2400 + char.charCodeAt(0)) : '␦'),
  );
}
