/** What pods and nodes use, from the samples that the server keeps of the metrics API. */
import type { AggregateAnswer, AggregateGroup } from '../../shared/client/answers.ts';
import { askJson, type Parameters } from '../../shared/client/client.ts';
import { askRange } from '../state/asked-range.ts';
import { connection } from '../state/session.ts';
import { stepSeconds } from '../state/time-range.ts';
import { workloadKey } from './workloads.ts';

/** Samples are a minute apart; one may be missing. */
const NOW_MS = 180_000;
const SAMPLE_S = 60;
const TREND_STEPS = 32;
const GROUPS_MAX = 10_000;
const PODS_MAX = 1_000;
const AMOUNTS = ['cpu_cores', 'cpu_limit_cores', 'memory_bytes', 'memory_limit_bytes'];

export interface Use {
  readonly cpuCores: number | undefined;
  /** Undefined where one of the pods has no limit. */
  readonly cpuLimitCores: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly memoryLimitBytes: number | undefined;
}

export interface Usage {
  /** By `namespace/name`. */
  readonly pods: ReadonlyMap<string, Use>;
  /** By the key of a workload. */
  readonly workloads: ReadonlyMap<string, Use>;
  readonly nodes: ReadonlyMap<string, Use>;
  /** Cores over time, by the key of a workload. */
  readonly cpuTrends: ReadonlyMap<string, readonly (number | undefined)[]>;
}

/** Returns undefined where there are no samples. */
export async function askUsage(filters: Parameters, ended: AbortSignal): Promise<Usage | undefined> {
  const { fromMs, toMs } = await askRange(filters, ended);
  const pods = { ...filters, 'label.source': 'metrics', kind: 'Pod', by: ['namespace', 'workload', 'name'] };
  const now = { since: new Date(Math.max(fromMs, toMs - NOW_MS)).toISOString(), last: AMOUNTS, limit: PODS_MAX };
  // Nodes are in no namespace.
  const nodes = { ...filters, 'label.namespace': '', 'label.source': 'metrics', kind: 'Node', by: ['name'] };
  const [podsNow, nodesNow] = await Promise.all([ask({ ...pods, ...now }, ended), ask({ ...nodes, ...now }, ended)]);
  if (podsNow.length === 0 && nodesNow.length === 0) return undefined;
  const stepsMax = Math.max(1, Math.min(TREND_STEPS, Math.floor(GROUPS_MAX / Math.max(1, podsNow.length)) - 1));
  const stepMs = Math.max(SAMPLE_S, stepSeconds(toMs - fromMs, stepsMax)) * 1e3;
  const trend = { step: `${stepMs / 1e3}s`, of: 'cpu_cores', order: 'rows', limit: GROUPS_MAX };
  const groups = await ask({ ...pods, ...trend }, ended);
  return {
    pods: new Map(podsNow.map((group) => [`${group.by['namespace']}/${group.by['name']}`, useOf(group)])),
    workloads: summed(podsNow),
    nodes: new Map(nodesNow.map((group) => [group.by['name'] ?? '', useOf(group)])),
    cpuTrends: trendsOf(groups, fromMs, toMs, stepMs),
  };
}

async function ask(parameters: Parameters, ended: AbortSignal): Promise<AggregateAnswer['groups']> {
  return (await askJson<AggregateAnswer>(connection(), '/aggregate', parameters, ended)).groups;
}

function useOf({ last = {} }: AggregateGroup): Use {
  const of = (name: string): number | undefined => last[name] ?? undefined;
  return {
    cpuCores: of('cpu_cores'),
    cpuLimitCores: of('cpu_limit_cores'),
    memoryBytes: of('memory_bytes'),
    memoryLimitBytes: of('memory_limit_bytes'),
  };
}

function keyOf({ by }: AggregateGroup): string {
  const { namespace = '', workload = '', name = '' } = by;
  return workloadKey({ namespace, owner: workload === '' ? '' : `/${workload}`, pod: name });
}

function summed(groups: AggregateAnswer['groups']): ReadonlyMap<string, Use> {
  const sums = new Map<string, Use>();
  // What one of the pods lacks, their sum lacks.
  const plus = (a: number | undefined, b: number | undefined): number | undefined =>
    a === undefined || b === undefined ? undefined : a + b;
  for (const group of groups) {
    const use = useOf(group);
    const before = sums.get(keyOf(group));
    sums.set(
      keyOf(group),
      before === undefined
        ? use
        : {
            cpuCores: plus(before.cpuCores, use.cpuCores),
            cpuLimitCores: plus(before.cpuLimitCores, use.cpuLimitCores),
            memoryBytes: plus(before.memoryBytes, use.memoryBytes),
            memoryLimitBytes: plus(before.memoryLimitBytes, use.memoryLimitBytes),
          },
    );
  }
  return sums;
}

/** The averages of the pods, added up; a step without a sample is a gap. */
function trendsOf(
  groups: AggregateAnswer['groups'],
  fromMs: number,
  toMs: number,
  stepMs: number,
): ReadonlyMap<string, readonly (number | undefined)[]> {
  const first = Math.floor(fromMs / stepMs);
  const steps = Math.max(1, Math.ceil(toMs / stepMs) - first);
  const trends = new Map<string, (number | undefined)[]>();
  for (const group of groups) {
    const at = Math.floor(Date.parse(group.time!) / stepMs) - first;
    if (group.avg === undefined || at < 0 || at >= steps) continue;
    let trend = trends.get(keyOf(group));
    if (trend === undefined) {
      trend = Array.from<number | undefined>({ length: steps });
      trends.set(keyOf(group), trend);
    }
    trend[at] = (trend[at] ?? 0) + group.avg;
  }
  return trends;
}
