/** The token that the server asks for, in a file that is renewed while the agent runs (projected ones every hour). */
import { readFileSync, statSync } from 'node:fs';
import { UsageError } from '../../shared/errors.ts';
import { reasonOf } from '../../shared/system-error.ts';

/** Reads the file each time; a request is some milliseconds, this some microseconds. */
export function tokenFrom(path: string): () => string {
  return () => {
    const token = read(path).trim();
    if (token === '') throw new Error(`the token file ${path} is empty`);
    if (!/^[!-~]+$/.test(token)) throw new Error(`the token file ${path} holds more than a token: one line of ASCII`);
    return token;
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Error(`the token file ${path} cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

/** One that is missing may still come; a folder does not become a file. @throws UsageError */
export function assertTokenFile(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isDirectory()) return;
  throw new UsageError(`the token file ${path} cannot be read: it is a folder; name a file`, 1);
}
