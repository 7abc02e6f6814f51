/**
 * Why a container's log stops: a line in the stream of its pod for each run that has ended, and for a pod that was
 * evicted from its node.
 *
 *     container api ended: exit code 137, OOMKilled, restart 4
 *     pod api-7d9f-x2x ended: Evicted: The node was low on resource: memory.
 *
 * Runs of a container are numbered like its log files: run 4 wrote 4.log, after four restarts. The number of recorded
 * runs is the position of the container; so each is recorded once, whatever is restarted in between.
 */
import { type Labels, PODLOG_STREAM } from '../../shared/labels.ts';
import { TERMINATION_AGE_MS_MAX, EVENT_LEAD_MS_MAX } from '../limits.ts';
import { type ContainerStatus, epochMsOf, type PodObject, type Terminated } from './objects.ts';
import type { Entry } from './recorder.ts';

const FILE_PREFIX = 'kubernetes/endings/';
const SECOND_MS = 1000;

/**
 * Returns the entries for all terminations that a pod's status shows, including those that were recorded before.
 * @param podLabels  labels of its lines besides those from their path
 * @param pathUid  the uid in that path
 */
export function terminationsOf(pod: PodObject, podLabels: Labels, nowMs: number, pathUid: string): Entry[] {
  const runs = endedRunsOf(pod).map((ended) => ({
    ...runEntry(pod, podLabels, ended, nowMs),
    run: { uid: pathUid, container: ended.container, restart: ended.run },
  }));
  const end = podEntry(pod, podLabels, nowMs);
  return (end === undefined ? runs : [...runs, end]).filter(({ epochMs }) => epochMs >= nowMs - TERMINATION_AGE_MS_MAX);
}

export interface EndedRun {
  readonly container: string;
  readonly run: number;
  readonly terminated: Terminated;
}

/** Returns the runs whose termination the status of a pod shows. */
export function endedRunsOf({ status = {} }: PodObject): EndedRun[] {
  const containers = [
    ...(status.initContainerStatuses ?? []),
    ...(status.containerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ];
  return containers.flatMap(endedRuns);
}

/** Returns the uid of the pod that a file of terminations belongs to; undefined for another file. */
export function podUidOf(file: string): string | undefined {
  return file.startsWith(FILE_PREFIX) ? file.slice(FILE_PREFIX.length).split('/')[0] : undefined;
}

/**
 * While a container runs, its last state is the previous run. While it waits to be restarted, the kubelet has moved the
 * newest run to the last state, and has not counted the restart yet. Source: kubelet pkg/kubelet/kubelet_pods.go,
 * convertToAPIContainerStatuses.
 */
function endedRuns({ name: container, restartCount, state, lastState }: ContainerStatus): EndedRun[] {
  const runs: EndedRun[] = [];
  const last = state?.waiting === undefined ? restartCount - 1 : restartCount;
  if (lastState?.terminated !== undefined && last >= 0) {
    runs.push({ container, run: last, terminated: lastState.terminated });
  }
  if (state?.terminated !== undefined) runs.push({ container, run: restartCount, terminated: state.terminated });
  return runs;
}

function runEntry(
  pod: PodObject,
  podLabels: Labels,
  { container: name, run, terminated: { exitCode, signal, reason, message, finishedAt } }: EndedRun,
  nowMs: number,
): Entry {
  const parts = [`exit code ${exitCode}`, signal ? `signal ${signal}` : '', reason ?? '', `restart ${run}`];
  const line = `container ${name} ended: ${parts.filter((part) => part !== '').join(', ')}${detail(message)}`;
  return {
    file: `${FILE_PREFIX}${pod.metadata.uid}/${name}`,
    offset: run + 1,
    labels: { ...pathLabels(pod), container: name, ...podLabels },
    epochMs: endOfSecond(finishedAt, nowMs),
    line,
  };
}

function podEntry(pod: PodObject, podLabels: Labels, nowMs: number): Entry | undefined {
  const { status = {}, metadata } = pod;
  const disruption = status.conditions?.find(({ type, status: is }) => type === 'DisruptionTarget' && is === 'True');
  const isFailed = status.phase === 'Failed' && status.reason !== undefined;
  if (!isFailed && disruption === undefined) return undefined;
  const { reason, message } = isFailed ? status : disruption!;
  const times = (disruption === undefined ? (status.conditions ?? []) : [disruption]).map(({ lastTransitionTime }) =>
    epochMsOf(lastTransitionTime),
  );
  const lastMs = Math.max(...times.map((epochMs) => epochMs ?? 0));
  return {
    file: `${FILE_PREFIX}${metadata.uid}`,
    offset: 1,
    labels: { ...pathLabels(pod), ...podLabels },
    epochMs: lastMs > 0 && lastMs < nowMs + EVENT_LEAD_MS_MAX ? lastMs : nowMs,
    line: `pod ${metadata.name} ended: ${reason ?? 'Failed'}${detail(message)}`,
  };
}

/** Returns the labels that the path of the container's log file gives its lines. */
function pathLabels({ metadata, spec }: PodObject): Labels {
  const node = spec?.nodeName;
  const labels = { namespace: metadata.namespace ?? '', pod: metadata.name, stream: PODLOG_STREAM };
  return node === undefined ? labels : { ...labels, node };
}

/** The API rounds to whole seconds; the container's last lines are of the same second, and come before its end. */
function endOfSecond(time: string | null | undefined, nowMs: number): number {
  const epochMs = epochMsOf(time);
  return epochMs === undefined || epochMs > nowMs + EVENT_LEAD_MS_MAX ? nowMs : epochMs + SECOND_MS - 1;
}

/** A container's termination message may have many lines; an entry of the log has one. */
function detail(message: string | undefined): string {
  const text = message?.replace(/\s+/g, ' ').trim() ?? '';
  return text === '' ? '' : `: ${text}`;
}
