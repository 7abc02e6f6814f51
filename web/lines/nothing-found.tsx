/** Nothing found: in what range, why perhaps, and near questions that have an answer. */
import type { Hint } from '../../shared/client/answers.ts';
import { parametersOf } from '../../shared/client/client.ts';
import { lazy } from '../parts/lazy.tsx';
import { counted } from '../../shared/counted.ts';
import { rangeText } from '../state/clock.ts';
import { ask, question } from '../state/navigation.ts';
import { shownSpan } from '../state/range-steps.ts';
import { asked, hints } from '../state/search.ts';
import { append, termText } from '../search/edit.ts';
import { session } from '../state/session.ts';
import { rangeName } from '../state/time-range.ts';

const OFFERS_MAX = 3;
const EmptyStore = lazy(async () => (await import('./empty-store.tsx')).EmptyStore);

export function NothingFound() {
  const span = shownSpan();
  const range =
    span === undefined ? 'in this range' : `from ${rangeText(span.fromMs, span.toMs).replace(' – ', ' to ')}`;
  const offers = hints.value.filter(({ parameters }) => parameters !== undefined).slice(0, OFFERS_MAX);
  const reasons = hints.value.flatMap(({ message }) => reasonIn(message) ?? []);
  return (
    <div class="nothing-found">
      <h2>No lines {range}.</h2>
      {reasons.map((message) => (
        <p key={message}>{message}</p>
      ))}
      <div class="offers">
        {offers.map((hint) => (
          <button key={hint.message} type="button" class="button" onClick={() => ask(questionFrom(hint))}>
            {offerText(hint)}
            {hint.lines !== undefined && <span class="dim">{counted(hint.lines, 'line')}</span>}
          </button>
        ))}
        {question.value.q !== '' && offers.length === 0 && (
          <button type="button" class="button" onClick={() => ask({ q: '' })}>
            Without the search text
          </button>
        )}
        {question.value.q === '' && offers.length === 0 && session.value?.namespaces !== 'all' && <Everything />}
      </div>
      {question.value.q === '' && offers.length === 0 && session.value?.namespaces === 'all' && (
        <EmptyStore otherwise={<Everything />} />
      )}
      {question.value.q === '' && session.value?.namespaces !== 'all' && (
        <p class="dim">This token sees {session.value?.namespaces.join(', ')} only.</p>
      )}
    </div>
  );
}

function Everything() {
  return (
    <button type="button" class="button" onClick={() => ask({ since: '', until: '' })}>
      Everything that is stored
    </button>
  );
}

/** The question of a hint as a search text and a range. */
function questionFrom(hint: Hint): { readonly q: string; readonly since: string; readonly until: string } {
  const parameters = parametersOf(hint);
  let q = parameters.get('search') ?? '';
  for (const [name, value] of parameters) {
    if (!OWN.has(name)) q = append(q, termText(name, [value], false));
  }
  const { since, until } = question.peek();
  // Times that the hint does not change are as they were typed.
  const isSame = (name: 'since' | 'until'): boolean => parameters.get(name) === (asked.peek()[name] ?? null);
  return {
    q,
    since: isSame('since') ? since : (parameters.get('since') ?? ''),
    until: isSame('until') ? until : (parameters.get('until') ?? ''),
  };
}

const OWN: ReadonlySet<string> = new Set([
  'search',
  'since',
  'until',
  'tz',
  'by',
  'step',
  'limit',
  'order',
  'ignore_case',
  'samples',
]);

/** `No line in this range has "namspace".`, of a hint that says what no line has; undefined of one that is offered, or said by the heading. */
function reasonIn(message: string): string | undefined {
  // The heading has said the range, and the search text shows where the name is.
  const [, what] =
    /^no line (?:from .+? to .+? |in the store )?has (.+?)(?: at \d+)?(?:; did you mean .*)?$/s.exec(message) ?? [];
  if (what !== undefined) return `No line in this range has ${what}.`;
  // The others are offered with their counts.
  return /^no lines?\b|^(?:without .+|since=\w+|of all time): [\d,]+ lines?$/s.test(message)
    ? undefined
    : sentence(message);
}

/** What is asked instead: the other question, or what it leaves out, or its range. */
function offerText(hint: Hint): string {
  const { q, since, until } = questionFrom(hint);
  const now = question.peek();
  if (since !== now.since || until !== now.until) return rangeName(since, until) ?? 'Another range';
  const [, left] = /^without (.+): [\d,]+ lines?$/s.exec(hint.message) ?? [];
  return left === undefined ? q : `Without ${left}`;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
