/** The range of a number in the search text: `latency_ms>=500 latency_ms<2000`. */
import { append } from './edit.ts';
import { tokensOf } from './tokens.ts';

export interface NumberRange {
  /** At least. */
  readonly from: number | undefined;
  /** Less than. */
  readonly to: number | undefined;
}

const CONDITION = /^([^:<>="/]+)(>=|<=|>|<)([^]*)$/;

/** The range that the text has for a name, as far as it is of plain numbers. */
export function rangeOf(text: string, name: string): NumberRange {
  let from: number | undefined;
  let to: number | undefined;
  for (const { sign, value } of conditionsOf(text, name)) {
    if (Number.isNaN(value)) continue;
    if (sign.startsWith('>')) from = value;
    else to = value;
  }
  return { from, to };
}

export function hasRange(text: string, name: string): boolean {
  return conditionsOf(text, name).length > 0;
}

/** Replaces the range that the text has for a name. */
export function withRange(text: string, name: string, { from, to }: NumberRange): string {
  let rest = text;
  for (const { start, length } of conditionsOf(text, name).toReversed()) {
    rest = `${rest.slice(0, start).trimEnd()} ${rest.slice(start + length).trimStart()}`.trim();
  }
  if (from !== undefined) rest = append(rest, `${name}>=${from}`);
  return to === undefined ? rest : append(rest, `${name}<${to}`);
}

/** Conditions that all lines must satisfy: none of alternatives or in parentheses. */
function conditionsOf(text: string, name: string) {
  const tokens = tokensOf(text);
  if (tokens.some(({ kind, depth, text: word }) => kind === 'operator' && depth === 0 && /^or$/i.test(word))) return [];
  return tokens.flatMap(({ kind, depth, start, text: condition }) => {
    const [, own, sign = '', value = ''] = CONDITION.exec(condition) ?? [];
    if (kind !== 'field' || depth > 0 || own !== name) return [];
    return [{ sign, value: value === '' ? Number.NaN : Number(value), start, length: condition.length }];
  });
}
