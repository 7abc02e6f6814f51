/** Readable lines as text, plain or with the colours of a terminal. */
import { cutValue } from './cutting.ts';
import type { Segment } from './segment.ts';

/** What precedes a line in a row. */
export interface RowHead {
  /** As it is to be shown. */
  readonly time: string;
  readonly level?: string | undefined;
  /** @see podName */
  readonly pod: string;
}

/** Width of the longest usual level. */
const LEVEL_WIDTH = 5;
const NO_LEVEL = '-';

/** `15:12:06.897 error payments·w4zvn charge failed: deadline exceeded error.kind=timeout` */
export function toText({ time, level = NO_LEVEL, pod }: RowHead, segments: readonly Segment[]): string {
  let text = `${time} ${cutValue(level).text.padEnd(LEVEL_WIDTH)} ${pod}`;
  for (const segment of segments) text += ` ${segment.key ?? ''}${valueText(segment)}`;
  return text;
}

/** A value with spaces gets quotes, so that one sees where it ends; arrays and objects have brackets. */
function valueText({ key, text }: Segment): string {
  return key?.endsWith('=') === true && /^[^[{].*[\s"]|^[\s"]/.test(text) ? `"${text.replaceAll('"', '\\"')}"` : text;
}

const RESET = '\u001b[0m';
const DIM = '\u001b[2m';
const BOLD = '\u001b[1m';
const RED = '\u001b[31m';
const YELLOW = '\u001b[33m';
/** Colors of pods, without red and yellow, which mean levels. */
const POD_COLORS = [36, 35, 34, 32, 96, 95, 94, 92];

const LEVEL_STYLES: Readonly<Record<string, string>> = {
  fatal: '\u001b[1;31m',
  error: RED,
  warn: YELLOW,
  debug: DIM,
  trace: DIM,
};

/** The same with colours: that of the level, one for each pod, and less of it for keys, ids and time. */
export function toAnsi({ time, level = NO_LEVEL, pod }: RowHead, segments: readonly Segment[]): string {
  const word = cutValue(level).text.padEnd(LEVEL_WIDTH);
  const style = Object.hasOwn(LEVEL_STYLES, level) ? LEVEL_STYLES[level]! : '';
  let text = `${styled(DIM, time)} ${styled(style, word)} ${styled(`\u001b[${podColor(pod)}m`, pod)}`;
  for (const segment of segments) text += ` ${segmentText(segment)}`;
  return text;
}

function segmentText(segment: Segment): string {
  const { kind, key = '', tone, runs } = segment;
  if (kind === 'message' && runs !== undefined)
    return runs.map(({ text, color }) => styled(colorCode(color), text)).join('');
  const style = tone === 'error' ? RED : tone === 'warn' ? YELLOW : STYLES[kind];
  return styled(DIM, key) + styled(style, valueText(segment));
}

const STYLES: Readonly<Record<Segment['kind'], string>> = {
  method: BOLD,
  path: BOLD,
  status: '',
  duration: '',
  message: BOLD,
  'more-lines': DIM,
  reason: BOLD,
  object: '',
  times: DIM,
  error: '',
  field: '',
  id: DIM,
  'more-fields': DIM,
  podlog: BOLD,
  flag: DIM,
};

function styled(style: string, text: string): string {
  return style === '' || text === '' ? text : style + text + RESET;
}

function colorCode(color: number | undefined): string {
  return color === undefined ? '' : `\u001b[${color < 8 ? 30 + color : 82 + color}m`;
}

/** The same for a pod whenever it is shown. */
function podColor(pod: string): number {
  let hash = 0;
  for (let i = 0; i < pod.length; i++) hash = (Math.imul(hash, 31) + pod.charCodeAt(i)) >>> 0;
  return POD_COLORS[hash % POD_COLORS.length]!;
}
