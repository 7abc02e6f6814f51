/** `/loki/api/v1/detected_labels`: labels by which people choose streams, with how many values each has. */
import type { FastifyInstance } from 'fastify';
import { parseGoFloat } from '../../query/logql/pipeline/label-filter.ts';
import { JSON_TYPE } from './answers.ts';
import { getOrPost } from './get-or-post.ts';
import { streamsOf } from './labels.ts';
import { BACKWARDS } from './parameters.ts';
import type { QueryRoutes } from './query.ts';
import { parseSelector } from './selector.ts';

/** Labels that are given whatever their values look like. */
const ALWAYS: ReadonlySet<string> = new Set(['cluster', 'namespace', 'instance', 'pod']);

export function registerDetectedLabels(app: FastifyInstance, routes: QueryRoutes): void {
  getOrPost(app, '/loki/api/v1/detected_labels', async (form, request, reply) => {
    void reply.type(JSON_TYPE);
    const text = form.get('query');
    const asked = [text === undefined ? [] : parseSelector(text)];
    const valuesOf = new Map<string, Set<string>>();
    for await (const labels of streamsOf(routes, form, asked, request, reply, BACKWARDS)) {
      for (const [name, value] of labels) {
        const values = valuesOf.get(name);
        if (values === undefined) valuesOf.set(name, new Set([value]));
        else values.add(value);
      }
    }
    const detected = [...valuesOf].filter(([name, values]) => ALWAYS.has(name) || !areIds([...values]));
    if (detected.length === 0) return {};
    const sorted = detected.toSorted(([a], [b]) => (a < b ? -1 : 1));
    return { detectedLabels: sorted.map(([label, values]) => ({ label, cardinality: values.size })) };
  });
}

const UUID =
  /^(?:urn:uuid:)?(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32})$|^\{[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}$/i;

/** Whether all values are numbers or UUIDs, and not just 0 and 1. */
function areIds(values: readonly string[]): boolean {
  if (values.every((value) => value === '0' || value === '1')) return false;
  return values.every((value) => parseGoFloat(value) !== undefined || UUID.test(value));
}
