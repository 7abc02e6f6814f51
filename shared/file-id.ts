/**
 * The ids under which the server keeps positions for an agent. A log file's is
 * `<pod uid>/<container>/<restart>@<time of its first line>`, which survives the rename and the gzip of a rotation, a reused
 * inode and a restart of the agent. All others are notes, which move in the same batches as positions: one for each container
 * (agent/send/run-ledger.ts), and one for the node (CAUGHT_UP_ID).
 */

export interface FileId {
  /** The whole id. */
  readonly id: string;
  readonly uid: string;
  readonly container: string;
  readonly restart: number;
  /** `@…`, as readHead returns it. */
  readonly head: string;
}

/** The container of a ledger; see agent/send/run-ledger.ts. */
export interface LedgerId {
  readonly uid: string;
  readonly container: string;
  readonly namespace: string;
  readonly pod: string;
}

/**
 * The time, in epoch milliseconds of the node, of the last poll of everything on the node that is entirely acknowledged; before the
 * first, when the node's first agent started. Whatever the server does not know, and may be missing, was written later.
 */
export const CAUGHT_UP_ID = '/caught-up';

const FILE_ID = /^([^/]+)\/([^/]+)\/(\d+)(@.+)$/;
const LEDGER_ID = /^([^/]+)\/([^/]+)\/runs:([^/]*)\/([^/]*)$/;
const WHOLE_NUMBER = /^\d+$/;
const LOST_PREFIX = '@lost-';
const LOST_END_PREFIX = `${LOST_PREFIX}after-`;
/** The head of a lost file in a run of which the server knows nothing. */
export const UNKNOWN_HEAD = `${LOST_PREFIX}0`;
const UNREADABLE_PREFIX = '@gzip-';

/** The part that the ids of a chain's files have in common. */
export function chainKey(uid: string, container: string, restart: number): string {
  return `${uid}/${container}/${restart}`;
}

/** Returns undefined for a note, and for an id of another version. */
export function parseFileId(id: string): FileId | undefined {
  const match = FILE_ID.exec(id);
  if (match === null) return undefined;
  return { id, uid: match[1]!, container: match[2]!, restart: Number(match[3]), head: match[4]! };
}

/** The pod's names are part of the id, so that they are still known when its directory is gone. */
export function ledgerId({ uid, container, namespace, pod }: LedgerId): string {
  return `${uid}/${container}/runs:${namespace}/${pod}`;
}

export function parseLedgerId(id: string): LedgerId | undefined {
  const match = LEDGER_ID.exec(id);
  if (match === null) return undefined;
  return { uid: match[1]!, container: match[2]!, namespace: match[3]!, pod: match[4]! };
}

/**
 * Returns a head for a lost file, whose first line is not known.
 * @param key  distinguishes it from others of its run: a time in milliseconds, or the head of the file after it. An agent that finds
 *     the same loss again must arrive at the same key
 */
export function headOfLost(key: number | string): string {
  return LOST_PREFIX + (typeof key === 'number' ? Math.floor(key) : key.slice(1));
}

/** Returns a head for what is missing after the file with this head. */
export function headOfLostEnd(head: string): string {
  return LOST_END_PREFIX + head.slice(1);
}

/** Whether a lost file's head does not say which file came after it. */
export function isOpenLoss(head: string): boolean {
  return head === UNKNOWN_HEAD || head.startsWith(LOST_END_PREFIX);
}

/** Returns a head for a gzip file of which not even the first line can be read: the kubelet gives each its own time. */
export function headOfUnreadable(rotation: string): string {
  return UNREADABLE_PREFIX + rotation;
}

export function isUnreadableHead(head: string): boolean {
  return head.startsWith(UNREADABLE_PREFIX);
}

export function isLostHead(head: string): boolean {
  return head.startsWith(LOST_PREFIX);
}

/** Returns the time of a file's first line or, for a lost file, of the first line after it; undefined for a head without one. */
export function timeOfHead(head: string): number | undefined {
  const text = head.slice(isLostHead(head) ? LOST_PREFIX.length : 1);
  const timeMs = WHOLE_NUMBER.test(text) ? Number(text) : Date.parse(text.split('~', 1)[0]!);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
