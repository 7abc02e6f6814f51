/** What the process takes, as metrics. Named as Prometheus' client libraries name them, so that ready-made dashboards work. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics } from '../shared/metrics.ts';

/** Must be called once in a process: its memory is that of all tenants. Returns what ends it. */
export function observeProcess(metrics: Metrics): () => void {
  const startSeconds = Date.now() / 1000 - process.uptime();
  metrics.gauge('process_start_time_seconds', 'Start of the process.').set(startSeconds);
  metrics.gauge('process_resident_memory_bytes', 'Memory of the process.').readFrom(() => process.memoryUsage.rss());
  metrics.gauge('process_cpu_seconds_total', 'CPU time of the process, user and system.').readFrom(() => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  metrics.gauge('podlog_event_loop_delay_seconds', '99th percentile since the last scrape.').readFrom(() => {
    const seconds = delay.percentile(99) / 1e9;
    delay.reset();
    return seconds;
  });
  return () => void delay.disable();
}
