/** After an outage, however long, the server's return is noticed within two seconds: no wait of the agent is longer. */
import { Agent } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { BACKOFF, REQUEST_LIMITS } from '../../agent/send/ship.ts';
import { backoffMs } from '../../shared/backoff.ts';
import { boundedRequest } from '../../shared/bounded-request.ts';

const NOTICED_MS_MAX = 2_000;

afterEach(() => vi.useRealTimers());

test('the pause between two attempts grows to two seconds, and no further', () => {
  const spansMs = Array.from({ length: 2_000 }, (_, attempt) => backoffMs(attempt, BACKOFF, 0));
  expect(spansMs.slice(0, 6)).toEqual([100, 200, 400, 800, 1_600, 2_000]);
  expect(Math.max(...spansMs)).toBe(NOTICED_MS_MAX);
});

test('an attempt whose connection is not answered at all, as of a node that is down, ends after two seconds', async () => {
  expect(REQUEST_LIMITS.connectMs).toBeLessThanOrEqual(NOTICED_MS_MAX);
  vi.useFakeTimers();
  const connection = new Agent();
  const socket = Object.defineProperty(new Socket(), 'connecting', { value: true });
  connection.createConnection = () => socket;
  const url = new URL('http://192.0.2.1/');
  const answer = boundedRequest({
    url,
    method: 'GET',
    headers: {},
    body: undefined,
    connection,
    limits: REQUEST_LIMITS,
  });
  const rejection = expect(answer).rejects.toThrow('no connection within 2000 ms');
  await vi.advanceTimersByTimeAsync(NOTICED_MS_MAX);
  await rejection;
});
