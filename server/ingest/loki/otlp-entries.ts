/**
 * Makes entries of log records, as Loki does: some attributes of a resource are the labels of a stream; its other attributes, those of
 * scopes and records, and what else a record has besides its body are metadata. Lines and values are written into bytes of their own.
 */
import { floorDivided, NS_PER_SECOND } from '../../../shared/time.ts';
import { LOKI_METADATA_MAX, LOKI_PUSH_BYTES_MAX } from '../../limits.ts';
import type { EntryCollector } from './entries.ts';
import { metadataName } from './entry-metadata.ts';
import { streamLabelsText } from './labels.ts';
import {
  eachLeaf,
  type OtlpAttribute,
  type OtlpRecord,
  type OtlpScope,
  type OtlpVisitor,
  textOf,
} from './otlp-logs.ts';
import { bodyTooLarge } from './too-large.ts';

/** Attributes of resources that are labels, where Loki is not configured otherwise. */
const LABEL_ATTRIBUTES: ReadonlySet<string> = new Set([
  'service.name',
  'service.namespace',
  'service.instance.id',
  'deployment.environment',
  'deployment.environment.name',
  'cloud.region',
  'cloud.availability_zone',
  'k8s.cluster.name',
  'k8s.namespace.name',
  'k8s.pod.name',
  'k8s.container.name',
  'container.name',
  'k8s.replicaset.name',
  'k8s.deployment.name',
  'k8s.statefulset.name',
  'k8s.daemonset.name',
  'k8s.cronjob.name',
  'k8s.job.name',
]);
const EVENT_NAME = 'event_name';
const CAPACITY_MIN = 1 << 16;
/** Bytes of UTF-8 that a UTF-16 unit takes. */
const UTF8_BYTES_MAX = 3;

/** A name with the place of its value. */
interface Pair {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** The pairs of all records of a resource or scope: as many as a record may have, and one more. What is beyond is only counted. */
interface CommonPairs {
  readonly kept: readonly Pair[];
  readonly unkeptCount: number;
  readonly unkeptBytes: number;
}

const NO_PAIRS: CommonPairs = { kept: [], unkeptCount: 0, unkeptBytes: 0 };

export class OtlpEntries implements OtlpVisitor {
  readonly #entries: EntryCollector;
  /** The time of records that have none. */
  readonly #now: bigint;
  #bytes = Buffer.allocUnsafeSlow(CAPACITY_MIN);
  #used = 0;
  #labels = '{}';
  #ofResource = NO_PAIRS;
  #ofScope = NO_PAIRS;

  constructor(entries: EntryCollector, nowMs: number) {
    this.#entries = entries;
    this.#now = BigInt(nowMs) * 1_000_000n;
  }

  beginResource(attributes: readonly OtlpAttribute[]): void {
    const labels = new Map<string, string>();
    const isLabel = ({ key }: OtlpAttribute): boolean => LABEL_ATTRIBUTES.has(key);
    eachLeaf(attributes.filter(isLabel), (name, value) => labels.set(metadataName(name)!, textOf(value)));
    this.#labels = streamLabelsText(labels);
    this.#ofResource = commonPairs(this.#pairsOf(attributes.filter((each) => !isLabel(each))));
    this.#ofScope = NO_PAIRS;
    this.#entries.begin();
  }

  beginScope({ name, version, attributes, droppedAttributes }: OtlpScope): void {
    this.#ofScope = commonPairs([
      ...this.#pairsOf(attributes),
      ...this.#pairs('scope_name', name),
      ...this.#pairs('scope_version', version),
      ...this.#pairs('scope_dropped_attributes_count', numberText(droppedAttributes)),
    ]);
  }

  record(record: OtlpRecord): void {
    const { timeNs, observedNs, eventName, attributes } = record;
    const entries = this.#entries;
    const add = ({ name, start, end }: Pair): void => entries.metadata.add(name, start, end);
    const write = (name: string, text: string): void => {
      if (text !== '') add(this.#pair(name, text));
    };
    const own = eventName === '' ? attributes : attributes.filter(({ key }) => key !== EVENT_NAME);
    eachLeaf(own, (name, value) => write(name, textOf(value)));
    if (timeNs !== 0n && observedNs !== 0n) write('observed_timestamp', String(observedNs));
    write('severity_number', numberText(record.severityNumber));
    write('severity_text', record.severityText);
    write('dropped_attributes_count', numberText(record.droppedAttributes));
    write('flags', numberText(record.flags));
    write('trace_id', record.traceId);
    write('span_id', record.spanId);
    write(EVENT_NAME, eventName);
    for (const { kept, unkeptCount, unkeptBytes } of [this.#ofResource, this.#ofScope]) {
      kept.forEach(add);
      entries.metadata.addUnkept(unkeptCount, unkeptBytes);
    }
    const line = this.#pair('', textOf(record.body));
    const time = timeNs !== 0n ? timeNs : observedNs !== 0n ? observedNs : this.#now;
    const seconds = floorDivided(time, BigInt(NS_PER_SECOND));
    entries.add(line.start, line.end, Number(seconds), Number(time - seconds * BigInt(NS_PER_SECOND)));
  }

  endResource(): void {
    this.#entries.end(this.#bytes, this.#labels);
  }

  /** Returns the bytes that entries refer to; nothing is added afterwards. */
  finish(): Buffer {
    return Buffer.from(this.#bytes.buffer.transfer(this.#used));
  }

  #pairsOf(attributes: readonly OtlpAttribute[]): Pair[] {
    const pairs: Pair[] = [];
    eachLeaf(attributes, (name, value) => pairs.push(...this.#pairs(name, textOf(value))));
    return pairs;
  }

  #pairs(name: string, text: string): Pair[] {
    return text === '' ? [] : [this.#pair(name, text)];
  }

  #pair(name: string, text: string): Pair {
    const start = this.#used;
    const needed = start + UTF8_BYTES_MAX * text.length;
    if (needed > this.#bytes.length) this.#grow(needed);
    this.#used += this.#bytes.write(text, start);
    if (this.#used > LOKI_PUSH_BYTES_MAX) throw bodyTooLarge(this.#used);
    return { name, start, end: this.#used };
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#used);
    this.#bytes = larger;
  }
}

function commonPairs(pairs: readonly Pair[]): CommonPairs {
  const unkept = pairs.slice(LOKI_METADATA_MAX + 1);
  const unkeptBytes = unkept.reduce((sum, { name, start, end }) => sum + Buffer.byteLength(name) + end - start, 0);
  return { kept: pairs.slice(0, LOKI_METADATA_MAX + 1), unkeptCount: unkept.length, unkeptBytes };
}

function numberText(value: number): string {
  return value === 0 ? '' : String(value);
}
