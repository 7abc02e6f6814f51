/** Edits of the search text by click: what one clicks, one could have typed. */
import { appendToLogql, selectionInLogql, toggleInLogql, valuesInLogql } from './logql-edit.ts';
import { isLogql } from './is-logql.ts';
import { quotedText } from './literal.ts';
import type { Selection } from './selection.ts';
import { type Token, tokensOf } from './tokens.ts';

interface Term {
  readonly token: Token;
  readonly isNegated: boolean;
  readonly name: string;
  /** Alternatives, without quotes. */
  readonly values: readonly string[];
}

/** The conditions `name:value` that all lines must satisfy. */
function termsOf(text: string): Term[] {
  const tokens = tokensOf(text);
  // None of several alternatives is a condition of its own.
  if (tokens.some(isTopLevelOr)) return [];
  return tokens.flatMap((token, i) => {
    const before = tokens.slice(0, i).findLast(({ kind }) => kind !== 'space');
    const isPlain = before === undefined || !/^not$/i.test(before.text);
    const [, minus, name, list] = /^(-?)([^:<>=]+):([^]*)$/.exec(token.text) ?? [];
    if (token.kind !== 'field' || token.depth > 0 || !isPlain || name === undefined) return [];
    if (list!.startsWith('/') && list!.endsWith('/') && list!.length > 1) return [];
    return [{ token, isNegated: minus === '-', name, values: splitValues(list!) }];
  });
}

function isTopLevelOr({ kind, depth, text }: Token): boolean {
  return kind === 'operator' && depth === 0 && /^or$/i.test(text);
}

function splitValues(list: string): string[] {
  const values = list.match(/"(?:[^"\\]|\\.)*"?|(?:[^,"\\]|\\.)+/g) ?? [];
  return values.map((value) => value.replace(/^"([^]*?)"?$/, '$1').replaceAll(/\\([^])/g, '$1'));
}

export function selectionOf(text: string, name: string, value: string): Selection {
  if (isLogql(text)) return selectionInLogql(text, name, value);
  const found = termsOf(text).filter((term) => term.name === name && term.values.includes(value));
  if (found.length === 0) return 'none';
  return found.some(({ isNegated }) => isNegated) ? 'excluded' : 'included';
}

/** The values of which lines must have one, by the conditions on a name. */
export function includedValues(text: string, name: string): readonly string[] {
  return termsOf(text).flatMap((term) => (term.name === name && !term.isNegated && !isExists(term) ? term.values : []));
}

/** Whether the text has a condition on a name. */
export function selects(text: string, name: string): boolean {
  return termsOf(text).some((term) => term.name === name);
}

/** The values that the text has for a name, or leaves out. */
export function valuesOf(text: string, name: string, isNegated: boolean): readonly string[] {
  if (isLogql(text)) return valuesInLogql(text, name, isNegated);
  return termsOf(text).flatMap((term) => (term.name === name && term.isNegated === isNegated ? term.values : []));
}

/** The text without its conditions on a name: what a facet's own counts are of. */
export function without(text: string, name: string): string {
  return remove(
    text,
    termsOf(text).filter((term) => term.name === name),
  );
}

/** Adds an alternative; takes it back if it is one already. */
export function include(text: string, name: string, value: string): string {
  return toggle(text, name, value, false);
}

/** Leaves lines with a value out; takes that back if they are left out already. */
export function exclude(text: string, name: string, value: string): string {
  return toggle(text, name, value, true);
}

function toggle(text: string, name: string, value: string, isNegated: boolean): string {
  if (isLogql(text)) return toggleInLogql(text, name, value, isNegated);
  const selection = selectionOf(text, name, value);
  const rest = withoutValue(text, name, value);
  if (selection === (isNegated ? 'excluded' : 'included')) return rest;
  const other = termsOf(rest).find((term) => term.name === name && term.isNegated === isNegated && !isExists(term));
  if (other === undefined) return append(rest, termText(name, [value], isNegated));
  return replace(rest, other.token, termText(name, [...other.values, value], isNegated));
}

function isExists({ values }: Term): boolean {
  return values.length === 1 && values[0] === '*';
}

function withoutValue(text: string, name: string, value: string): string {
  const term = termsOf(text).find((each) => each.name === name && each.values.includes(value));
  if (term === undefined) return text;
  const values = term.values.filter((each) => each !== value);
  return values.length === 0 ? remove(text, [term]) : replace(text, term.token, termText(name, values, term.isNegated));
}

/** Adds a condition that all lines must satisfy. */
export function append(text: string, condition: string): string {
  if (isLogql(text)) return appendToLogql(text, condition);
  const trimmed = text.trim();
  if (trimmed === '') return condition;
  return tokensOf(trimmed).some(isTopLevelOr) ? `(${trimmed}) ${condition}` : `${trimmed} ${condition}`;
}

/** Leaves lines that have a name out, or only these. */
export function termText(name: string, values: readonly string[], isNegated: boolean): string {
  return `${isNegated ? '-' : ''}${name}:${values.map(quoted).join(',')}`;
}

const TYPED_VALUE_CHARS_MAX = 4_096;

/** Whether a value can be a part of the search text, whose field holds a single line. */
export function isTypeable(value: string): boolean {
  return value.length <= TYPED_VALUE_CHARS_MAX && !/[\r\n]/.test(value);
}

/** A value as the search text has it: in quotes if anything else could be read in it. */
export function quoted(value: string): string {
  if (/^[\p{L}\p{N}_.@/+~#%&[\]{}|⟨⟩-]+$/u.test(value) && !/^\/.*\/i?$/.test(value)) return value;
  return value === '*' ? value : quotedText(value);
}

function replace(text: string, { start, text: old }: Token, condition: string): string {
  return text.slice(0, start) + condition + text.slice(start + old.length);
}

function remove(text: string, terms: readonly Term[]): string {
  let rest = text;
  for (const { token } of terms.toReversed()) {
    const [before, after] = [
      rest.slice(0, token.start).trimEnd(),
      rest.slice(token.start + token.text.length).trimStart(),
    ];
    rest = before === '' || after === '' ? before + after : `${before} ${after}`;
  }
  return rest;
}

/** Conditions on names, as the button `Filters 2` counts them. */
export function selectionCount(text: string): number {
  return termsOf(text).length;
}
