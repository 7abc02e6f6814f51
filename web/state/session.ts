/** Who asks. The token is kept for the tab only, and sent as a header. */
import { signal } from '@preact/signals';
import type { Session } from '../../shared/client/answers.ts';
import { AnswerError, askJson, type Connection } from '../../shared/client/client.ts';
import { messageOf } from './message-of.ts';
import { clockAheadMs } from './clock.ts';

const TOKEN = 'podlog.token';
const UNKNOWN_TOKEN = 'This token is not known. It may have been revoked.';

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
    // Another token may be taken where this one is unknown, or lacks a scope.
    if (isStatus(error, 401)) askForToken(token === undefined ? '' : UNKNOWN_TOKEN);
    else if (isStatus(error, 403)) askForToken(messageOf(error));
    else {
      accessProblem.value = messageOf(error);
      access.value = 'failed';
    }
  }
}

export async function signIn(typed: string): Promise<void> {
  const wanted = typed.trim();
  if (!/^[!-~]+$/.test(wanted)) {
    accessProblem.value = 'A token has letters, digits and signs of ASCII only, and no spaces; copy the whole token.';
    return;
  }
  token = wanted;
  sessionStorage.setItem(TOKEN, token);
  await startSession();
}

export function signOut(): void {
  session.value = undefined;
  askForToken('');
}

function askForToken(problem: string): void {
  token = undefined;
  sessionStorage.removeItem(TOKEN);
  accessProblem.value = problem;
  access.value = 'login';
}

/** Shows the login where a token has been revoked meanwhile. */
export function noticeRevoked(error: unknown): void {
  if (isStatus(error, 401) && access.peek() === 'open') askForToken(UNKNOWN_TOKEN);
}

function isStatus(error: unknown, status: number): boolean {
  return error instanceof AnswerError && error.status === status;
}
