/** The agent's own HTTP: /metrics for Prometheus and /healthz for the kubelet. Node's server, since Fastify would cost memory. */
import { once } from 'node:events';
import type { Logger } from 'pino';
import { UsageError } from '../shared/errors.ts';
import { httpModule } from '../shared/http-module.ts';
import { METRICS_CONTENT_TYPE } from '../shared/metrics.ts';
import type { ListenAddress } from './flag-values/address.ts';

export interface MetricsServer {
  close(): Promise<void>;
}

/**
 * @param render  gives the Prometheus text of now
 * @throws UsageError when the address cannot be had
 */
export async function listenForMetrics(
  { host, port }: ListenAddress,
  render: () => string,
  log: Logger,
): Promise<MetricsServer> {
  const server = httpModule(false).createServer((request, response) => {
    const answer = (status: number, contentType: string, text: string): void => {
      response.writeHead(status, { 'content-type': contentType }).end(text);
    };
    if (request.url === '/metrics') answer(200, METRICS_CONTENT_TYPE, render());
    else if (request.url === '/healthz') answer(200, 'text/plain', 'ok\n');
    else answer(404, 'text/plain', 'this agent serves /metrics and /healthz; logs are at the server\n');
  });
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`choose another address with --metrics-listen: ${reason}`, 1, { cause });
  }
  log.info({ address: server.address() }, 'serving metrics');
  return {
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
