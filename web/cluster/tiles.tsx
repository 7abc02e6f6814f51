/** What one looks at first: whether lines arrive, whether some were lost, how long the disk lasts, and what was restarted. */
import type { ComponentChildren } from 'preact';
import type { NodeAgent, StatsAnswer } from '../../shared/client/answers.ts';
import { durationText, sizeText } from '../../shared/readable-line/measures.ts';
import { Icon, LevelIcon } from '../parts/icon.tsx';
import { count, counted } from '../../shared/counted.ts';
import type { PodCounts, Workload } from './workloads.ts';

export interface TilesProps {
  readonly agents: readonly NodeAgent[] | undefined;
  readonly stats: StatsAnswer | undefined;
  readonly pods: readonly PodCounts[] | undefined;
  readonly workloads: readonly Workload[] | undefined;
}

const SECONDS_PER_HOUR = 3_600;
/** What is that far away is not worth a number, or a warning. */
const YEARS_FROM_DAYS = 730;
const SOON_DAYS = 7;
const WARN_DAYS = 60;

export function Tiles({ agents, stats, pods, workloads }: TilesProps) {
  return (
    <ul class="tiles">
      {agents !== undefined && (
        <>
          <Agents agents={agents} />
          <Lost agents={agents} />
        </>
      )}
      {stats === undefined ? pods !== undefined && <OwnIntake pods={pods} /> : <Intake stats={stats} agents={agents} />}
      {stats !== undefined && <Disk stats={stats} />}
      {workloads !== undefined && <Restarts workloads={workloads} />}
    </ul>
  );
}

type Tone = 'ok' | 'warn' | 'error' | undefined;

function Tile({
  name,
  tone,
  figure,
  unit,
  children,
}: {
  readonly name: string;
  readonly tone?: Tone;
  readonly figure: string;
  readonly unit: string;
  readonly children: ComponentChildren;
}) {
  return (
    <li>
      <h2>
        {tone === 'ok' && <Icon name="check" />}
        {(tone === 'warn' || tone === 'error') && <LevelIcon level={tone} />}
        {name}
      </h2>
      <p class={`tile-figure${tone === 'error' ? ' tone-error' : ''}`}>
        <b class="num">{figure}</b> {unit}
      </p>
      <p class="dim">{children}</p>
    </li>
  );
}

function Agents({ agents }: { readonly agents: readonly NodeAgent[] }) {
  const up = agents.filter(({ state }) => state === 'up').length;
  const missing = agents.filter(({ state }) => state !== 'up').map(({ node }) => node);
  const [most] = agents.toSorted((a, b) => (b.lag?.seconds ?? 0) - (a.lag?.seconds ?? 0));
  const lag = most?.lag?.seconds ?? 0;
  return (
    <Tile
      name="Agents"
      tone={agents.length === 0 ? undefined : up === agents.length ? 'ok' : 'error'}
      figure={agents.length === 0 ? '0' : `${up} of ${agents.length}`}
      unit={agents.length === 0 ? 'agents' : 'up'}
    >
      {missing.length > 0
        ? `silent: ${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ` and ${missing.length - 3} more` : ''}`
        : agents.length === 0
          ? 'lines come by /ingest only'
          : lag === 0
            ? 'none has unread lines'
            : `most behind: ${most!.node}, ${durationText(lag * 1e9)}`}
    </Tile>
  );
}

function Lost({ agents }: { readonly agents: readonly NodeAgent[] }) {
  const lost = agents.filter((agent) => (agent.lost?.times ?? 0) > 0);
  const bytes = lost.reduce((sum, agent) => sum + agent.lost!.bytes, 0);
  const times = lost.reduce((sum, agent) => sum + agent.lost!.times, 0);
  return (
    <Tile name="Lost" tone={times === 0 ? 'ok' : 'warn'} figure={sizeText(bytes)} unit={times === 0 ? '' : 'or more'}>
      {times === 0
        ? 'nothing, since the agents started'
        : `${counted(times, 'time')} since the start, on ${lost.map(({ node }) => node).join(', ')}`}
    </Tile>
  );
}

function Intake({
  stats,
  agents = [],
}: {
  readonly stats: StatsAnswer;
  readonly agents?: readonly NodeAgent[] | undefined;
}) {
  const { hours, lines, raw, stored } = stats.intake;
  const isNow = agents.some((agent) => agent.lines_per_second !== null);
  const now = agents.reduce((sum, agent) => sum + (agent.lines_per_second ?? 0), 0);
  const rate = isNow ? now : hours === 0 ? 0 : lines / hours / SECONDS_PER_HOUR;
  const perDay = (bytes: number): string => sizeText(hours === 0 ? 0 : (bytes / hours) * 24);
  return (
    <Tile name="Intake" figure={rate.toFixed(rate < 10 ? 1 : 0)} unit="lines/s">
      {perDay(raw)} a day, {perDay(stored)} of it on disk
    </Tile>
  );
}

function OwnIntake({ pods }: { readonly pods: readonly PodCounts[] }) {
  const lines = pods.reduce((sum, pod) => sum + pod.lines, 0);
  return (
    <Tile name="Intake" figure={count(lines)} unit="lines">
      in this range
    </Tile>
  );
}

function Disk({ stats: { bytes, room, forecast, retention } }: { readonly stats: StatsAnswer }) {
  const days = forecast.daysLeft === null ? '' : durationOfDays(forecast.daysLeft);
  const left = forecast.outlook === 'disk full' ? (forecast.daysLeft ?? Infinity) : Infinity;
  const limit = retention.maxSize ?? room?.total;
  return (
    <Tile
      name="Disk"
      tone={left < SOON_DAYS ? 'error' : left < WARN_DAYS ? 'warn' : 'ok'}
      figure={sizeText(bytes.stored)}
      unit={limit === undefined ? 'used' : `of ${sizeText(limit)}`}
    >
      {forecast.outlook === 'level' &&
        `${retention.age} ${forecast.bytes === undefined ? '' : `need ${sizeText(forecast.bytes)}`}: fits`}
      {forecast.outlook === 'disk full' && (left > YEARS_FROM_DAYS ? 'lasts for years' : `the disk is full in ${days}`)}
      {forecast.outlook === 'oldest dropped' && `full in ${days}; then the oldest lines go`}
      {forecast.outlook === 'unknown' && 'too new to say how long it lasts'}
    </Tile>
  );
}

function durationOfDays(days: number): string {
  return days < 2 ? `${Math.round(days * 24)} h` : `${count(Math.floor(days))} days`;
}

function Restarts({ workloads }: { readonly workloads: readonly Workload[] }) {
  const own = workloads.filter(({ restarts }) => restarts > 0);
  const restarts = own.reduce((sum, each) => sum + each.restarts, 0);
  const memory = own.flatMap(({ happenings }) => happenings.filter(({ kind }) => kind === 'oom')).length;
  return (
    <Tile
      name="Restarts"
      tone={restarts === 0 ? 'ok' : 'error'}
      figure={count(restarts)}
      unit={
        restarts === 0 ? '' : restarts === memory ? 'all out of memory' : memory > 0 ? `${memory} out of memory` : ''
      }
    >
      {restarts === 0
        ? 'no container has ended badly'
        : own
            .slice(0, 3)
            .map(({ name }) => name)
            .join(', ') + (own.length > 3 ? ` and ${own.length - 3} more` : '')}
    </Tile>
  );
}
