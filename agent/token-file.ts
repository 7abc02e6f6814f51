/** The token that the server asks for, in a file that is renewed while the agent runs (projected ones every hour). */
import { readFileSync } from 'node:fs';

/** Reads the file each time; a request is some milliseconds, this some microseconds. */
export function tokenFrom(path: string): () => string {
  return () => {
    const token = readFileSync(path, 'utf8').trim();
    if (token === '') throw new Error(`the token file ${path} is empty`);
    if (!/^[!-~]+$/.test(token)) throw new Error(`the token file ${path} holds more than a token: one line of ASCII`);
    return token;
  };
}
