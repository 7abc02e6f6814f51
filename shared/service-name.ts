/**
 * The label `service_name`, which Loki adds to streams that have none, and which Grafana's Logs Drilldown needs: the value of
 * the first of some labels that the stream has.
 */
import { labelOf, type Labels } from './labels.ts';

export const SERVICE_NAME = 'service_name';
export const UNKNOWN_SERVICE = 'unknown_service';

/** Labels that Loki looks at, in its order. */
export const SERVICE_NAME_SOURCES: readonly string[] = [
  'service',
  'app',
  'application',
  'app_name',
  'name',
  'app_kubernetes_io_name',
  'container',
  'container_name',
  'k8s_container_name',
  'component',
  'workload',
  'job',
  'k8s_job_name',
];

export function serviceNameOf(labels: Labels): string {
  for (const name of SERVICE_NAME_SOURCES) {
    const value = labelOf(labels, name);
    if (value !== undefined && value !== '') return value;
  }
  return UNKNOWN_SERVICE;
}
