/** Go's own functions, which every template has, but for `and`, `or` and `call`, which are in ./compile.ts. */
import { TemplateError } from './errors.ts';
import { formatted } from './format.ts';
import { fixed, intOf, type Named, textOf, variadic } from './function.ts';
import { isGoNamed, isTrue, LabelsValue, printed, typeOf, type Value } from './values.ts';

export const GO_FUNCTIONS: readonly Named[] = [
  fixed('not', 1, ([value]) => !isTrue(value!)),
  fixed('len', 1, ([value]) => BigInt(lengthOf(value!))),
  variadic('index', 1, ([value, ...keys]) => elementAt(value!, keys)),
  variadic('slice', 1, ([value, ...bounds]) => sliceOf(value!, bounds.map(intOf))),
  variadic('print', 0, (values) => printedTogether(values)),
  variadic('println', 0, (values) => `${values.map(printed).join(' ')}\n`),
  variadic('printf', 1, ([format, ...values]) => formatted(textOf(format), values)),
  variadic('html', 1, (values) => printedTogether(values).replaceAll(/[<>&'"\0]/g, (char) => HTML[char]!)),
  variadic('js', 1, (values) => printedTogether(values).replaceAll(/[\\'"<>&=\n\r\t]/g, escapedForScript)),
  variadic('urlquery', 1, (values) => encodeURIComponent(printedTogether(values)).replaceAll('%20', '+')),
  variadic('eq', 2, ([value, ...others]) => others.some((other) => isEqual(value!, other))),
  fixed('ne', 2, ([a, b]) => !isEqual(a!, b!)),
  fixed('lt', 2, ([a, b]) => isLess(a!, b!)),
  fixed('le', 2, ([a, b]) => isLess(a!, b!) || isEqual(a!, b!)),
  fixed('gt', 2, ([a, b]) => !isLess(a!, b!) && !isEqual(a!, b!)),
  fixed('ge', 2, ([a, b]) => !isLess(a!, b!)),
];

const HTML: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  "'": '&#39;',
  '"': '&#34;',
  '\0': '\uFFFD',
};

function escapedForScript(char: string): string {
  if (char === '\\' || char === "'" || char === '"') return `\\${char}`;
  return `\\u00${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/** Joins values as Go's Sprint does: with a space between two that are not texts. */
function printedTogether(values: readonly Value[]): string {
  return values.reduce<string>((text, value, i) => {
    const isSpaced = i > 0 && typeof value !== 'string' && typeof values[i - 1] !== 'string';
    return text + (isSpaced ? ' ' : '') + printed(value);
  }, '');
}

function lengthOf(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  throw new TemplateError(
    value === null ? 'reflect: call of reflect.Value.Type on zero Value' : `len of type ${typeOf(value)}`,
  );
}

function elementAt(value: Value, keys: readonly Value[]): Value {
  if (value === null) throw new TemplateError('index of untyped nil');
  return keys.reduce<Value>(elementOf, value);
}

function elementOf(value: Value, key: Value): Value {
  if (value instanceof Map) {
    if (typeof key !== 'string') throw new TemplateError(`value has type ${typeOf(key)}; should be string`);
    return (value.get(key) as Value | undefined) ?? (value instanceof LabelsValue ? '' : null);
  }
  if (Array.isArray(value) || typeof value === 'string') {
    const at = intOf(key);
    const elements = typeof value === 'string' ? Buffer.from(value) : value;
    if (at < 0 || at > elements.length) throw new TemplateError(`index out of range: ${at}`);
    // Go's own check lets the length pass, so that the element itself is what is missing.
    if (at === elements.length) {
      throw new TemplateError(`reflect: ${typeof value === 'string' ? 'string' : 'slice'} index out of range`);
    }
    const element = elements[at] as Value | number;
    return typeof value === 'string' ? BigInt(element as number) : element;
  }
  throw new TemplateError(value === null ? 'index of nil pointer' : `can't index item of type ${typeOf(value)}`);
}

function sliceOf(value: Value, [from = 0, to, ...rest]: readonly number[]): Value {
  if (typeof value !== 'string' && !Array.isArray(value))
    throw new TemplateError(`can't slice item of type ${typeOf(value)}`);
  const length = lengthOf(value);
  const end = to ?? length;
  const wrong = [from, end].find((at) => at < 0 || at > length);
  if (wrong !== undefined) throw new TemplateError(`index out of range: ${wrong}`);
  if (rest.length > 0 && typeof value === 'string') throw new TemplateError('cannot 3-index slice a string');
  if (rest.length > 0 || from > end) throw new TemplateError(`invalid slice index: ${from} > ${end}`);
  return typeof value === 'string' ? Buffer.from(value).toString('utf8', from, end) : value.slice(from, end);
}

function isEqual(left: Value, right: Value): boolean {
  const [a, b] = [plainNumber(left), plainNumber(right)];
  const container = [a, b].find((each) => each instanceof Map || Array.isArray(each));
  if (container !== undefined) {
    throw new TemplateError(`non-comparable type ${printed(container)}: ${typeOf(container)}`);
  }
  if (typeof a !== typeof b) {
    if (a === null || b === null) return false;
    throw incomparable(a, b);
  }
  return a === b;
}

/** A month is compared as its number. */
function plainNumber(value: Value): Value {
  return isGoNamed(value) ? (value.number ?? value.text) : value;
}

function incomparable(a: Value, b: Value): TemplateError {
  return new TemplateError(`incompatible types for comparison: ${typeOf(a)} and ${typeOf(b)}`);
}

function isLess(left: Value, right: Value): boolean {
  const [a, b] = [plainNumber(left), plainNumber(right)];
  if (typeof a !== typeof b) throw incomparable(a, b);
  if (typeof a === 'boolean' || typeof a === 'object') throw new TemplateError('invalid type for comparison');
  return typeof a === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(b as string)) < 0 : a < (b as bigint);
}
