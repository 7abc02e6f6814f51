/** The range of a number in the search text: `latency_ms>=500 latency_ms<2000`. */
import { append } from './edit.ts';
import { tokensOf } from './tokens.ts';

export interface NumberRange {
  /** At least. */
  readonly from?: number | undefined;
  /** Less than. */
  readonly to?: number | undefined;
}

const CONDITION = /^([^:<>="/]+)(>=|<=|>|<)([^]*)$/;

/**
 * The range that the text has for a name, as far as it is of plain numbers.
 *
 * @param read  of other values, such as durations
 */
export function rangeOf(text: string, name: string, read: (value: string) => number = Number): NumberRange {
  let from: number | undefined;
  let to: number | undefined;
  for (const { sign, value: written } of conditionsOf(text, name)) {
    const value = written === '' ? Number.NaN : read(written);
    if (Number.isNaN(value)) continue;
    if (sign.startsWith('>')) from = value;
    else to = value;
  }
  return { from, to };
}

export function hasRange(text: string, name: string): boolean {
  return conditionsOf(text, name).length > 0;
}

/**
 * Replaces the range that the text has for a name.
 *
 * @param unit  of its numbers
 */
export function withRange(text: string, name: string, { from, to }: NumberRange, unit = ''): string {
  let rest = text;
  for (const { start, length } of conditionsOf(text, name).toReversed()) {
    rest = `${rest.slice(0, start).trimEnd()} ${rest.slice(start + length).trimStart()}`.trim();
  }
  if (from !== undefined) rest = append(rest, `${name}>=${from}${unit}`);
  return to === undefined ? rest : append(rest, `${name}<${to}${unit}`);
}

/** Conditions that all lines must satisfy: none of alternatives or in parentheses. */
function conditionsOf(text: string, name: string) {
  const tokens = tokensOf(text);
  if (tokens.some(({ kind, depth, text: word }) => kind === 'operator' && depth === 0 && /^or$/i.test(word))) return [];
  return tokens.flatMap(({ kind, depth, start, text: condition }) => {
    const [, own, sign = '', value = ''] = CONDITION.exec(condition) ?? [];
    if (kind !== 'field' || depth > 0 || own !== name) return [];
    return [{ sign, value, start, length: condition.length }];
  });
}
