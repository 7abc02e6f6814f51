/** What the view of the cluster asks. */
import type { AgentsAnswer, AggregateAnswer, NodeAgent, StatsAnswer } from '../../shared/client/answers.ts';
import { askJson, askLines, type Parameters } from '../../shared/client/client.ts';
import { literal } from '../search/literal.ts';
import { askRange } from '../state/asked-range.ts';
import { askDeploys, askEndings } from '../state/changes.ts';
import { connection } from '../state/session.ts';
import { stepSeconds } from '../state/time-range.ts';
import { type Happening, podKey, type PodCounts, warningOf, workloadKey } from './workloads.ts';

const PODS_MAX = 500;
const ENDINGS_MAX = 1_000;
const DEPLOYS_MAX = 200;
const WARNINGS_MAX = 500;
const STEPS_MAX = 60;
/** The limit of one answer of `/aggregate`. */
const GROUPS_MAX = 10_000;

export async function askPods(filters: Parameters, ended: AbortSignal): Promise<readonly PodCounts[]> {
  const answer = await askJson<AggregateAnswer>(
    connection(),
    '/aggregate',
    {
      ...filters,
      'label.pod': '*',
      by: ['namespace', 'owner', 'pod', 'node'],
      'where.errors': 'level>=error',
      limit: PODS_MAX,
    },
    ended,
  );
  return answer.groups.map(({ by, rows, where }) => ({
    namespace: by['namespace'] ?? '',
    owner: by['owner'] ?? '',
    pod: by['pod'] ?? '',
    node: by['node'] ?? '',
    lines: rows,
    errors: where?.['errors'] ?? 0,
  }));
}

/**
 * The bytes of the lines of pods, by their keys. A question of its own, for what is looked at: it reads every value of every line,
 * which takes ten times as long as counting lines.
 *
 * @param pods  these alone; undefined: all
 */
export async function askPodBytes(
  filters: Parameters,
  pods: readonly string[] | undefined,
  ended: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const answer = await askJson<AggregateAnswer>(
    connection(),
    '/aggregate',
    {
      ...filters,
      'label.pod': pods?.map(literal) ?? '*',
      by: ['namespace', 'pod', 'node'],
      line_bytes: true,
      limit: PODS_MAX,
    },
    ended,
  );
  const of = ({ by, line_bytes }: AggregateAnswer['groups'][number]): [string, number] => [
    podKey({ namespace: by['namespace'] ?? '', pod: by['pod'] ?? '', node: by['node'] ?? '' }),
    line_bytes ?? 0,
  ];
  return new Map(answer.groups.map(of));
}

/** How containers ended, warnings of Kubernetes, and what was deployed; the oldest first. */
export async function askHappenings(filters: Parameters, ended: AbortSignal): Promise<readonly Happening[]> {
  const [endings, deploys, warnings] = await Promise.all([
    askEndings(filters, ENDINGS_MAX, ended),
    askDeploys(filters, DEPLOYS_MAX, ended),
    askLines(connection(), { ...filters, 'label.source': 'events', 'level>': 'warn', limit: WARNINGS_MAX }, ended),
  ]);
  const changes = [...endings, ...deploys].map((change): Happening => ({ ...change, count: 1 }));
  return [...changes, ...warnings.rows.flatMap((row) => warningOf(row) ?? [])].toSorted((a, b) => a.ms - b.ms);
}

/** When workloads wrote lines, and errors. */
export interface Activity {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  readonly steps: number;
  /** By the key of a workload. */
  readonly byKey: ReadonlyMap<string, { readonly lines: readonly number[]; readonly errors: readonly number[] }>;
  readonly errorsMax: number;
}

export async function askActivity(filters: Parameters, podCount: number, ended: AbortSignal): Promise<Activity> {
  const range = await askRange(filters, ended);
  const stepsMax = Math.max(1, Math.min(STEPS_MAX, Math.floor(GROUPS_MAX / Math.max(1, podCount)) - 1));
  const stepMs = stepSeconds(range.toMs - range.fromMs, stepsMax) * 1e3;
  const answer = await askJson<AggregateAnswer>(
    connection(),
    '/aggregate',
    {
      ...filters,
      'label.pod': '*',
      by: ['namespace', 'owner', 'pod'],
      step: `${stepMs / 1e3}s`,
      'where.errors': 'level>=error',
      order: 'rows',
      limit: GROUPS_MAX,
    },
    ended,
  );
  const fromMs = Math.floor(range.fromMs / stepMs) * stepMs;
  const steps = Math.max(1, Math.ceil((range.toMs - fromMs) / stepMs));
  const byKey = new Map<string, { lines: number[]; errors: number[] }>();
  for (const { by, rows, time, where } of answer.groups) {
    const { namespace = '', owner = '', pod = '' } = by;
    const key = workloadKey({ namespace, owner, pod });
    let own = byKey.get(key);
    if (own === undefined) {
      own = { lines: new Array<number>(steps).fill(0), errors: new Array<number>(steps).fill(0) };
      byKey.set(key, own);
    }
    const at = Math.floor((Date.parse(time!) - fromMs) / stepMs);
    if (at < 0 || at >= steps) continue;
    own.lines[at]! += rows;
    own.errors[at]! += where?.['errors'] ?? 0;
  }
  const errorsMax = Math.max(0, ...[...byKey.values()].flatMap(({ errors }) => errors));
  return { fromMs, toMs: fromMs + steps * stepMs, stepMs, steps, byKey, errorsMax };
}

export async function askAgents(ended: AbortSignal): Promise<readonly NodeAgent[]> {
  return (await askJson<AgentsAnswer>(connection(), '/agents', {}, ended)).agents;
}

export function askStats(ended: AbortSignal): Promise<StatsAnswer> {
  return askJson<StatsAnswer>(connection(), '/stats', {}, ended);
}

export async function askNamespaces(ended: AbortSignal): Promise<readonly string[]> {
  const answer = await askJson<{ readonly values: readonly string[] }>(
    connection(),
    '/labels/namespace/values',
    {},
    ended,
  );
  return answer.values;
}
