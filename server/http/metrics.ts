/** `GET /metrics`: the server's own metrics, in Prometheus' text format. */
import type { FastifyInstance } from 'fastify';
import { type Metrics, METRICS_CONTENT_TYPE } from '../../shared/metrics.ts';

const NO_ROUTE = 'none';

export function registerMetrics(app: FastifyInstance, { metrics }: { readonly metrics: Metrics }): void {
  const seconds = metrics.histogram(
    'podlog_http_request_seconds',
    'From the first byte of a request to the last of its answer.',
  );
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? NO_ROUTE;
    seconds.observe(reply.elapsedTime / 1000, { method: request.method, route, status: String(reply.statusCode) });
  });
  app.get('/metrics', async (_request, reply) => {
    reply.type(METRICS_CONTENT_TYPE);
    return metrics.render();
  });
}
