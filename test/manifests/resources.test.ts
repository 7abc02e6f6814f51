/** Requests and limits of memory against what the bench has measured: the tables in docs/benchmarks.md. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sizeOf } from '../../shared/quantity.ts';
import { containerOf, OVERLAYS, renderManifests, workloadsOf, type Container } from './manifests.ts';

/** About half as much again as was measured: room for what the bench does not do, and little enough to protect the node. */
const LIMIT_TO_PEAK = { min: 1.4, max: 2 };
/** The scheduler counts on requests, and a pod beyond its own is the first to go from a node without memory. */
const REQUEST_TO_PEAK = { min: 1, max: 1.25 };

const FIGURES = {
  agent: /^(?:agent|flood|freshness).*(?:memory|: agent) +(\S+)  MB /gm,
  server: /^(?:server|freshness).*(?:memory|: server) +(\S+)  MB /gm,
} as const;

const benchmarks = readFileSync('docs/benchmarks.md', 'utf8');

function peakBytes(name: string): number {
  const figures = [...benchmarks.matchAll(FIGURES[name as keyof typeof FIGURES])].map(([, figure]) => Number(figure));
  expect(figures.length, `figures of the ${name}`).toBeGreaterThan(3);
  return Math.max(...figures) * 1e6;
}

function bytesOf(quantity: string | undefined): number {
  const mebibytes = /^(\d+)Mi$/.exec(quantity ?? '')?.[1];
  if (mebibytes === undefined) throw new Error(`${quantity} is not in Mi`);
  return Number(mebibytes) * 2 ** 20;
}

test.each(['server', 'agent'])('README: the measured peak of the %s is the largest of the tables', (name) => {
  const row = readFileSync('manifests/README.md', 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`| ${name}`) && line.includes(' MB: '));
  expect(row).toContain(`| ${peakBytes(name) / 1e6} MB: `);
});

describe.each(OVERLAYS)('%s', (overlay) => {
  const containers = workloadsOf(renderManifests(`overlays/${overlay}`)).map(containerOf);
  test('the data stays below nine tenths of its volume', () => {
    const [claim] = workloadsOf(renderManifests(`overlays/${overlay}`)).flatMap(
      ({ spec }) => spec.volumeClaimTemplates ?? [],
    );
    const server = containers.find(({ name }) => name === 'server')!;
    const maxSize = sizeOf(server.env.find(({ name }) => name === 'PODLOG_MAX_SIZE')!.value!);
    expect(maxSize).toBeGreaterThan(0);
    expect(maxSize).toBeLessThanOrEqual(0.9 * sizeOf(claim!.spec.resources.requests.storage));
  });

  test.each(containers.map((container) => ({ name: container.name, container })))('$name', ({ name, container }) => {
    const peak = peakBytes(name);
    const { requests, limits }: Container['resources'] = container.resources;
    const ratios = { request: bytesOf(requests['memory']) / peak, limit: bytesOf(limits['memory']) / peak };
    expect(ratios.request).toBeGreaterThanOrEqual(REQUEST_TO_PEAK.min);
    expect(ratios.request).toBeLessThan(REQUEST_TO_PEAK.max);
    expect(ratios.limit).toBeGreaterThanOrEqual(LIMIT_TO_PEAK.min);
    expect(ratios.limit).toBeLessThan(LIMIT_TO_PEAK.max);
  });
});
