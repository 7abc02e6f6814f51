/** Lines that podlog itself writes: what happened to containers, Kubernetes' events, samples of metrics. */
import { type Labels, labelOf, PODLOG_STREAM } from '../labels.ts';
import { cutValue } from './cutting.ts';
import { coresText, memoryText } from './measures.ts';
import { oneLine } from './one-line.ts';
import type { Segment } from './segment.ts';

const LOSS = /^podlog: /;
const HARM = /OOMKilled|exit code [1-9]|Evicted|signal \d/;

/** Returns undefined for lines that are shown like those of programs. */
export function ownLine(labels: Labels, line: string, fields: ReadonlyMap<string, string>): Segment[] | undefined {
  if (labelOf(labels, 'stream') === PODLOG_STREAM) return [podlogSegment(line)];
  const source = labelOf(labels, 'source');
  if (source === 'events' && fields.has('reason')) return eventSegments(fields);
  return source === 'metrics' ? metricSegments(fields) : undefined;
}

/** `container worker ended: exit code 137, OOMKilled, restart 3`; or which lines were lost, and why. */
function podlogSegment(line: string): Segment {
  const text = oneLine(line.replace(LOSS, ''));
  if (LOSS.test(line)) return { kind: 'podlog', text, tone: 'warn' };
  return { kind: 'podlog', text, ...(HARM.test(line) && { tone: 'error' }) };
}

/** `BackOff Pod/api-7d9f-x2x Back-off restarting failed container ×7` */
function eventSegments(fields: ReadonlyMap<string, string>): Segment[] {
  const segmentOf = (kind: Segment['kind'], name: string, prefix = ''): Segment => {
    const value = fields.get(name) ?? '';
    return { kind, text: value === '' ? '' : oneLine(prefix + value), name, value };
  };
  const count = fields.get('count') === '1' ? [] : [segmentOf('times', 'count', '×')];
  const object = segmentOf('object', 'name', `${fields.get('kind') ?? ''}/`);
  return [segmentOf('reason', 'reason'), object, segmentOf('message', 'message'), ...count];
}

/** What is said elsewhere in the row, or by the name of its object. */
const SAID = ['time', 'level', 'kind', 'namespace', 'workload'];

/** `Pod/api-7d9f-x2x cpu 210 m memory 148 MiB of 256 MiB`, and what else the sample has as it was written. */
function metricSegments(fields: ReadonlyMap<string, string>): Segment[] {
  const isObject = fields.has('kind') && fields.has('name');
  return [...fields]
    .filter(([name]) => !(isObject ? SAID : ['time']).includes(name))
    .map(([name, value]) => {
      if (isObject && name === 'name') {
        return { kind: 'object', name, value, text: oneLine(`${fields.get('kind')}/${value}`) };
      }
      const field = { kind: 'field', name, value } as const;
      if (name === 'cpu_cores') return { ...field, key: 'cpu ', text: coresText(Number(value)) };
      if (name === 'cpu_limit_cores') return { ...field, key: 'of ', text: coresText(Number(value)) };
      if (name === 'memory_bytes') return { ...field, key: 'memory ', text: memoryText(Number(value)) };
      if (name === 'memory_limit_bytes') return { ...field, key: 'of ', text: memoryText(Number(value)) };
      return { ...field, key: `${oneLine(name)}=`, ...cutValue(value) };
    });
}
