/** What bounds a watch: lines that are too long or not JSON, events that nobody takes, a server that says no or nothing. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiClient } from '../../../server/kubernetes/api-client.ts';
import { connect } from '../../../server/kubernetes/connection.ts';
import { API_LINE_BYTES_MAX, WATCH_EVENTS_WAITING_MAX, WATCH_WAITING_BYTES_MAX } from '../../../server/limits.ts';
import { eventually } from '../../eventually.ts';

const PATH = '/api/v1/pods';

let server: Server;
let client: ApiClient;
/** Answers each request. */
let answer: (response: ServerResponse) => void;
let openCount = 0;

beforeEach(async () => {
  server = createServer((request, response) => {
    openCount++;
    response.on('close', () => openCount--);
    expect(new URL(request.url!, 'http://api').searchParams.get('watch')).toBe('true');
    answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = new ApiClient(await connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {}));
});

afterEach(async () => {
  await client.close();
  server.closeAllConnections();
  server.close();
});

function watch(signal: AbortSignal = new AbortController().signal): ReturnType<typeof client.watch> {
  return client.watch({ path: PATH, signal });
}

async function collect(): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const event of await watch()) events.push(event);
  return events;
}

const line = (n: number, padding = ''): string => `${JSON.stringify({ type: 'ADDED', object: { n, padding } })}\n`;
const isClosed = (): Promise<void> => eventually(() => expect(openCount).toBe(0));

test('events, in whatever pieces they come, until the server ends them', async () => {
  const text = Buffer.from(line(1, 'ü€😀') + line(2) + line(3));
  answer = (response) => {
    for (let at = 0; at < text.length; at += 7) response.write(text.subarray(at, at + 7));
    response.end();
  };
  expect(await collect()).toMatchObject([1, 2, 3].map((n) => ({ type: 'ADDED', object: { n } })));
});

test('an object that is not complete when the server ends is left out', async () => {
  answer = (response) => response.end(`${line(1)}{"type":"ADDED","obj`);
  expect(await collect()).toMatchObject([{ object: { n: 1 } }]);
});

test.each([
  ['a refusal says why', 403, '{"kind":"Status","message":"pods is forbidden"}', 'answers 403: pods is forbidden'],
  ['a proxy', 502, '<html>bad gateway', 'answers 502: <html>bad gateway'],
  ['nothing', 500, '', 'answers 500'],
])('%s', async (_what, status, body, message) => {
  answer = (response) => {
    response.writeHead(status);
    response.write(body.slice(0, 10));
    setImmediate(() => response.end(body.slice(10)));
  };
  await expect(watch()).rejects.toMatchObject({ status, message: expect.stringContaining(message) as unknown });
  await isClosed();
});

test.each([
  ['half an object', '{"type":\n'],
  ['text', 'hello\n'],
])('a line that is %s is an error at the end, after the events', async (_what, text) => {
  answer = (response) => response.end(line(1) + text + line(2));
  const events: unknown[] = [];
  await expect(async () => {
    for await (const event of await watch()) events.push(event);
  }).rejects.toThrow('not JSON');
  expect(events).toHaveLength(2);
});

test('a line without an end is broken off at its limit', async () => {
  let sentBytes = 0;
  answer = (response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(1 << 16, 'x'))) sentBytes += 1 << 16;
    };
    response.on('drain', more);
    more();
  };
  await expect(collect()).rejects.toThrow(`a line of the API server has more than ${API_LINE_BYTES_MAX} bytes`);
  await isClosed();
  expect(sentBytes).toBeLessThan(2 * API_LINE_BYTES_MAX + 16 * 1024 * 1024);
});

test.each([
  ['many', WATCH_EVENTS_WAITING_MAX, ''],
  ['large', Math.ceil(WATCH_WAITING_BYTES_MAX / 1_000_000), 'x'.repeat(1_000_000)],
])(
  'a watch with %s events that nobody takes is broken off; those that came are in order',
  async (_what, count, padding) => {
    answer = (response) => {
      for (let n = 0; n < count * 3; n++) response.write(line(n, padding));
    };
    const events = await watch();
    await isClosed();
    const numbers: number[] = [];
    for await (const event of events) numbers.push((event.object as { n: number }).n);
    expect(numbers).toEqual(numbers.map((_, i) => i));
    expect(numbers.length).toBeGreaterThan(0);
    expect(numbers.length).toBeLessThan(count * 3);
  },
);

test('whoever takes them stops: the connection is closed', async () => {
  answer = (response) => response.write(line(1));
  for await (const event of await watch()) {
    expect(event).toMatchObject({ object: { n: 1 } });
    break;
  }
  await isClosed();
});

test.each([
  ['before an answer', () => {}],
  ['in the middle', (response: ServerResponse) => response.write(line(1))],
])('a watch that is not wanted any more ends at once: %s', async (_what, answers) => {
  const stopped = new AbortController();
  answer = (response) => {
    answers(response);
    setTimeout(() => stopped.abort(new Error('stopped')), 50);
  };
  await expect(async () => {
    for await (const event of await watch(stopped.signal)) expect(event).toBeDefined();
  }).rejects.toThrow('stopped');
});
