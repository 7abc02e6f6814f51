/** Cluster: agents, losses, intake and disk; what happened to workloads, on one axis of time; and whose lines there are. */
import { useEffect, useMemo } from 'preact/hooks';
import { counted } from '../../shared/counted.ts';
import { Failure } from '../parts/failure.tsx';
import { Icon } from '../parts/icon.tsx';
import { TimePicker } from '../parts/time-picker.tsx';
import { serverNowMs, zone } from '../state/clock.ts';
import { useLoaded } from '../state/loaded.ts';
import { ask, question, runCount } from '../state/navigation.ts';
import { access, session } from '../state/session.ts';
import { frozenRange, rangeName } from '../state/time-range.ts';
import '../styles/panes.css';
import './cluster.css';
import { Intake } from './intake.tsx';
import { Nodes } from './nodes.tsx';
import { Backups } from './backups.tsx';
import { NewToken } from './new-token.tsx';
import { askAgents, askHappenings, askNamespaces, askPods, askStats } from './questions.ts';
import { Storage } from './storage.tsx';
import { Tiles } from './tiles.tsx';
import { workloadsOf } from './workloads.ts';
import { askUsage } from './usage.ts';
import { WorkloadsTable } from './workloads-table.tsx';

export function Cluster() {
  useEffect(() => {
    document.title = 'Cluster, podlog';
  }, []);
  if (access.value !== 'open') return <div class="skeleton-lines" aria-busy="true" />;
  return <View />;
}

function View() {
  const { since, until, own } = question.value;
  const namespace = own['namespace'] ?? '';
  const of = [since, until, namespace, zone.value, runCount.value];
  const filters = useMemo(
    () => ({
      ...frozenRange(since, until, serverNowMs()),
      tz: zone.peek(),
      'label.namespace': namespace,
    }),
    of,
  );
  const seesAll = session.value?.namespaces === 'all';
  const pods = useLoaded((ended) => askPods(filters, ended), [filters]);
  const happenings = useLoaded((ended) => askHappenings(filters, ended), [filters]);
  const usage = useLoaded((ended) => askUsage(filters, ended), [filters]);
  // About all namespaces: others are not let in.
  const agents = useLoaded(async (ended) => (seesAll ? askAgents(ended) : undefined), [filters, seesAll]);
  const stats = useLoaded(async (ended) => (seesAll ? askStats(ended) : undefined), [filters, seesAll]);
  const namespaces = useLoaded((ended) => askNamespaces(ended), []);
  const workloads = useMemo(
    () => workloadsOf(pods.value.value ?? [], happenings.value.value ?? []),
    [pods.value.value, happenings.value.value],
  );
  const isBusy = [pods, happenings, usage, agents, stats].some((each) => each.value.isLoading);
  const isFailed = pods.value.error !== undefined || happenings.value.error !== undefined;
  const isLoaded = pods.value.value !== undefined && happenings.value.value !== undefined;
  return (
    <div class="pane cluster">
      <div class={`progress${isBusy ? ' is-busy' : ''}`} />
      <div class="pane-head">
        <div>
          <h1>Cluster</h1>
          <p class="dim">{isLoaded ? summaryOf(pods.value.value!, workloads.length) : ' '}</p>
        </div>
        <div class="choices">
          <Namespaces namespace={namespace} known={namespaces.value.value ?? []} />
          <TimePicker />
        </div>
      </div>
      <Tiles
        agents={agents.value.value}
        stats={stats.value.value}
        pods={pods.value.value}
        workloads={isLoaded ? workloads : undefined}
      />
      {agents.value.error !== undefined && <Failure what="Agents" error={agents.value.error} />}
      {stats.value.error !== undefined && <Failure what="Storage" error={stats.value.error} />}
      {pods.value.error !== undefined && <Failure what="Workloads" error={pods.value.error} />}
      {usage.value.error !== undefined && <Failure what="CPU and memory" error={usage.value.error} />}
      {happenings.value.error !== undefined && <Failure what="What happened" error={happenings.value.error} />}
      {!isLoaded && !isFailed && <div class="skeleton-lines" aria-busy="true" />}
      {/* Rows in their order only once all is known: none may move under the pointer. */}
      {isLoaded && (
        <WorkloadsTable
          workloads={workloads}
          filters={filters}
          podCount={pods.value.value!.length}
          usage={usage.value.value}
        />
      )}
      {agents.value.value !== undefined && (
        <Nodes agents={agents.value.value} pods={pods.value.value ?? []} usage={usage.value.value} />
      )}
      {/* Not before what is above it: it would be in sight. */}
      {(isLoaded || isFailed) && pods.value.value !== undefined && pods.value.value.length > 0 && (
        <Intake pods={pods.value.value} filters={filters} />
      )}
      {stats.value.value !== undefined && <Storage stats={stats.value.value} />}
      {session.value?.scopes.includes('admin') === true && (
        <>
          <Backups />
          <NewToken namespaces={namespaces.value.value ?? []} />
        </>
      )}
    </div>
  );
}

function summaryOf(pods: readonly { readonly node: string }[], workloads: number): string {
  const { since, until } = question.peek();
  const nodes = new Set(pods.map(({ node }) => node).filter((node) => node !== '')).size;
  const range = rangeName(since, until)?.toLowerCase() ?? 'this range';
  const parts = [
    nodes === 0 ? '' : counted(nodes, 'node'),
    counted(workloads, 'workload'),
    counted(pods.length, 'pod'),
  ];
  return `${parts.filter((part) => part !== '').join(', ')} · ${range}`;
}

function Namespaces({ namespace, known }: { readonly namespace: string; readonly known: readonly string[] }) {
  const names = namespace === '' || known.includes(namespace) ? known : [namespace, ...known];
  return (
    <label class="select">
      <span>Namespace</span>
      <select
        value={namespace}
        onChange={({ currentTarget: { value: chosen } }) => {
          const { namespace: _, open: _open, ...own } = question.value.own;
          ask({ own: chosen === '' ? own : { ...own, namespace: chosen } });
        }}
      >
        <option value="">all</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <Icon name="down" />
    </label>
  );
}
