/**
 * The names under which the server keeps positions for an agent. A log file is
 * `<pod uid>/<container>/<restart>@<time of its first line>`: that survives the rename and the gzip of a rotation, a reused
 * inode and a restart of the agent. Two more are notes, which move in the same batches as positions do: one for each
 * container (run-ledger.ts), one for the node (CAUGHT_UP_ID).
 */

export interface FileId {
  /** All of it. */
  readonly id: string;
  readonly uid: string;
  readonly container: string;
  readonly restart: number;
  /** `@…`, as readHead gives it. */
  readonly head: string;
}

/** Whose ledger it is; see run-ledger.ts. */
export interface LedgerId {
  readonly uid: string;
  readonly container: string;
  readonly namespace: string;
  readonly pod: string;
}

/**
 * The time, in epoch milliseconds of the node, at which the agent last looked at everything on the node and has had all of
 * it acknowledged since; before that, when the node's first agent began. What the server does not know, and may be missing,
 * was written later.
 */
export const CAUGHT_UP_ID = '/caught-up';

const FILE_ID = /^([^/]+)\/([^/]+)\/(\d+)(@.+)$/;
const LEDGER_ID = /^([^/]+)\/([^/]+)\/runs:([^/]*)\/([^/]*)$/;
const WHOLE_NUMBER = /^\d+$/;
const LOST_PREFIX = '@lost-';
const LOST_END_PREFIX = `${LOST_PREFIX}after-`;
/** A head for what is missing of a run of which the server knows nothing. */
export const UNKNOWN_HEAD = `${LOST_PREFIX}0`;
const UNREADABLE_PREFIX = '@gzip-';

/** What a chain's files have in common. */
export function chainKey(uid: string, container: string, restart: number): string {
  return `${uid}/${container}/${restart}`;
}

/** Undefined for a note, and for what no agent of this version has made. */
export function parseFileId(id: string): FileId | undefined {
  const match = FILE_ID.exec(id);
  if (match === null) return undefined;
  return { id, uid: match[1]!, container: match[2]!, restart: Number(match[3]), head: match[4]! };
}

/** The pod's names are part of it, so that they are still known when its directory is gone. */
export function ledgerId({ uid, container, namespace, pod }: LedgerId): string {
  return `${uid}/${container}/runs:${namespace}/${pod}`;
}

export function parseLedgerId(id: string): LedgerId | undefined {
  const match = LEDGER_ID.exec(id);
  if (match === null) return undefined;
  return { uid: match[1]!, container: match[2]!, namespace: match[3]!, pod: match[4]! };
}

/**
 * A head for a file whose first line is not known.
 * @param key  tells it from others of its run: a time in milliseconds, or the head of another file. An agent that finds the
 *     same loss once more must come to the same key
 */
export function headOfUnseen(key: number | string): string {
  return LOST_PREFIX + (typeof key === 'number' ? Math.floor(key) : key.slice(1));
}

/** The same for the end of a file that is known by this head. */
export function headOfLostEnd(head: string): string {
  return LOST_END_PREFIX + head.slice(1);
}

/** Whether a lost file may be followed by any other: its head names none that was there when its marker was written. */
export function isOpenLoss(head: string): boolean {
  return head === UNKNOWN_HEAD || head.startsWith(LOST_END_PREFIX);
}

/** A head for a compressed file of which not even the first line can be read: the kubelet gives each its own time. */
export function headOfUnreadable(rotation: string): string {
  return UNREADABLE_PREFIX + rotation;
}

export function isUnreadableHead(head: string): boolean {
  return head.startsWith(UNREADABLE_PREFIX);
}

export function isLostHead(head: string): boolean {
  return head.startsWith(LOST_PREFIX);
}

/** The time of the first line or, for a file that was never seen, of the line after it; undefined for a head that has none. */
export function timeOfHead(head: string): number | undefined {
  const text = head.slice(isLostHead(head) ? LOST_PREFIX.length : 1);
  const timeMs = WHOLE_NUMBER.test(text) ? Number(text) : Date.parse(text.split('~', 1)[0]!);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
