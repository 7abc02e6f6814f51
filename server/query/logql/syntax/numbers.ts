/** Numbers as Go's scanner reads them, with its messages. */

interface NumberText {
  readonly text: string;
  readonly problem?: string;
}

const HEX = /^0[xX][\da-fA-F_]*(?:\.[\da-fA-F_]*)?(?:[pP][-+]?[\d_]*)?/;
const BASED = /^0[bBoO][\d_]*/;
const DECIMAL = /^(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eEpP][-+]?[\d_]*)?/;
const NO_DIGITS: ReadonlyMap<string, string> = new Map([
  ['0b', 'binary'],
  ['0o', 'octal'],
  ['0x', 'hexadecimal'],
]);

/** Returns the number that a text begins with, and what is wrong with it. */
export function numberAt(text: string): NumberText {
  const [number] = HEX.exec(text) ?? BASED.exec(text) ?? DECIMAL.exec(text) ?? [''];
  const problem = problemOf(number);
  return { text: number, ...(problem !== undefined && { problem }) };
}

function problemOf(number: string): string | undefined {
  const base = NO_DIGITS.get(number.toLowerCase());
  if (base !== undefined) return `${base} literal has no digits`;
  const isHex = /^0x/i.test(number);
  if (!isHex && /p/i.test(number)) return `'${/p/i.exec(number)![0]}' exponent requires hexadecimal mantissa`;
  if (/[pP][-+]?$/.test(number) || (!isHex && /[eE][-+]?$/.test(number))) return 'exponent has no digits';
  if (isHex && number.includes('.') && !/p/i.test(number)) return "hexadecimal mantissa requires a 'p' exponent";
  const wrong = /^0[\d_]*([89])[\d_]*$/.exec(number)?.[1];
  if (wrong !== undefined) return `invalid digit '${wrong}' in octal literal`;
  const separated = number.replace(/^0[xXbBoO]_/, '0');
  return /_(?![\da-fA-F])|(?<![\da-fA-F])_/.test(separated) ? "'_' must separate successive digits" : undefined;
}
