/**
 * The lists beside the golden files: first `# ` and each set of labels, then one row a line, sorted: time, flags, pod, its run
 * where it is known, its metadata where it has any, and the text as it is, in base64 where it is not plain ASCII, or its length and SHA-256 where it is long.
 */
import { createHash } from 'node:crypto';
import { type Labels, labelsKey } from '../../shared/labels.ts';
import { type Run, runKey } from '../../shared/row-group/runs.ts';
import { formatTime } from '../../shared/time.ts';

const LONG_BYTES = 1000;

export interface GoldenRow {
  readonly day: number;
  /** From the start of the day. */
  readonly timeNs: number;
  readonly flags: number;
  readonly labels: Labels;
  readonly run?: Run | undefined;
  readonly metadata?: Labels;
  readonly bytes: Buffer;
}

export function goldenList(rows: readonly GoldenRow[]): string {
  const streams = new Set(rows.map(({ labels }) => `# ${labelsKey(labels)}`));
  return [...[...streams].toSorted(), ...rows.map(goldenLine).toSorted(), ''].join('\n');
}

function goldenLine({ day, timeNs, flags, labels, run, metadata = {}, bytes }: GoldenRow): string {
  const pod = run === undefined ? labels['pod'] : `${labels['pod']} of ${runKey(run)}`;
  const beside = Object.keys(metadata).length === 0 ? '' : ` with ${JSON.stringify(metadata)}`;
  return `${formatTime(day, timeNs)} ${flags} ${pod}${beside} ${told(bytes)}`;
}

function told(bytes: Buffer): string {
  if (bytes.length > LONG_BYTES) return `sha256 ${bytes.length} ${createHash('sha256').update(bytes).digest('hex')}`;
  const text = bytes.toString('latin1');
  return /^[ -~]*$/.test(text) ? text : `base64 ${bytes.toString('base64')}`;
}
