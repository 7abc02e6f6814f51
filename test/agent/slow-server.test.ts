/** Servers that are slow, endless or something else: the agent gives a request up, and sends it again. */
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { setInterval } from 'node:timers';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { createAgentMetrics } from '../../agent/agent-metrics.ts';
import { ANSWER_BYTES_MAX } from '../../agent/limits.ts';
import { Shipper } from '../../agent/send/ship.ts';
import { until } from './pods.ts';

const REQUEST_MS_MAX = 300;
/** More than once where the right answer is late, too. */
const RETRIED = /retries_total\{reason="\w+"\} [1-9]/;
const ANSWER = JSON.stringify({ positions: [], rules: {}, pods: null, rows: 0 });

let server: Server;
let shipper: Shipper;
let ends: (() => void)[] = [];

afterEach(async () => {
  shipper.stop();
  for (const end of ends) end();
  ends = [];
  await new Promise((resolve) => server.close(resolve));
});

async function listen(made: Server, scheme = 'http'): Promise<ReturnType<typeof createAgentMetrics>> {
  server = made;
  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    ends.push(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const serverUrl = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const metrics = createAgentMetrics();
  const log = pino({ level: 'silent' });
  shipper = new Shipper({ serverUrl, node: 'n', log, metrics, backoffMsMax: 10, requestMsMax: REQUEST_MS_MAX });
  return metrics;
}

/** Answers the first question in its own way, and the next one properly. */
function firstWrong(wrong: (response: ServerResponse) => void): RequestListener {
  let isFirst = true;
  return (request, response) => {
    request.resume();
    if (isFirst) wrong(response);
    else response.setHeader('content-type', 'application/json').end(ANSWER);
    isFirst = false;
  };
}

const JSON_TYPE = { 'content-type': 'application/json' };

const WRONG: readonly [what: string, wrong: (response: ServerResponse) => void][] = [
  [
    'drips',
    (response) => {
      response.writeHead(200, JSON_TYPE);
      const timer = setInterval(() => response.write(' '), 20);
      ends.push(() => clearInterval(timer));
    },
  ],
  ['says nothing', () => undefined],
  [
    'has no end',
    (response) => {
      response.writeHead(200, JSON_TYPE);
      const chunk = Buffer.alloc(1 << 20, ' ');
      const write = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', write);
      write();
    },
  ],
  [
    'promises more than it has',
    (response) => response.writeHead(200, { ...JSON_TYPE, 'content-length': 1e12 }).write('{'),
  ],
  ['redirects', (response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end()],
  ['is a page of somebody else', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>ok')],
  ['has no type', (response) => response.writeHead(200).end(ANSWER)],
  ['is no JSON', (response) => response.writeHead(200, JSON_TYPE).end('{"positions"')],
  ['knows of nothing new though nothing is known', (response) => response.writeHead(304).end()],
  [
    'is only information',
    (response) => {
      const timer = setInterval(() => response.writeProcessing(), 20);
      ends.push(() => clearInterval(timer));
    },
  ],
];

test.each(WRONG)('positions: an answer that %s', async (what, wrong) => {
  const metrics = await listen(createServer(firstWrong(wrong)));
  expect(await shipper.fetchPositions()).toEqual([]);
  expect(metrics.registry.render()).toMatch(RETRIED);
  expect(what).not.toBe('');
});

test.each(WRONG)('rules: an answer that %s', async (_, wrong) => {
  await listen(createServer(firstWrong(wrong)));
  const taken: string[] = [];
  const answer = await shipper.fetchRules(undefined, (body) => taken.push(JSON.stringify(JSON.parse(body.toString()))));
  expect(answer).toBe('new');
  expect(taken).toEqual([ANSWER]);
});

test.each(WRONG.filter(([what]) => what !== 'is no JSON'))('batches: an answer that %s', async (_, wrong) => {
  const metrics = await listen(createServer(firstWrong(wrong)));
  expect(await shipper.send(Buffer.from('batch'))).toEqual({ kind: 'stored' });
  expect(metrics.registry.render()).toMatch(RETRIED);
});

test('an answer without an end is read up to the limit', async () => {
  let sentBytes = 0;
  await listen(
    createServer((request, response) => {
      request.resume();
      response.writeHead(200, JSON_TYPE);
      const chunk = Buffer.alloc(1 << 16, ' ');
      const write = (): void => {
        for (let goesOn = true; goesOn && !response.destroyed; sentBytes += chunk.length)
          goesOn = response.write(chunk);
      };
      response.on('drain', write);
      write();
    }),
  );
  let isOver = false;
  const asked = shipper.fetchPositions().catch(() => (isOver = true));
  await until(
    () => sentBytes > 2 * ANSWER_BYTES_MAX,
    () => 'it is not asked again',
  );
  shipper.stop();
  await asked;
  expect(isOver).toBe(true);
});

test('a TLS handshake that stalls ends', async () => {
  let connections = 0;
  const metrics = await listen(
    createTcpServer((socket) => {
      connections++;
      socket.resume();
    }),
    'https',
  );
  const asked = shipper.fetchPositions().catch(() => undefined);
  await until(
    () => connections >= 2,
    () => 'it is not asked again',
  );
  expect(metrics.registry.render()).toMatch(/retries_total\{reason="network"\} \d/);
  shipper.stop();
  await asked;
});
