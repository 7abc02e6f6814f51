/**
 * The identity under which the server knows a file: `<pod uid>/<container>/<restart>@<time of its first line>`. It
 * survives the rename and the gzip of a rotation, a reused inode and a restart of the agent.
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

const FILE_ID = /^([^/]+)\/([^/]+)\/(\d+)(@.+)$/;

/** What a chain's files have in common. */
export function chainKey(uid: string, container: string, restart: number): string {
  return `${uid}/${container}/${restart}`;
}

/** Undefined for what no agent of this version has made. */
export function parseFileId(id: string): FileId | undefined {
  const match = FILE_ID.exec(id);
  if (match === null) return undefined;
  return { id, uid: match[1]!, container: match[2]!, restart: Number(match[3]), head: match[4]! };
}

/** A head of its own for a file whose first line nobody has seen. */
export function headOfUnseen(nowMs: number): string {
  return `@lost-${nowMs}`;
}

/** Of two files of a chain. A head that is no time tells nothing, and counts as old. */
export function isBegunBefore(a: FileId, b: FileId): boolean {
  return timeOf(a) < timeOf(b);
}

function timeOf({ head }: FileId): number {
  return Date.parse(head.slice(1)) || 0;
}
