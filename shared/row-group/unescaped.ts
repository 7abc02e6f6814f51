/** The text of a JSON string. */

const BACKSLASH = 0x5c;

/** Resolves escapes. A broken escape stays unchanged. */
export function unescaped(value: Buffer): Buffer {
  if (!value.includes(BACKSLASH)) return value;
  try {
    return Buffer.from(JSON.parse(`"${value.toString('utf8')}"`) as string);
  } catch {
    return value;
  }
}
