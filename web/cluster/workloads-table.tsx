/** Workloads with what happened to them, what went wrong first. Each opens to its pods. */
import { useRef } from 'preact/hooks';
import { coresText } from '../../shared/readable-line/measures.ts';
import type { Parameters } from '../../shared/client/client.ts';
import { podClassOf } from '../state/known-hues.ts';
import { useBoxWidth } from '../parts/box-width.ts';
import { Failure } from '../parts/failure.tsx';
import { count } from '../../shared/counted.ts';
import { TrendLine } from '../parts/trend-line.tsx';
import { TimeAxis } from '../parts/time-axis.tsx';
import { useLoaded } from '../state/loaded.ts';
import { go, question, view } from '../state/navigation.ts';
import { OneWorkload } from './one-workload.tsx';
import { type Activity, askActivity } from './questions.ts';
import type { Usage } from './usage.ts';
import { MemoryUse } from './use.tsx';
import { Mark, Strip } from './strip.tsx';
import type { Workload } from './workloads.ts';

const COLUMNS = 5;
const USAGE_COLUMNS = 3;

export interface WorkloadsProps {
  readonly workloads: readonly Workload[];
  readonly filters: Parameters;
  readonly podCount: number;
  /** Undefined without the metrics API, and until it is known. */
  readonly usage: Usage | undefined;
}

export function WorkloadsTable({ workloads, filters, podCount, usage }: WorkloadsProps) {
  const loaded = useLoaded((ended) => askActivity(filters, podCount, ended), [filters, podCount]);
  const { value: activity, error } = loaded.value;
  if (workloads.length === 0) {
    return (
      <>
        <h2>Workloads</h2>
        <p class="dim">
          No pod has written a line in this range, and nothing has happened to one. A longer range may have some.
        </p>
      </>
    );
  }
  return (
    <section aria-label="Workloads">
      <h2>
        Workloads <small>sorted by what went wrong; click one for its pods</small>
      </h2>
      <Legend />
      {error !== undefined && <Failure what="The time strip" error={error} />}
      <div class="table-box" tabIndex={0} role="region" aria-label="Workloads over time">
        <table class={`table workloads-table${usage === undefined ? '' : ' has-usage'}`}>
          <thead>
            <tr>
              <th scope="col" class="left">
                Workload
              </th>
              <th scope="col" class="not-phone" title="Pods that wrote lines in this range">
                Pods
              </th>
              <th scope="col" title="Containers that ended badly">
                Restarts
              </th>
              <th scope="col" class="not-phone">
                Errors
              </th>
              <th scope="col" class="left strip-cell">
                {activity === undefined ? 'Time' : <Axis activity={activity} />}
              </th>
              {usage !== undefined && (
                <>
                  <th scope="col" class="left not-phone">
                    CPU
                  </th>
                  <th scope="col" class="not-phone">
                    CPU now
                  </th>
                  <th scope="col" class="not-phone">
                    Memory of limit
                  </th>
                </>
              )}
            </tr>
          </thead>
          <tbody>
            {workloads.map((workload) => (
              <Row key={workload.key} workload={workload} filters={filters} activity={activity} usage={usage} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Legend() {
  return (
    <p class="strip-legend" aria-hidden="true">
      <span>
        <Mark kind="deploy" /> deploy
      </span>
      <span>
        <Mark kind="restart" /> ended badly
      </span>
      <span>
        <Mark kind="oom" /> out of memory
      </span>
      <span>
        <Mark kind="warning" /> warning event
      </span>
      <span>
        <i class="legend-errors" /> errors
      </span>
      <span>
        <i class="legend-running" /> has lines
      </span>
    </p>
  );
}

function Axis({ activity: { fromMs, toMs } }: { readonly activity: Activity }) {
  const box = useRef<HTMLDivElement>(null);
  const width = useBoxWidth(box);
  return (
    <div ref={box}>
      <span class="hidden-text">What happened</span>
      <TimeAxis fromMs={fromMs} toMs={toMs} width={width.value} />
    </div>
  );
}

function Row({
  workload,
  filters,
  activity,
  usage,
}: {
  readonly workload: Workload;
  readonly filters: Parameters;
  readonly activity: Activity | undefined;
  readonly usage: Usage | undefined;
}) {
  const { key, namespace, name, kind, pods, restarts, errors } = workload;
  const isOpen = question.value.own['open'] === key;
  const toggle = (): void => {
    const { open: _, ...own } = question.value.own;
    go(view.value, { own: isOpen ? own : { ...own, open: key } });
  };
  return (
    <>
      <tr class={isOpen ? 'is-open' : undefined}>
        <th scope="row" class="left">
          <button type="button" class="workload-name" aria-expanded={isOpen} title={key} onClick={toggle}>
            <b class={podClassOf({ namespace }, name)}>{name}</b>{' '}
            <span class="dim">
              {namespace}
              {kind !== '' && <span class="not-phone"> · {kind}</span>}
            </span>
          </button>
        </th>
        <td class="not-phone">{pods.length}</td>
        <td class={restarts > 0 ? 'strong tone-error' : 'dim'}>{count(restarts)}</td>
        <td class={`not-phone${errors === 0 ? ' dim' : ''}`}>{count(errors)}</td>
        <td class="left strip-cell">
          <Strip workload={workload} activity={activity} />
        </td>
        {usage !== undefined && <UsageCells workload={workload} usage={usage} />}
      </tr>
      {isOpen && (
        <tr class="workload-open">
          <td colSpan={COLUMNS + (usage === undefined ? 0 : USAGE_COLUMNS)} class="left">
            <OneWorkload workload={workload} filters={filters} usage={usage} />
          </td>
        </tr>
      )}
    </>
  );
}

function UsageCells({ workload: { key, name }, usage }: { readonly workload: Workload; readonly usage: Usage }) {
  const use = usage.workloads.get(key);
  const trend = usage.cpuTrends.get(key);
  const most = Math.max(0, ...(trend ?? []).map((cores) => cores ?? 0));
  return (
    <>
      <td class="left not-phone">
        {trend !== undefined && (
          <TrendLine values={trend} label={`CPU of ${name} over time, at most ${coresText(most)}`} />
        )}
      </td>
      <td class="not-phone">{use?.cpuCores !== undefined && coresText(use.cpuCores)}</td>
      <td class="not-phone">
        <MemoryUse bytes={use?.memoryBytes} limit={use?.memoryLimitBytes} />
      </td>
    </>
  );
}
