/** Who asks. The token is kept for the tab only, and sent as a header. */
import { signal } from '@preact/signals';
import type { Session } from '../../shared/client/answers.ts';
import { AnswerError, askJson, type Connection } from '../../shared/client/client.ts';
import { clockAheadMs } from './clock.ts';

const TOKEN = 'podlog.token';

export const session = signal<Session | undefined>(undefined);
/** `asking` until the server has said whether it needs a token. */
export const access = signal<'asking' | 'open' | 'login' | 'failed'>('asking');
export const accessProblem = signal('');

let token = sessionStorage.getItem(TOKEN) ?? undefined;

export function connection(): Connection {
  return { url: '', token };
}

export async function startSession(): Promise<void> {
  try {
    const askedMs = Date.now();
    const answer = await askJson<Session>(connection(), '/session');
    clockAheadMs.value = Date.parse(answer.time) - (askedMs + Date.now()) / 2;
    session.value = answer;
    access.value = 'open';
  } catch (error) {
    if (isUnauthenticated(error)) {
      accessProblem.value = token === undefined ? '' : 'This token is not known. It may have been revoked.';
      forget();
      access.value = 'login';
    } else {
      accessProblem.value = error instanceof Error ? error.message : String(error);
      access.value = 'failed';
    }
  }
}

export async function signIn(typed: string): Promise<void> {
  token = typed.trim();
  sessionStorage.setItem(TOKEN, token);
  await startSession();
}

export function signOut(): void {
  forget();
  session.value = undefined;
  accessProblem.value = '';
  access.value = 'login';
}

function forget(): void {
  token = undefined;
  sessionStorage.removeItem(TOKEN);
}

/** Shows the login where a token has been revoked meanwhile. */
export function noticeRevoked(error: unknown): void {
  if (!isUnauthenticated(error) || access.peek() !== 'open') return;
  accessProblem.value = 'This token is not known. It may have been revoked.';
  forget();
  access.value = 'login';
}

function isUnauthenticated(error: unknown): boolean {
  return error instanceof AnswerError && error.status === 401;
}
