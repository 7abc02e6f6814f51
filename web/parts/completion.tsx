/** What may be typed next, with counts: names, then values of a name. Tab takes one, Enter always runs the search. */
import { batch, type Signal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';
import { conditionAt } from '../search/condition-at.ts';
import { quoted } from '../search/edit.ts';
import { mayBeLogql } from '../search/is-logql.ts';
import { askFields } from '../state/facets.ts';
import type { Offer } from '../state/offer.ts';
import { asked } from '../state/search.ts';
import { count } from '../../shared/counted.ts';

/** @returns whether the key was meant for the completion */
export type OnCompletionKey = (event: KeyboardEvent) => boolean;

export interface CompletionProps {
  /** It is shown while it is open and has something to offer. */
  readonly isOpen: Signal<boolean>;
  readonly onKey: RefObject<OnCompletionKey | null>;
  readonly input: RefObject<HTMLInputElement | null>;
  readonly typed: string;
  readonly onTake: (text: string, caret: number) => void;
}

const OFFERS_MAX = 10;
const PAUSE_MS = 120;

export function Completion({ isOpen, onKey, input, typed, onTake }: CompletionProps) {
  const offers = useSignal<readonly Offer[]>([]);
  const chosen = useSignal(0);
  useEffect(() => {
    if (!isOpen.value) {
      offers.value = [];
      return;
    }
    const ended = new AbortController();
    const timer = setTimeout(() => {
      const caret = input.current?.selectionStart ?? typed.length;
      void offersAt(typed, caret, ended.signal).then(
        (found) => batch(() => ((offers.value = found), (chosen.value = 0))),
        () => (offers.value = []),
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [typed, isOpen.value]);
  const take = ({ insert, start }: Offer): void => {
    const caret = input.current?.selectionStart ?? typed.length;
    onTake(typed.slice(0, start) + insert + typed.slice(caret), start + insert.length);
    offers.value = [];
    input.current?.focus();
  };
  onKey.current = ({ key }) => {
    if (!isOpen.value || offers.value.length === 0) return false;
    const move = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (move !== undefined) chosen.value = (chosen.value + move + offers.value.length) % offers.value.length;
    else if (key === 'Tab') take(offers.value[chosen.value]!);
    else if (key === 'Escape') isOpen.value = false;
    else return false;
    return true;
  };
  const isShown = isOpen.value && offers.value.length > 0;
  useEffect(() => input.current?.setAttribute('aria-expanded', String(isShown)), [isShown]);
  return (
    <ul id="completion" class="completion" role="listbox" aria-label="What may be typed next" hidden={!isShown}>
      {offers.value.map((offer, i) => (
        <li
          key={offer.text}
          role="option"
          aria-selected={i === chosen.value}
          // Before the field loses its focus.
          onPointerDown={(event) => {
            event.preventDefault();
            take(offer);
          }}
        >
          <span class="mono">{offer.text}</span>
          <span class="dim">{offer.detail}</span>
        </li>
      ))}
      {isShown && (
        <li class="completion-help" role="presentation">
          Tab takes, Enter runs
        </li>
      )}
    </ul>
  );
}

async function offersAt(text: string, caret: number, ended: AbortSignal): Promise<readonly Offer[]> {
  if (mayBeLogql(text)) {
    return (await import('../state/logql-offers.ts')).logqlOffers(text, caret, asked.peek(), ended);
  }
  const { start, name, part } = conditionAt(text, caret);
  const wanted = part.toLowerCase();
  // What the text itself leaves out may be wanted next.
  const filters = { ...asked.peek(), search: undefined };
  if (name === undefined) {
    if (part === '') return [];
    const fields = await askFields([], filters, ended, 0);
    return best(
      fields.filter((field) => field.name.toLowerCase().includes(wanted)),
      (field) => ({ text: `${field.name}:`, insert: `${field.name}:`, start, detail: count(field.rows) }),
      (field) => field.name.toLowerCase().startsWith(wanted),
    );
  }
  const [field] = await askFields([name], filters, ended, 1_000);
  return best(
    (field?.values ?? []).filter(({ value }) => value.toLowerCase().includes(wanted)),
    ({ value, rows }) => ({ text: value, insert: quoted(value), start, detail: count(rows) }),
    ({ value }) => value.toLowerCase().startsWith(wanted),
  );
}

/** Returns the best matches: those that begin with what was typed come first. */
function best<Found>(
  found: readonly Found[],
  offer: (each: Found) => Offer,
  isFirst: (each: Found) => boolean,
): readonly Offer[] {
  return [...found.filter(isFirst), ...found.filter((each) => !isFirst(each))].slice(0, OFFERS_MAX).map(offer);
}
