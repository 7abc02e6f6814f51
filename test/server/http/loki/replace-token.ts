/** Replaces the token of a client in the tokens file while the client pushes. */
import { expect } from 'vitest';
import { eventually } from '../../../eventually.ts';
import { type ClientServer, PUSHER } from './client-server.ts';

const SUCCESSOR = 'successor-token-0123456789';
/** Answers of one kind that are waited for. */
const ANSWERS = 20;

export interface Client {
  /** Pushes a line on its own, or with others that were not taken. */
  send(line: string): unknown;
  useToken(token: string): unknown;
  /** Resolves when all is sent. */
  close(): Promise<unknown>;
}

interface Counts {
  readonly sent: number;
  /** Pushes that were taken, and that were refused. */
  readonly taken: number;
  readonly refused: number;
}

/**
 * The client pushes lines `paid 0`, `paid 1` … until some were taken, until its token is refused, and until its new one is taken.
 * @param client  has the token of the pusher
 */
export async function pushWhileReplaced({ proxy, replaceToken, url }: ClientServer, client: Client): Promise<Counts> {
  const [taken, refused] = [proxy.answerCount(204), proxy.answerCount(401)];
  let sent = 0;
  const sendUntilAnswered = async (status: number): Promise<void> => {
    const enough = proxy.answerCount(status) + ANSWERS;
    while (proxy.answerCount(status) < enough) {
      const before = proxy.answerCount();
      await client.send(`paid ${sent++}`);
      await eventually(() => expect(proxy.answerCount()).toBeGreaterThan(before));
    }
  };
  await sendUntilAnswered(204);
  await replaceToken(SUCCESSOR);
  await sendUntilAnswered(401);
  await client.useToken(SUCCESSOR);
  await sendUntilAnswered(204);
  await client.close();
  expect(await statusOf(url, PUSHER)).toBe(401);
  await replaceToken(PUSHER);
  // Otherwise the next client could still be refused.
  await eventually(async () => expect(await statusOf(url, PUSHER)).toBe(422));
  return { sent, taken: proxy.answerCount(204) - taken, refused: proxy.answerCount(401) - refused };
}

/** The status of a push without lines. */
async function statusOf(url: string, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const { status } = await fetch(`${url}/loki/api/v1/push`, { method: 'POST', headers, body: '{}' });
  return status;
}
