/** Who asks. A token is sent once, for a session whose cookie no script can read; the page keeps neither. */
import { signal } from '@preact/signals';
import type { Session, WaysIn } from '../../shared/client/answers.ts';
import { AnswerError, askJson, change, type Connection } from '../../shared/client/client.ts';
import { messageOf } from './message-of.ts';
import { say } from './said.ts';
import { setClock } from './clock.ts';

const UNKNOWN_TOKEN = 'This token is not known. It may have been revoked.';
const ENDED = 'The session has ended. Sign in again.';

/** Why an identity provider has led back without a session: the parameter `login` of the address. */
const FAILED: Readonly<Record<string, string>> = {
  denied: 'The identity provider refused.',
  expired: 'The sign-in took too long, or was begun at another address of this server. Sign in again.',
  failed: 'The identity provider could not be reached. The server’s log says why.',
  'no-grant': 'You are known, but nothing here is for you yet. The server’s log says which groups you are in.',
};

export const session = signal<Session | undefined>(undefined);
/** `asking` until the server has said whether it needs a token. */
export const access = signal<'asking' | 'open' | 'login' | 'failed'>('asking');
export const accessProblem = signal('');
/** Undefined until the server has said them. */
export const waysIn = signal<WaysIn | undefined>(undefined);

const CONNECTION: Connection = { url: '', token: undefined };

export function connection(): Connection {
  return CONNECTION;
}

export async function startSession(): Promise<void> {
  try {
    const sentMs = Date.now();
    const answer = await askJson<Session>(connection(), '/session');
    setClock(Date.parse(answer.time), sentMs, Date.now());
    session.value = answer;
    access.value = 'open';
  } catch (error) {
    if (isStatus(error, 401)) askForToken(takeFailure());
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
  try {
    await change({ url: '', token: wanted }, 'POST', '/session');
  } catch (error) {
    // Another token may be taken where this one is unknown, or lacks a scope.
    accessProblem.value = isStatus(error, 401) ? UNKNOWN_TOKEN : messageOf(error);
    return;
  }
  await startSession();
}

export async function signOut(): Promise<void> {
  try {
    await change(CONNECTION, 'DELETE', '/session');
  } catch (error) {
    if (!isStatus(error, 401)) return say(`Not signed out: ${messageOf(error)}`);
  }
  session.value = undefined;
  askForToken('');
}

function askForToken(problem: string): void {
  accessProblem.value = problem;
  access.value = 'login';
  void loadWaysIn();
}

async function loadWaysIn(): Promise<void> {
  try {
    waysIn.value = await askJson<WaysIn>(CONNECTION, '/login');
  } catch (error) {
    waysIn.value = { token: true, oidc: null };
    accessProblem.value = messageOf(error);
  }
}

/** A failure is said once, and does not stay in the address. */
function takeFailure(): string {
  const address = new URL(location.href);
  const failed = address.searchParams.get('login');
  if (failed === null) return '';
  address.searchParams.delete('login');
  history.replaceState(history.state, '', address);
  return FAILED[failed] ?? '';
}

/** Shows the login where the session has ended meanwhile. */
export function noticeRevoked(error: unknown): void {
  if (isStatus(error, 401) && access.peek() === 'open') askForToken(ENDED);
}

function isStatus(error: unknown, status: number): boolean {
  return error instanceof AnswerError && error.status === status;
}
