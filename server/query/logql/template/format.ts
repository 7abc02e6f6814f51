/** Go's fmt.Sprintf, for the values of templates. */
import { LINE_BYTES_MAX } from '../../../limits.ts';
import { goFloat, withExponent } from '../syntax/go-float.ts';
import { quoted } from '../../../../shared/go-quote.ts';
import { TemplateError } from './errors.ts';
import { isGoNamed, printed, typeOf, type Value } from './values.ts';

/** Flags, width, precision and verb; before each of the latter three may be the number of an argument: `%[2]d`. */
const VERB = /%([-+# 0]*)(\[(?:[^\]]*\])?)?(\*|\d+)?(?:\.(\[(?:[^\]]*\])?)?(\*|\d*))?(\[(?:[^\]]*\])?)?([a-zA-Z%]|$)/g;

interface Style {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
}

export function formatted(format: string, values: readonly Value[]): string {
  let next = 0;
  const sizeOf = (text: string | undefined): number | undefined => {
    const size = text === '*' ? Number(printed(values[next++] ?? 0n)) : text === undefined ? undefined : Number(text);
    if (size !== undefined && Math.abs(size) > LINE_BYTES_MAX) throw new TemplateError(`width above ${LINE_BYTES_MAX}`);
    return size;
  };
  let isReordered = false;
  /** Goes to an argument; false if there is none. */
  const goTo = (index: string | undefined): boolean => {
    if (index === undefined) return true;
    isReordered = true;
    const number = Number(/^\[(\d+)\]$/.exec(index)?.[1] ?? 0);
    if (number < 1 || number > values.length) return false;
    next = number - 1;
    return true;
  };
  type Part = string | undefined;
  const text = format.replaceAll(
    VERB,
    (_, flags: string, ofWidth: Part, width: Part, ofPrecision: Part, precision: Part, ofVerb: Part, verb: string) => {
      if (verb === '%') return '%';
      let isGood = goTo(ofWidth);
      const widthGiven = sizeOf(width);
      isGood = goTo(ofPrecision) && isGood;
      const style: Style = { flags, width: widthGiven ?? 0, precision: sizeOf(precision) };
      isGood = goTo(ofVerb) && isGood;
      if (verb === '') return '%!(NOVERB)';
      if (!isGood) return `%!${verb}(BADINDEX)`;
      if (next >= values.length) return `%!${verb}(MISSING)`;
      return padded(shown(verb, values[next++]!, style), verb, style);
    },
  );
  if (isReordered || next >= values.length) return text;
  const extra = values.slice(next).map((value) => `${typeOf(value)}=${printed(value)}`);
  return `${text}%!(EXTRA ${extra.join(', ')})`;
}

function shown(verb: string, value: Value, style: Style): string {
  const { flags, precision } = style;
  const wrong = `%!${verb}(${typeOf(value)}=${printed(value)})`;
  if (verb === 'v')
    return typeof value === 'string' && flags.includes('#')
      ? quoted(value)
      : signed(value, value === null ? '<nil>' : printed(value), flags.replace('+', ''));
  if (verb === 'T') return typeOf(value);
  if (typeof value === 'bigint') return ofInt(verb, value, flags) ?? wrong;
  if (typeof value === 'number') return ofFloat(verb, value, flags, precision) ?? wrong;
  if (typeof value === 'string') return ofText(verb, value, style) ?? wrong;
  if (typeof value === 'boolean') return verb === 't' ? String(value) : wrong;
  if (isGoNamed(value) && value.number !== undefined) return ofNamed(verb, value.text, value.number, style) ?? wrong;
  return verb === 's' ? printed(value) : wrong;
}

/** Its text where a text is asked for, else its number. */
function ofNamed(verb: string, text: string, number: bigint, style: Style): string | undefined {
  return ofText(verb, text, style) ?? ofInt(verb, number, style.flags);
}

function ofInt(verb: string, value: bigint, flags: string): string | undefined {
  const bases: Readonly<Record<string, number>> = { d: 10, x: 16, X: 16, o: 8, b: 2 };
  const base = bases[verb];
  if (base !== undefined) {
    const prefix = flags.includes('#') ? ({ x: '0x', X: '0X', o: '0' }[verb] ?? '') : '';
    const size = (value < 0n ? -value : value).toString(base);
    return signed(value, (value < 0n ? '-' : '') + prefix + (verb === 'X' ? size.toUpperCase() : size), flags);
  }
  if (verb === 'c') return String.fromCodePoint(Number(value));
  if (verb === 'q') return `'${String.fromCodePoint(Number(value))}'`;
  return verb === 'U' ? `U+${value.toString(16).toUpperCase().padStart(4, '0')}` : undefined;
}

function ofFloat(verb: string, value: number, flags: string, precision: number | undefined): string | undefined {
  if (!/[eEfFgG]/.test(verb)) return undefined;
  if (!Number.isFinite(value)) return goFloat(value).replace('+', flags.includes('+') ? '+' : '+');
  const digits = Math.min(precision ?? 6, 100);
  const text =
    verb === 'f' || verb === 'F'
      ? value.toFixed(digits)
      : verb === 'e' || verb === 'E'
        ? withExponent(value.toExponential(digits))
        : precision === undefined
          ? goFloat(value)
          : withExponent(String(Number(value.toPrecision(Math.max(1, digits)))));
  return signed(value, verb === 'E' || verb === 'G' ? text.toUpperCase() : text, flags);
}

function ofText(verb: string, value: string, { flags, precision }: Style): string | undefined {
  const cut = precision === undefined ? value : Array.from(value).slice(0, precision).join('');
  if (verb === 's') return cut;
  if (verb === 'q') return flags.includes('#') && !/[`\p{Cc}]/u.test(cut) ? `\`${cut}\`` : quoted(cut);
  return verb === 'x' || verb === 'X' ? hexOf(cut, verb, flags) : undefined;
}

/** With spaces between bytes, and a prefix, if the flags want them. */
function hexOf(text: string, verb: 'x' | 'X', flags: string): string {
  const prefix = flags.includes('#') ? '0x' : '';
  const bytes = Array.from(Buffer.from(text), (byte) => byte.toString(16).padStart(2, '0'));
  const hex = flags.includes(' ') ? bytes.map((byte) => prefix + byte).join(' ') : prefix + bytes.join('');
  return verb === 'X' ? hex.toUpperCase() : hex;
}

function signed(value: Value, text: string, flags: string): string {
  const isNumber = typeof value === 'bigint' || typeof value === 'number';
  if (!isNumber || text.startsWith('-') || text.startsWith('+')) return text;
  return flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text;
}

function padded(text: string, verb: string, { flags, width }: Style): string {
  const missing = width - Array.from(text).length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0') || verb === 's' || verb === 'q') return ' '.repeat(missing) + text;
  const sign = /^[-+]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}
