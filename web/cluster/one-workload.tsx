/** A workload: its pods, also those that are gone, and what happened to them. */
import type { Parameters } from '../../shared/client/client.ts';
import { coresText, sizeText } from '../../shared/readable-line/measures.ts';
import { count } from '../../shared/counted.ts';
import { addressOf, QUESTION_DEFAULT } from '../state/address.ts';
import { clockText, fullText } from '../state/clock.ts';
import { useLoaded } from '../state/loaded.ts';
import { question } from '../state/navigation.ts';
import { askPodBytes } from './questions.ts';
import { Mark } from './strip.tsx';
import type { Usage } from './usage.ts';
import { MemoryUse, UseHeads } from './use.tsx';
import { type Happening, podKey, type PodCounts, searchOfPod, type Workload } from './workloads.ts';

const HAPPENINGS_MAX = 30;
const SIZED_PODS_MAX = 50;
const AROUND_MS = 60e3;
const WORDS: Readonly<Record<Happening['kind'], string>> = {
  deploy: 'deploy',
  restart: 'ended badly',
  oom: 'out of memory',
  warning: 'warning',
};

export interface OneWorkloadProps {
  readonly workload: Workload;
  readonly filters: Parameters;
  readonly usage: Usage | undefined;
}

export function OneWorkload({ workload: { pods, happenings }, filters, usage }: OneWorkloadProps) {
  // No more than an address takes; a workload with more shows no sizes.
  const names = pods.length > SIZED_PODS_MAX ? [] : [...new Set(pods.map(({ pod }) => pod))];
  const sizes = useLoaded(
    async (ended) => (names.length === 0 ? undefined : askPodBytes(filters, names, ended)),
    [filters, names.join(' ')],
  );
  return (
    <div class="one-workload">
      <table class="table">
        <caption>Pods</caption>
        <thead>
          <tr>
            <th scope="col" class="left">
              Pod
            </th>
            <th scope="col" class="left not-phone">
              Node
            </th>
            <th scope="col">Lines</th>
            <th scope="col">Errors</th>
            <th scope="col" class="not-phone">
              Size
            </th>
            {usage !== undefined && <UseHeads />}
          </tr>
        </thead>
        <tbody>
          {pods.map((pod) => (
            <Pod key={`${pod.pod} ${pod.node}`} pod={pod} bytes={sizes.value.value?.get(podKey(pod))} usage={usage} />
          ))}
          {pods.length === 0 && (
            <tr>
              <td colSpan={5} class="left dim">
                No pod of it has written a line in this range.
              </td>
            </tr>
          )}
        </tbody>
      </table>
      <table class="table">
        <caption>What happened, newest first</caption>
        <thead class="hidden-text">
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Kind</th>
            <th scope="col">What</th>
          </tr>
        </thead>
        <tbody>
          {happenings
            .toReversed()
            .slice(0, HAPPENINGS_MAX)
            .map((happening) => (
              <Happened key={`${happening.time} ${happening.text}`} happening={happening} />
            ))}
          {happenings.length === 0 && (
            <tr>
              <td colSpan={3} class="left dim">
                Nothing: no deploy, no restart and no warning in this range.
              </td>
            </tr>
          )}
          {happenings.length > HAPPENINGS_MAX && (
            <tr>
              <td colSpan={3} class="left dim">
                and {happenings.length - HAPPENINGS_MAX} before
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

function Pod({
  pod: own,
  bytes,
  usage,
}: {
  readonly pod: PodCounts;
  readonly bytes: number | undefined;
  readonly usage: Usage | undefined;
}) {
  const { namespace, pod, node, lines, errors } = own;
  const use = usage?.pods.get(`${namespace}/${pod}`);
  const { since, until } = question.value;
  const search = searchOfPod(own);
  const explore = (q: string): string => addressOf({ kind: 'explore' }, { ...QUESTION_DEFAULT, since, until, q });
  return (
    <tr>
      <th scope="row" class="left mono pod-cell">
        <a data-view href={explore(search)} title={pod}>
          {pod}
        </a>
      </th>
      <td class="left dim not-phone">{node}</td>
      <td>{count(lines)}</td>
      <td class={errors === 0 ? 'dim' : undefined}>
        {errors === 0 ? (
          '0'
        ) : (
          <a data-view href={explore(`${search} level>=error`)}>
            {count(errors)}
          </a>
        )}
      </td>
      <td class="dim not-phone">{bytes !== undefined && sizeText(bytes)}</td>
      {usage !== undefined && (
        <>
          <td class="not-phone">{use?.cpuCores !== undefined && coresText(use.cpuCores)}</td>
          <td class="not-phone">
            {use === undefined ? (
              <span class="dim">gone</span>
            ) : (
              <MemoryUse bytes={use.memoryBytes} limit={use.memoryLimitBytes} />
            )}
          </td>
        </>
      )}
    </tr>
  );
}

function Happened({ happening: { ms, time, kind, text, search } }: { readonly happening: Happening }) {
  const range = { since: new Date(ms - AROUND_MS).toISOString(), until: new Date(ms + AROUND_MS).toISOString() };
  return (
    <tr>
      <td class="left dim num" title={fullText(time)}>
        {clockText(time).slice(0, 8)}
      </td>
      <td class="left kind-cell" title={WORDS[kind]}>
        <Mark kind={kind} />
        <span class="hidden-text">{WORDS[kind]}</span>
      </td>
      <td class="left what-cell">
        <a data-view href={addressOf({ kind: 'explore' }, { ...QUESTION_DEFAULT, ...range, q: search })} title={text}>
          <bdi>{text}</bdi>
        </a>
      </td>
    </tr>
  );
}
