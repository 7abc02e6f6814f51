/**
 * `GET /loki/api/v1/drilldown-limits`, by which Grafana's Logs Drilldown learns what the server can do, and `GET /config`: its
 * limits, by the names that they have in Loki.
 */
import { sendPlainJson } from './answers.ts';
import type { FastifyInstance } from 'fastify';
import { NS_PER_MS } from '../../../shared/time.ts';
import { LEVEL_FIELDS } from '../../query/logql/detected-level.ts';
import type { Discovery } from '../../query/logql/select.ts';
import { SERVICE_NAME_SOURCES } from '../../../shared/service-name.ts';
import { prometheusDuration } from '../../query/logql/syntax/durations.ts';
import type { LogqlLimits } from '../../query/logql/query-limits.ts';
import type { LogStore } from '../../store/log-store.ts';
import { LOKI_VERSION } from './build-info.ts';

export interface LimitsRoutes {
  readonly logs: Pick<LogStore, 'capacity'>;
  readonly discovery: Discovery;
  readonly limits: LogqlLimits;
}

export function registerLimits(app: FastifyInstance, routes: LimitsRoutes): void {
  app.get('/loki/api/v1/drilldown-limits', async (_request, reply) => {
    const answer = { limits: limitsOf(routes), pattern_ingester_enabled: true, version: LOKI_VERSION, mode: 'active' };
    return sendPlainJson(reply, answer);
  });
  // JSON is YAML, too.
  app.get('/config', async (_request, reply) =>
    reply.type('text/plain; charset=utf-8').send(`limits_config: ${JSON.stringify(limitsOf(routes))}\n`),
  );
}

function limitsOf({ logs, discovery, limits }: LimitsRoutes): Readonly<Record<string, unknown>> {
  const { ageMs } = logs.capacity().retention;
  return {
    discover_log_levels: discovery.logLevels,
    discover_service_name: discovery.serviceName ? SERVICE_NAME_SOURCES : [],
    log_level_fields: LEVEL_FIELDS,
    max_entries_limit_per_query: limits.linesMax,
    // Loki has no limit at 0.
    max_query_length: limits.rangeMsMax === Infinity ? '0s' : durationText(limits.rangeMsMax),
    max_query_series: limits.seriesMax,
    query_timeout: durationText(limits.runMsMax),
    // Lines that are kept for ever have no period.
    retention_period: ageMs === Infinity ? '0s' : durationText(ageMs),
    volume_enabled: true,
  };
}

function durationText(ms: number): string {
  return prometheusDuration(BigInt(Math.round(ms)) * BigInt(NS_PER_MS));
}
