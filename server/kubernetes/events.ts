/**
 * Records Kubernetes' events as log lines, so that they outlive their hour. Each version of an event is a line: when it
 * happens again, its count is raised. The versions of all events are numbered upwards (`resourceVersion`), so the
 * highest stored one shows which have been stored: one position serves for all events.
 */
import type { Logger } from 'pino';
import type { Labels } from '../../shared/labels.ts';
import type { Counter } from '../../shared/metrics.ts';
import { EVENT_AGE_MS_MAX, EVENT_LEAD_MS_MAX, LISTED_EVENTS_MAX } from '../limits.ts';
import type { Listener } from './follower.ts';
import { epochMsOf, type EventObject } from './objects.ts';
import type { Entry, Recorder } from './recorder.ts';

const FILE_PREFIX = 'kubernetes/events/';

export interface EventLogOptions {
  readonly recorder: Recorder;
  readonly log: Logger;
  readonly dropped: Counter;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly listedMax?: number;
}

export class EventLog implements Listener<EventObject> {
  readonly #options: EventLogOptions;
  #file: string;
  #listed: Entry[] = [];

  constructor(options: EventLogOptions) {
    this.#options = options;
    const epochs = options.recorder.files().filter((file) => file.startsWith(FILE_PREFIX));
    this.#file = fileOfEpoch(Math.max(1, ...epochs.map(epochOf)));
  }

  begin(): void {
    this.#listed = [];
  }

  /** A list is unordered, and positions only go up: so it is sorted before any of it is stored. */
  page(events: readonly EventObject[]): void {
    const { listedMax = LISTED_EVENTS_MAX, dropped } = this.#options;
    for (const event of events) this.#listed.push(this.#entry(event));
    const excess = this.#listed.length - listedMax;
    if (excess <= 0) return;
    this.#listed.sort(byOffset);
    const left = this.#listed.splice(0, excess);
    dropped.add(left.filter(({ offset }) => offset > this.#options.recorder.known(this.#file)).length);
  }

  async listed(resourceVersion: string): Promise<void> {
    const { recorder } = this.#options;
    await recorder.flush();
    if (Number(resourceVersion) < recorder.known(this.#file)) this.#beginEpoch();
    const entries = this.#listed.toSorted(byOffset);
    this.#listed = [];
    for (const entry of entries) await recorder.add({ ...entry, file: this.#file });
  }

  changed(event: EventObject): Promise<void> {
    return this.#options.recorder.add(this.#entry(event));
  }

  /** Kubernetes deletes an event after an hour. */
  deleted(): void {}

  /**
   * Called when versions have gone back: the cluster was recreated, or restored from a backup, and counts from there.
   */
  #beginEpoch(): void {
    const { recorder, log } = this.#options;
    log.warn('the cluster was restored or replaced; the versions of its events start over');
    recorder.forget([this.#file]);
    this.#file = fileOfEpoch(epochOf(this.#file) + 1);
  }

  #entry(event: EventObject): Entry {
    const version = Number(event.metadata.resourceVersion);
    // Kubernetes always numbers its versions; an event without a number gets 0, which is never stored.
    const offset = Number.isSafeInteger(version) ? version : 0;
    const epochMs = this.#timeOf(event);
    return { file: this.#file, offset, labels: eventLabels(event), epochMs, line: eventLine(event) };
  }

  #timeOf(event: EventObject): number {
    const nowMs = this.#options.now();
    const epochMs = epochMsOf(lastTime(event) ?? event.metadata.creationTimestamp) ?? nowMs;
    return epochMs < nowMs - EVENT_AGE_MS_MAX || epochMs > nowMs + EVENT_LEAD_MS_MAX ? nowMs : epochMs;
  }
}

/**
 * Returns one of few label sets, however many events there are: everything else is in the line. A node, say, is in no
 * namespace.
 */
export function eventLabels({ involvedObject }: EventObject): Labels {
  const namespace = involvedObject?.namespace;
  return namespace === undefined || namespace === '' ? { source: 'events' } : { source: 'events', namespace };
}

/** Returns a JSON line whose fields are always in the same order. Unknown values are left out. */
export function eventLine(event: EventObject): string {
  const { involvedObject: object = {}, type, reason, message, source } = event;
  const { kind, namespace, name, uid } = object;
  return JSON.stringify({
    level: type === undefined || type === 'Normal' ? 'info' : 'warn',
    type,
    reason,
    kind,
    namespace,
    name,
    container: containerOf(object.fieldPath),
    message,
    count: event.series?.count ?? event.count ?? 1,
    first: (event.firstTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp) || undefined,
    last: lastTime(event),
    reporter: source?.component || event.reportingComponent || undefined,
    host: source?.host || undefined,
    uid,
  });
}

function lastTime(event: EventObject): string | undefined {
  return event.series?.lastObservedTime || event.lastTimestamp || event.eventTime || event.firstTimestamp || undefined;
}

/** Returns `api` for `spec.containers{api}`. */
export function containerOf(fieldPath: string | undefined): string | undefined {
  return /^spec\.\w*[cC]ontainers\{(.+)\}$/.exec(fieldPath ?? '')?.[1];
}

function fileOfEpoch(era: number): string {
  return `${FILE_PREFIX}${era}`;
}

function epochOf(file: string): number {
  return Number(file.slice(FILE_PREFIX.length));
}

function byOffset(a: Entry, b: Entry): number {
  return a.offset - b.offset;
}
