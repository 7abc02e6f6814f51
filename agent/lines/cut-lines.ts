/**
 * Lines whose beginning is lost: after a loss, the first fragment of a stream may be the end of a line. It is flagged as partial
 * if the fragment before it was read and was partial, or was not read, unless it is a JSON object.
 */
import { CriParser, STDERR, STDOUT } from '../../shared/cri.ts';
import type { Chain } from '../files/chain.ts';
import { OPEN_BRACE } from './entry-joiner.ts';
import type { CriPrefix } from './fragment.ts';
import type { FileLoss } from '../files/log-file.ts';
import type { LossReason } from '../files/loss.ts';
import { ENDED, GOES_ON, MAY_GO_ON } from '../files/pending-line.ts';

const NEWLINE = 0x0a;
const UNREAD: ReadonlySet<LossReason> = new Set(['deleted-while-down', 'deleted', 'descriptors', 'gzip', 'truncated']);
const parser = new CriParser();

/** Must be called before a loss ends the pending lines. */
export function noteLoss({ pending, cut }: Chain, { reason, isMeasured }: FileLoss): void {
  const isUnread = UNREAD.has(reason) && (reason !== 'truncated' || isMeasured);
  for (const stream of [STDOUT, STDERR] as const) {
    if (pending[stream]?.isOpen === true) cut[stream] = GOES_ON;
    else if (isUnread && cut[stream] === ENDED) cut[stream] = MAY_GO_ON;
  }
}

/** Records, from the last fragments of dropped bytes, whether their lines go on. */
export function noteDropped({ cut }: Chain, bytes: Buffer, end: number): void {
  for (let at = 0; at < end;) {
    const newline = bytes.indexOf(NEWLINE, at);
    if (parser.parse(bytes, at, newline)) cut[parser.stream] = parser.partial ? GOES_ON : ENDED;
    at = newline + 1;
  }
}

/** Whether the fragment is, or may be, the end of a line whose beginning is lost; clears that state. */
export function takesEnd({ cut }: Chain, { stream, messageStart }: CriPrefix, bytes: Buffer): boolean {
  const state = cut[stream];
  cut[stream] = ENDED;
  return state === GOES_ON || (state === MAY_GO_ON && bytes[messageStart] !== OPEN_BRACE);
}
