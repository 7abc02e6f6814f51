/** Paths that a flag may have, from the folder in which the command runs. */
import { resolve } from 'node:path';

export function parsePath(text: string): string {
  return resolve(text);
}

export function parseOptionalPath(text: string): string | undefined {
  return text === 'none' ? undefined : parsePath(text);
}
