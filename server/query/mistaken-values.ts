/**
 * Values in the manner of another tool (`status=5xx`, `level=error,warn`, `q==~time.*`), which are texts like any other to
 * podlog. Where no line has such a value, the question is asked as it may have been meant.
 */
import { HINT_VALUE_LENGTH_MAX } from '../limits.ts';
import type { QueryString } from './parameters.ts';

/** Nothing is gained by the id that is nearest to another. */
export const LOOKS_LIKE_ID = /^(?=.*\d).{8,}$/s;
/** Ids that are always written whole, unlike names of pods, whose beginning is often written (`pod=api-7d4c5b6f8`). */
export const WHOLE_ID = /^[\da-f-]{16,}$|^\d+$/i;

const TEXTS: readonly string[] = ['q', 'q.raw'];

/** An operator after a name and its `=`, and what podlog has instead; `isOfTexts` where it also makes sense for a text. */
const OPERATORS: readonly {
  readonly sign: RegExp;
  readonly isOfTexts?: boolean;
  readonly meant: (name: string, value: string) => QueryString;
}[] = [
  { sign: /^(?:>=|=>)/, meant: (name, value) => ({ [`${name}>`]: value }) },
  { sign: /^(?:<=|=<)/, meant: (name, value) => ({ [`${name}<`]: value }) },
  { sign: /^>/, meant: (name, value) => ({ [`${name}>${value}`]: '' }) },
  { sign: /^</, meant: (name, value) => ({ [`${name}<${value}`]: '' }) },
  { sign: /^=~/, isOfTexts: true, meant: (name, value) => ({ [name]: `~${value}` }) },
  { sign: /^=/, isOfTexts: true, meant: (name, value) => ({ [name]: value }) },
];

const LOOKS_LIKE_REGEXP = /^\(\?[a-z]+\)|^\^|\$$|\.[*+]|.\[[^\]]+\]|\[[^\]]+\].|\\[dwsb]/;

/** `500..599`, `500-599`, `[500 TO 599]`, `{500 TO *}`. */
const RANGE = /^[[{]?(\*|\d+(?:\.\d+)?)(?:\.\.|-|\s+TO\s+)(\*|\d+(?:\.\d+)?)[\]}]?$/i;

/** Returns what one value of a parameter may have meant, the likeliest first. */
export function valuesMeant(name: string, value: string): readonly QueryString[] {
  if (value.length > HINT_VALUE_LENGTH_MAX) return [];
  const meant: QueryString[] = [];
  const isText = TEXTS.includes(name);
  if (!isText && /^(?:|null|nil|none)$/i.test(value)) return [{ [name]: '!*' }];
  // Otherwise the nearest value would be that of another user: `user_id=12345 ` is not 123456.
  if (value.trim() !== value && value.trim() !== '') meant.push({ [name]: value.trim() });
  const [, inside] = QUOTED.exec(value) ?? [];
  if (inside !== undefined) meant.push({ [name]: inside });
  const operator = OPERATORS.find(({ sign, isOfTexts }) => sign.test(value) && (!isText || isOfTexts === true));
  const operand = operator === undefined ? '' : value.replace(operator.sign, '').trim();
  if (operator !== undefined && operand !== '') meant.push(operator.meant(name, operand));
  // `deployment/api`, `shop/api-7d9f-x2x`
  const [, , ofPath] = /^(?:pod|container|app)$/.test(name) ? (/^([\w-]+)\/([\w.-]+)$/.exec(value) ?? []) : [];
  if (ofPath !== undefined) meant.push({ [name]: ofPath }, { [name]: `${ofPath}-*` });
  const [, digit] = /^(\d)xx$/i.exec(value) ?? [];
  if (digit !== undefined) meant.push({ [name]: `${digit}*` });
  const [, from, to] = RANGE.exec(value) ?? [];
  if (from !== undefined && to !== undefined && !isText) {
    meant.push({ ...(from !== '*' && { [`${name}>`]: from }), ...(to !== '*' && { [`${name}<`]: to }) });
  }
  const [, expression, flags = ''] = /^\/(.+)\/([gimsuy]*)$/.exec(value) ?? [];
  if (expression !== undefined) meant.push({ [name]: `~${flags.includes('i') ? '(?i)' : ''}${expression}` });
  if (LOOKS_LIKE_REGEXP.test(value)) meant.push({ [name]: `~${value}` });
  const list = /^[[{(](.*)[\]})]$/s.exec(value)?.[1] ?? value;
  const values = list
    .split(/\s*[,|]+\s*|\s+OR\s+/i)
    .map(unquoted)
    .filter((each) => each !== '');
  if (values.length > 1 || list !== value) meant.push({ [name]: values });
  const together = value.split(/\s+AND\s+|\s*&&\s*/).filter((each) => each !== '');
  if (together.length > 1) meant.push({ [name]: together, match: 'all' });
  if (value.includes('?')) meant.push({ [name]: value.replaceAll('?', '*') });
  if (value.includes('%')) meant.push({ [name]: isText ? value.replaceAll('%', '') : value.replaceAll('%', '*') });
  const plain = value.replaceAll(DECORATIONS, '');
  if (plain !== value && plain !== '') meant.push({ [name]: plain });
  if (isText && value.includes('*')) meant.push({ [name]: value.replaceAll(/^\*+|\*+$/g, '') });
  // Without a value, such as what is left of `q=%` and `items=[]`, a condition would be left out.
  const isEmpty = (each: QueryString): boolean => each[name]?.length === 0 || (isText && each[name] === '*');
  return meant.filter((each) => !isEmpty(each));
}

/** Quotes around a whole value, of a shell or of another language. */
const QUOTED = /^["'`“”„‘’](.+)["'`“”’]$/s;

function unquoted(text: string): string {
  return QUOTED.exec(text)?.[1] ?? text;
}

/** What other languages write before and after a term: `~term`, `term~2`, `term^2`, `:term`. */
const DECORATIONS = /^[~+:#]+|[~^]\d*(?:\.\d+)?$/g;

/** Returns questions that find more than this value: as the beginning of one, within one, in any case. */
export function valuesWidened(name: string, value: string): readonly QueryString[] {
  const inAnyCase = { [name]: value, ignore_case: 'true' };
  if (TEXTS.includes(name)) return [inAnyCase];
  return [inAnyCase, { [name]: `${value}*` }, { [name]: `*${value}*` }];
}
