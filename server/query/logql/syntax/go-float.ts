/** Floating point numbers as Go writes them. */

/** Powers of ten from which on Go writes an exponent. */
const EXPONENT_MIN = 6;

/** The shortest text that gives the number again, as `%v`: with an exponent below 1e-4 and from 1e6 on. */
export function goFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (Object.is(value, -0)) return '-0';
  const text = value.toExponential();
  const exponent = Number(text.slice(text.indexOf('e') + 1));
  return exponent < -4 || exponent >= EXPONENT_MIN ? withExponent(text) : String(value);
}

/** Go's exponents have two digits at least. */
export function withExponent(text: string): string {
  return text.replace(/e([-+])(\d)$/, 'e$10$2');
}
/** Without an exponent, however large or small: as strconv.FormatFloat(value, 'f', -1, 64), which is how samples are written. */
export function plainFloat(value: number): string {
  const text = goFloat(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([-+]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = '', power] = match;
  const digits = whole + fraction;
  const point = 1 + Number(power);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return point >= digits.length
    ? sign + digits.padEnd(point, '0')
    : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
