/** A value as parameters take it, without signs of their own. */
export function literal(value: string): string {
  return value.replaceAll(/[\\*]/g, String.raw`\$&`).replace(/^[!~]/, String.raw`\$&`);
}

/** A text as the search text has it, found exactly. */
export function quotedText(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
