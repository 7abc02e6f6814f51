/** The text of a JSON string. */

const BACKSLASH = 0x5c;

/** Escapes resolved. A broken escape stays as it is. */
export function unescaped(value: Buffer): Buffer {
  if (!value.includes(BACKSLASH)) return value;
  try {
    return Buffer.from(JSON.parse(`"${value.toString('utf8')}"`) as string);
  } catch {
    return value;
  }
}
