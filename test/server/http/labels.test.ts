/** Answers about labels are bounded, however many streams there are. */
import { fastify } from 'fastify';
import { eventually } from '../../eventually.ts';
import { expect, test } from 'vitest';
import type { Labels } from '../../../shared/labels.ts';
import { registerLabels } from '../../../server/http/labels.ts';
import { LABELS_ANSWER_BYTES_MAX, QUERIES_OF_CALLER_AT_ONCE_MAX } from '../../../server/limits.ts';
import { QueryEngine } from '../../../server/query/engine.ts';
import { fakeReader } from '../query/fake-reader.ts';

async function ask(streams: readonly Labels[], url: string): Promise<unknown> {
  const app = fastify();
  app.decorateRequest('namespaces', 'all');
  registerLabels(app, { engine: new QueryEngine(fakeReader({ streams: async () => streams })), now: () => 0 });
  return (await app.inject(url)).json();
}

test('what is too long for an answer is cut, in order, and the answer says so', async () => {
  const values = Array.from({ length: 10 }, (_, i) => `${9 - i}`.padEnd(LABELS_ANSWER_BYTES_MAX / 8, 'x'));
  const streams = [...values, ...values].map((value) => ({ app: 'a', [value]: value, pod: value }));
  const first = values.toSorted().slice(0, 8);
  expect(await ask(streams, '/labels/pod/values')).toEqual({ values: first, truncated: true });
  expect(await ask(streams, '/labels')).toEqual({ labels: first, truncated: true });
  expect(await ask(streams, '/labels/app/values')).toEqual({ values: ['a'] });
});

test('levels are counted by what they mean', async () => {
  const streams = ['WARN', 'warning', 'audit'].map((level) => ({ level }));
  expect(await ask(streams, '/labels/level/values')).toEqual({ values: ['audit', 'warn'] });
});

test.each(['/labels', '/labels/app/values'])(
  '%s waits for its turn as any query does, and ends with its client',
  async (path) => {
    const app = fastify();
    app.decorateRequest('namespaces', 'all');
    const signals: AbortSignal[] = [];
    const never = new Promise<never>(() => {});
    const reader = fakeReader({
      streams: (_, { signal }) => {
        signals.push(signal);
        return never;
      },
    });
    const engine = new QueryEngine(reader);
    const { slots } = engine;
    registerLabels(app, { engine, now: () => 0 });
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const gone = new AbortController();
    const asked = Array.from({ length: QUERIES_OF_CALLER_AT_ONCE_MAX + 2 }, () =>
      fetch(url + path, { signal: gone.signal }).catch(() => 'gone'),
    );
    await eventually(() =>
      expect([slots.runningCount, slots.waitingCount]).toEqual([QUERIES_OF_CALLER_AT_ONCE_MAX, 2]),
    );
    gone.abort();
    await Promise.all(asked);
    await eventually(() => expect(signals.every(({ aborted }) => aborted)).toBe(true));
    await eventually(() => expect(slots.waitingCount).toBe(0));
    await app.close();
  },
);
