/** `GET /metrics`: the server's own metrics, in Prometheus' text format. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
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
  observeProcess(app, metrics);

  app.get('/metrics', async (_request, reply) => {
    reply.type(METRICS_CONTENT_TYPE);
    return metrics.render();
  });
}

/** Named as Prometheus' client libraries name them, so that ready-made dashboards work. */
function observeProcess(app: FastifyInstance, metrics: Metrics): void {
  const startSeconds = Date.now() / 1000 - process.uptime();
  metrics.gauge('process_start_time_seconds', 'Start of the process.').set(startSeconds);
  metrics.gauge('process_resident_memory_bytes', 'Memory of the process.').readFrom(() => process.memoryUsage.rss());
  metrics.gauge('process_cpu_seconds_total', 'CPU time of the process, user and system.').readFrom(() => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  app.addHook('onClose', async () => void delay.disable());
  metrics.gauge('podlog_event_loop_delay_seconds', '99th percentile since the last scrape.').readFrom(() => {
    const seconds = delay.percentile(99) / 1e9;
    delay.reset();
    return seconds;
  });
}
