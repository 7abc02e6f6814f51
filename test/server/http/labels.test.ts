/** Answers about labels are bounded, however many streams there are. */
import { fastify } from 'fastify';
import { expect, test } from 'vitest';
import type { Labels } from '../../../shared/labels.ts';
import { registerLabels } from '../../../server/http/labels.ts';
import { LABELS_ANSWER_BYTES_MAX } from '../../../server/limits.ts';

async function ask(streams: readonly Labels[], url: string): Promise<unknown> {
  const app = fastify();
  app.decorateRequest('namespaces', 'all');
  registerLabels(app, { logs: { streams: async () => streams }, now: () => 0 });
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
