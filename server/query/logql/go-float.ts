/** Floating point numbers as Go writes them. */

/** The shortest text that gives the number again, as `%v`: with an exponent below 1e-4 and from 1e21 on. */
export function goFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (Object.is(value, -0)) return '-0';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e21)) return withExponent(value.toExponential());
  return String(value);
}

/** Go's exponents have two digits at least. */
export function withExponent(text: string): string {
  return text.replace(/e([-+])(\d)$/, 'e$10$2');
}
