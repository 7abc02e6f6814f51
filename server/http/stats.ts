/** `GET /stats`: how much is stored, its time range, and what it costs. */
import type { FastifyInstance } from 'fastify';
import { formatInstant } from '../../shared/time.ts';
import type { LogStore } from '../store/log-store.ts';

export function registerStats(app: FastifyInstance, { logs }: { readonly logs: Pick<LogStore, 'stats'> }): void {
  app.get('/stats', async () => {
    const stats = logs.stats();
    return {
      rows: stats.rowCount,
      bytes: { raw: stats.lineBytes, stored: stats.storedBytes, wal: stats.walBytes },
      segments: stats.segmentCount,
      walFiles: stats.walFileCount,
      rowGroups: stats.rowGroupCount,
      streams: stats.streamCount,
      oldest: stats.oldestInstant === undefined ? null : formatInstant(stats.oldestInstant),
      newest: stats.newestInstant === undefined ? null : formatInstant(stats.newestInstant),
      quarantined: stats.quarantinedCount,
      unreadable: stats.unreadableCount,
      clockAheadSeconds: Math.round(stats.clockAheadMs / 1000),
    };
  });
}
