/** What sets the lines of a search apart: values, sizes and patterns that the others have less, or not at all. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Comparison, Difference } from '../../shared/client/answers.ts';
import { askJson, type Parameters } from '../../shared/client/client.ts';
import { Failure } from '../parts/failure.tsx';
import { Icon } from '../parts/icon.tsx';
import { count, counted } from '../../shared/counted.ts';
import { measureOf } from '../../shared/readable-line/measures.ts';
import { Share } from '../parts/share.tsx';
import { append, isTypeable, termText } from '../search/edit.ts';
import { rangeText } from '../state/clock.ts';
import { ask, question, runCount, show } from '../state/navigation.ts';
import { useLoaded } from '../state/loaded.ts';
import { shownSpan } from '../state/range-steps.ts';
import { asked } from '../state/search.ts';
import { access, connection } from '../state/session.ts';

type Others = 'rest' | 'before' | 'than';

const DIFFERENCES_MAX = 50;
const KINDS: Readonly<Record<Difference['kind'], string>> = {
  new: 'only here',
  more: 'more',
  less: 'less',
  gone: 'not here',
};

export function Differences() {
  // What is asked is known once the session is: an address may lead here first.
  return access.value === 'open' ? <Compared /> : <div class="skeleton-lines" aria-busy="true" />;
}

function Compared() {
  const before = rangeBefore();
  const { q, own } = question.value;
  const than = rangeThan(own['than'] ?? '');
  const others = useSignal<Others>('rest');
  const isOnlyNew = own['only'] === 'new';
  useEffect(() => {
    others.value = than !== undefined ? 'than' : q === '' ? 'before' : 'rest';
  }, [own['than']]);
  const isThere = { rest: true, before: before !== undefined, than: than !== undefined }[others.value];
  const wanted = isThere ? others.value : 'rest';
  const loaded = useLoaded(
    (ended) =>
      askJson<Comparison>(
        connection(),
        '/compare',
        { ...asked.peek(), limit: DIFFERENCES_MAX, ...(wanted === 'before' && before), ...(wanted === 'than' && than) },
        ended,
      ),
    [wanted, own['than'], runCount.value],
  );
  const { value, error } = loaded.value;
  return (
    <div class="patterns" tabIndex={0} role="region" aria-label="Differences">
      <div class="differences-head">
        These lines, compared with
        <span class="segmented" role="group" aria-label="Compared with">
          <button type="button" aria-pressed={wanted === 'rest'} onClick={() => (others.value = 'rest')}>
            the other lines of this time
          </button>
          {than !== undefined && (
            <button type="button" aria-pressed={wanted === 'than'} onClick={() => (others.value = 'than')}>
              {rangeText(Date.parse(than['than.since']), Date.parse(than['than.until']))}
            </button>
          )}
          {before !== undefined && (
            <button type="button" aria-pressed={wanted === 'before'} onClick={() => (others.value = 'before')}>
              the same search just before
            </button>
          )}
        </span>
        <button
          type="button"
          class="ghost"
          aria-pressed={isOnlyNew}
          onClick={() => show({ own: { ...own, only: isOnlyNew ? '' : 'new' } })}
        >
          Only what is new
        </button>
        {value !== undefined && (
          <span class="dim num">
            {count(value.rows)} and {counted(value.than.rows, 'line')}
          </span>
        )}
      </div>
      {error !== undefined && <Failure what="The comparison" error={error} />}
      {value === undefined && error === undefined && <div class="skeleton-lines" aria-busy="true" />}
      {value !== undefined && (
        <Answer comparison={value} isOfAll={wanted === 'rest' && q === ''} isOnlyNew={isOnlyNew} />
      )}
    </div>
  );
}

function Answer({
  comparison: { differences: all, rows, than },
  isOfAll,
  isOnlyNew,
}: {
  readonly comparison: Comparison;
  readonly isOfAll: boolean;
  readonly isOnlyNew: boolean;
}) {
  const differences = isOnlyNew ? all.filter(({ kind }) => kind === 'new') : all;
  if (isOfAll)
    return (
      <p class="list-end">
        All lines of this time are these lines. Search for some, or include a value, to see what is particular about
        them.
      </p>
    );
  if (rows === 0 || than.rows === 0)
    return <p class="list-end">There are no {rows === 0 ? '' : 'other '}lines to compare.</p>;
  if (differences.length === 0 && isOnlyNew) return <p class="list-end">Nothing in these lines is new.</p>;
  if (differences.length === 0) return <p class="list-end">Nothing sets these lines apart beyond chance.</p>;
  return (
    <DifferencesTable
      differences={differences}
      add={(condition) => ask({ q: append(question.peek().q, condition), tab: 'lines' })}
    />
  );
}

/** @param add  includes a condition in the search */
export function DifferencesTable({
  differences,
  add,
}: {
  readonly differences: readonly Difference[];
  readonly add: (condition: string) => void;
}) {
  return (
    <table class="table">
      <thead>
        <tr>
          <th scope="col" class="left">
            Field
          </th>
          <th scope="col" class="left">
            Value
          </th>
          <th scope="col" class="left not-phone">
            What
          </th>
          <th scope="col">Here</th>
          <th scope="col">Elsewhere</th>
          <th scope="col">
            <span class="hidden-text">Include or hide</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {differences.map((difference) => (
          <Row key={`${difference.name} ${valueText(difference)}`} difference={difference} add={add} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ difference, add }: { readonly difference: Difference; readonly add: (condition: string) => void }) {
  const { kind, name, share, rows, than } = difference;
  const text = valueText(difference);
  const isPossible = isTypeable(text);
  return (
    <tr>
      {/* A range of its numbers. */}
      <td class="left mono">{name.replace(/\.log10$/, '')}</td>
      <td class="left mono difference-value" title={text}>
        <bdi>{text}</bdi>
      </td>
      <td class={`left not-phone${kind === 'new' ? ' tone-error' : ''}`}>{KINDS[kind]}</td>
      <td class="num" title={counted(rows, 'line')}>
        <Share share={share} text={percent(share)} isTextOnPhone />
      </td>
      <td class="num" title={counted(than.rows, 'line')}>
        <Share share={than.share} text={percent(than.share)} isTextOnPhone />
      </td>
      <td class="pattern-actions">
        <button
          type="button"
          aria-label={`Only lines with this ${name}`}
          title={`Only lines with this ${name}`}
          disabled={!isPossible}
          onClick={() => add(conditionText(difference, false))}
        >
          <Icon name="plus" />
        </button>
        <button
          type="button"
          aria-label={`Hide lines with this ${name}`}
          title={`Hide lines with this ${name}`}
          disabled={!isPossible}
          onClick={() => add(conditionText(difference, true))}
        >
          <Icon name="minus" />
        </button>
      </td>
    </tr>
  );
}

/** The range that an address names to compare with. */
function rangeThan(text: string) {
  const [since = '', until = ''] = text.split('/');
  return Number.isNaN(Date.parse(since) + Date.parse(until)) ? undefined : { 'than.since': since, 'than.until': until };
}

/** The range of the same length before the one that is shown. */
function rangeBefore(): Parameters | undefined {
  const span = shownSpan();
  if (span === undefined) return undefined;
  const { fromMs, toMs } = span;
  return { 'than.since': new Date(2 * fromMs - toMs).toISOString(), 'than.until': new Date(fromMs).toISOString() };
}

function valueText({ name, value }: Difference): string {
  if (typeof value !== 'string') {
    const [from, to] = [value.from, value.to].map((each) => measureOf(fieldOf(name), String(each))?.text ?? each);
    return `${from} – ${to}`;
  }
  return value === '*' ? 'any value' : value;
}

/** The field of which numbers are told apart by their size. */
function fieldOf(name: string): string {
  return name.replace(/\.log10$/, '');
}

function conditionText({ name, value }: Difference, isNegated: boolean): string {
  if (typeof value === 'string') return termText(name, [value], isNegated);
  const field = fieldOf(name);
  const range = `${field}>=${value.from} ${field}<${value.to}`;
  return isNegated ? `-(${range})` : range;
}

/** `0.15 %`; below a hundredth of a percent, `<0.01 %`. */
function percent(share: number): string {
  const value = share * 100;
  if (value === 0) return '0 %';
  return value < 0.01 ? '<0.01 %' : `${Number(value.toPrecision(value < 10 ? 2 : 3))} %`;
}
