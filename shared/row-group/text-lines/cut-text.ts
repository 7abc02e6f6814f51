/**
 * Lines that are no JSON objects, cut into values. The list of formats that podlog knows is here, in the order in which they
 * are tried. A cutter looks at the line alone, so equal lines are cut alike wherever they stand; what it cuts are pieces of
 * the line, so nothing is lost when it is wrong.
 */
import type { Tokens } from '../tokens.ts';
import { cutAccessLog } from './access-log.ts';
import { cutKlog } from './klog.ts';
import { cutLogfmt, cutPairs } from './logfmt.ts';
import { cutNginxError } from './nginx-error.ts';
import { cutPlain } from './plain.ts';
import { cutPostgres } from './postgres.ts';
import { cutRedis } from './redis.ts';

/** Adds the values of the line bytes[start, end) to the tokens. False when it has not this format; some may be added then. */
type Cutter = (bytes: Buffer, start: number, end: number, tokens: Tokens) => boolean;

const CUTTERS: readonly Cutter[] = [
  cutKlog,
  cutNginxError,
  cutPostgres,
  cutRedis,
  cutAccessLog,
  cutLogfmt,
  cutPlain,
  // Only for those who ask for it: one pair is enough.
  cutPairs,
];
const KLOG = CUTTERS.indexOf(cutKlog);
const PAIRS = CUTTERS.indexOf(cutPairs);

export const TEXT_FORMATS = CUTTERS.length;

/**
 * How lines are cut: `json`, `logfmt` and `klog` are this format or none, `raw` is none, and `auto` is whatever a line is.
 * These are the values of the annotation `podlog.io/parser`.
 */
export const PARSERS = ['auto', 'json', 'logfmt', 'klog', 'raw'] as const;
export type Parser = (typeof PARSERS)[number];

/** Number of the format of the line, whose values are in `tokens` then; or -1 when it has none that `parser` allows. */
export function cutText(parser: Parser, bytes: Buffer, start: number, end: number, tokens: Tokens): number {
  switch (parser) {
    case 'auto':
      for (let format = 0; format < PAIRS; format++) if (isCut(format, bytes, start, end, tokens)) return format;
      return -1;
    case 'klog':
      return isCut(KLOG, bytes, start, end, tokens) ? KLOG : -1;
    case 'logfmt':
      return isCut(PAIRS, bytes, start, end, tokens) && tokens.count > 0 ? PAIRS : -1;
    case 'json':
    case 'raw':
      return -1;
  }
}

function isCut(format: number, bytes: Buffer, start: number, end: number, tokens: Tokens): boolean {
  tokens.count = 0;
  return CUTTERS[format]!(bytes, start, end, tokens);
}
