/**
 * Reading rules for alerts, as clients of Loki's ruler do: podlog has none. Lists of Prometheus' API are empty; the ruler's own
 * routes answer 404 with words that clients know.
 */
import { sendPlainJson } from './answers.ts';
import type { FastifyInstance } from 'fastify';

export function registerRules(app: FastifyInstance): void {
  for (const [path, data] of [
    ['/prometheus/api/v1/rules', { groups: [] }],
    ['/prometheus/api/v1/alerts', { alerts: [] }],
  ] as const) {
    app.get(path, async (_request, reply) => {
      const answer = { status: 'success', data, errorType: '', error: '' };
      return sendPlainJson(reply, answer);
    });
  }
  for (const [path, problem] of [
    ['/loki/api/v1/rules', 'no rule groups found'],
    ['/loki/api/v1/rules/:namespace', 'no rule groups found'],
    ['/loki/api/v1/rules/:namespace/:group', 'group does not exist'],
    ['/api/prom/rules', 'no rule groups found'],
    ['/api/prom/rules/:namespace', 'no rule groups found'],
    ['/api/prom/rules/:namespace/:group', 'group does not exist'],
  ] as const) {
    app.get(path, async (_request, reply) => reply.code(404).type('text/plain; charset=utf-8').send(`${problem}\n`));
  }
}
