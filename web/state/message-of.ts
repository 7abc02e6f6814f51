/** What went wrong, as a sentence. */
import { AnswerError } from '../../shared/client/client.ts';

export function messageOf(error: unknown): string {
  if (error instanceof AnswerError) {
    const { retryAfterSeconds: seconds } = error;
    return seconds === undefined ? error.message : `${error.message}; the server asks to wait ${seconds} s`;
  }
  return error instanceof TypeError ? 'The server does not answer.' : String(error);
}
