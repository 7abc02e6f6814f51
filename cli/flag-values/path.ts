/** Paths that a flag may have, from the folder in which the command runs. */
import { resolve } from 'node:path';

export function parsePath(text: string): string {
  return resolve(text);
}

export function parseOptionalPath(text: string): string | undefined {
  return text === 'none' ? undefined : parsePath(text);
}

export function parsePaths(text: string): string[] {
  if (text === 'none') return [];
  const paths = text.split(',').map((path) => path.trim());
  if (paths.includes('')) throw new RangeError('has an empty path; use folders separated by commas, such as /a,/b');
  return paths.map(parsePath);
}
