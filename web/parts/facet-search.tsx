/** Looks for values of a name among all that the lines have, which the server knows. */
import { quotedPattern } from '../../shared/regexp/quoted-pattern.ts';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { AggregateAnswer, FieldValues } from '../../shared/client/answers.ts';
import { askJson } from '../../shared/client/client.ts';
import { append, without } from '../search/edit.ts';
import { messageOf } from '../state/message-of.ts';
import { ask, question } from '../state/navigation.ts';
import { asked } from '../state/search.ts';
import { connection, noticeRevoked } from '../state/session.ts';
import { ValueRow } from './value-row.tsx';

const PAUSE_MS = 150;
const FOUND_MAX = 20;

export function FacetSearch({ name }: { readonly name: string }) {
  const typed = useSignal('');
  const found = useSignal<FieldValues['values']>(undefined);
  const problem = useSignal('');
  const text = typed.value.trim();
  useEffect(() => {
    const ended = new AbortController();
    const load = async (): Promise<void> => {
      try {
        const parameters = { ...filtersOf(name, text), by: name, limit: FOUND_MAX };
        const { groups } = await askJson<AggregateAnswer>(connection(), '/aggregate', parameters, ended.signal);
        found.value = groups.map(({ by, rows }) => ({ value: by[name] ?? '', rows }));
        problem.value = '';
      } catch (error) {
        if (ended.signal.aborted) return;
        noticeRevoked(error);
        problem.value = messageOf(error);
      }
    };
    // Those with most lines, before anything is typed.
    const timer = setTimeout(() => void load(), text === '' ? 0 : PAUSE_MS);
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [text, asked.value]);
  const most = Math.max(1, ...(found.value ?? []).map(({ rows }) => rows));
  return (
    <>
      <input
        class="facet-search"
        type="search"
        placeholder={`Search ${name}`}
        aria-label={`Search ${name}`}
        onInput={(event) => (typed.value = event.currentTarget.value)}
      />
      {text !== '' && (found.value ?? []).length > 1 && (
        <button
          type="button"
          class="facet-more"
          onClick={() => ask({ q: append(question.value.q, conditionOf(name, text)) })}
        >
          All with “{text}”
        </button>
      )}
      {found.value?.map(({ value, rows }) => (
        <ValueRow key={value} name={name} value={value} rows={rows} share={rows / most}>
          <span class="value-name">{value === '' ? '(empty)' : value}</span>
        </ValueRow>
      ))}
      {found.value?.length === 0 && <p class="facet-note">no value has “{text}” in it</p>}
      {problem.value !== '' && <p class="facet-note tone-error">{problem.value}</p>}
    </>
  );
}

/** In any case; the name's own conditions do not narrow what can be chosen. */
function filtersOf(name: string, text: string) {
  const filters = asked.peek();
  const others = without(String(filters['search'] ?? ''), name);
  return { ...filters, search: append(others, text === '' ? `${name}:*` : conditionOf(name, text)) };
}

function conditionOf(name: string, text: string): string {
  return `${name}:/${quotedPattern(text).replaceAll('/', String.raw`\/`)}/i`;
}
