/**
 * How far each log file has been stored, and which pushes have been: the store's half of exactly once (DESIGN §2).
 * Changed only by durable batches, saved with the manifest and rebuilt from the WAL, so it always agrees with the rows.
 *
 * A file belongs to the node that sends it: the same name on another node is another file, so that no agent can move the
 * positions of another. A push with an idempotency key is a file `key:<key>` of no node whose "offset" counts the row groups
 * of the push. What the server itself records of its cluster are files of CLUSTER_NODE, see ../kubernetes/recorder.ts.
 */
import { type Batch, type FileRange, type Position, POSITION_START, type PositionsAnswer } from '../../shared/wire.ts';
import { GONE_FILE_KEPT_MS, IDEMPOTENCY_KEY_KEPT_MS, IDEMPOTENCY_KEYS_MAX, NODE_UNSEEN_MS_MAX } from '../limits.ts';
import type { BatchState } from '../store/batch-state.ts';
import type { JsonValue } from '../store/manifest.ts';

const KEY_PREFIX = 'key:';

/** The node of pushes. No agent may have this name. */
export const PUSH_NODE = '';

/** The node of what the server itself records of its cluster. No node of Kubernetes can have this name. */
export const CLUSTER_NODE = '/kubernetes';

/** The file that stands for a push with this idempotency key. */
export function keyFile(idempotencyKey: string): string {
  return KEY_PREFIX + idempotencyKey;
}

/** What is to be done with a batch. */
export type Verdict =
  | { readonly kind: 'accept' }
  /** All of it is stored already. */
  | { readonly kind: 'repeat' }
  /** It begins elsewhere than what is known ends: here is what is known of the files where it does. */
  | { readonly kind: 'conflict'; readonly answer: PositionsAnswer };

interface KnownFile {
  readonly position: Position;
  /** When it was reported gone; undefined while it is on its node. */
  readonly goneMs: number | undefined;
}

interface KnownNode {
  readonly files: Map<string, KnownFile>;
  seenMs: number;
}

/** The form in which positions are saved; `files` maps a file to [stdout, stderr] or [stdout, stderr, gone since]. */
interface SavedPositions {
  readonly nodes: Readonly<Record<string, { seenMs: number; files: Readonly<Record<string, readonly number[]>> }>>;
  /** Key → [row groups, seen]. Oldest first. */
  readonly keys: readonly (readonly [string, number, number])[];
}

export class Positions implements BatchState {
  readonly #now: () => number;
  readonly #nodes = new Map<string, KnownNode>();
  /** In the order of their last use. */
  readonly #keys = new Map<string, { readonly position: Position; readonly seenMs: number }>();

  /** @param now  epoch milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  get fileCount(): number {
    let count = 0;
    for (const { files } of this.#nodes.values()) count += files.size;
    return count;
  }

  known(node: string, file: string): Position {
    const known = isKey(node, file) ? this.#keys.get(file) : this.#nodes.get(node)?.files.get(file);
    return known?.position ?? POSITION_START;
  }

  /** All files of a node that it did not report gone. Asking counts as a sign of life. */
  ofNode(node: string): PositionsAnswer {
    const known = this.#nodes.get(node);
    if (known === undefined) return { positions: [] };
    known.seenMs = this.#now();
    const positions = [];
    for (const [file, { position, goneMs }] of known.files) {
      if (goneMs === undefined) positions.push({ file, ...position });
    }
    return { positions };
  }

  judge({ node, files, gone }: Batch): Verdict {
    const isNews = gone.some((file) => {
      const known = this.#nodes.get(node)?.files.get(file);
      return known !== undefined && known.goneMs === undefined;
    });
    if (files.length > 0 && !isNews && files.every((range) => isStored(range, this.known(node, range.file)))) {
      return { kind: 'repeat' };
    }
    const conflicts = files.filter(({ file, from }) => !isSame(from, this.known(node, file)));
    if (conflicts.length === 0) return { kind: 'accept' };
    return {
      kind: 'conflict',
      answer: { positions: conflicts.map(({ file }) => ({ file, ...this.known(node, file) })) },
    };
  }

  apply({ node, files, gone }: Batch): void {
    const nowMs = this.#now();
    for (const { file, to } of files) {
      if (isKey(node, file)) this.#setKey(file, to, nowMs);
      else this.#setFile(node, file, { position: to, goneMs: undefined }, nowMs);
    }
    for (const file of gone) {
      const known = this.#nodes.get(node)?.files.get(file);
      if (known !== undefined) this.#setFile(node, file, { ...known, goneMs: known.goneMs ?? nowMs }, nowMs);
    }
  }

  /** Forgets what nobody will ask for any more. */
  expire(): void {
    const nowMs = this.#now();
    for (const [node, { files, seenMs }] of this.#nodes) {
      if (nowMs - seenMs > NODE_UNSEEN_MS_MAX) files.clear();
      for (const [file, { goneMs }] of files) {
        if (goneMs !== undefined && nowMs - goneMs > GONE_FILE_KEPT_MS) files.delete(file);
      }
      if (files.size === 0) this.#nodes.delete(node);
    }
    for (const [file, { seenMs }] of this.#keys) {
      if (nowMs - seenMs <= IDEMPOTENCY_KEY_KEPT_MS) break;
      this.#keys.delete(file);
    }
  }

  save(): JsonValue {
    // Not by assignment: a name may be `__proto__`.
    const nodes = Object.fromEntries(
      [...this.#nodes].map(([node, { files, seenMs }]) => [node, { seenMs, files: savedFiles(files) }]),
    );
    return { nodes, keys: [...this.#keys].map(([file, { position, seenMs }]) => [file, position.stdout, seenMs]) };
  }

  restore(saved: JsonValue): void {
    this.#nodes.clear();
    this.#keys.clear();
    if (saved === null) return;
    const { nodes, keys } = saved as unknown as SavedPositions;
    for (const [node, { seenMs, files }] of Object.entries(nodes)) {
      for (const [file, [stdout = 0, stderr = 0, goneMs]] of Object.entries(files)) {
        this.#setFile(node, file, { position: { stdout, stderr }, goneMs }, seenMs);
      }
    }
    for (const [file, rowGroups, seenMs] of keys) this.#setKey(file, { stdout: rowGroups, stderr: 0 }, seenMs);
  }

  #setFile(node: string, file: string, position: KnownFile, seenMs: number): void {
    const known = this.#nodes.get(node);
    if (known === undefined) {
      this.#nodes.set(node, { files: new Map([[file, position]]), seenMs });
    } else {
      known.files.set(file, position);
      known.seenMs = seenMs;
    }
  }

  #setKey(file: string, position: Position, seenMs: number): void {
    this.#keys.delete(file);
    this.#keys.set(file, { position, seenMs });
    if (this.#keys.size <= IDEMPOTENCY_KEYS_MAX) return;
    for (const oldest of this.#keys.keys()) {
      this.#keys.delete(oldest);
      break;
    }
  }
}

function savedFiles(files: ReadonlyMap<string, KnownFile>): Record<string, number[]> {
  return Object.fromEntries(
    [...files].map(
      ([
        file,
        {
          position: { stdout, stderr },
          goneMs,
        },
      ]) => [file, goneMs === undefined ? [stdout, stderr] : [stdout, stderr, goneMs]],
    ),
  );
}

function isKey(node: string, file: string): boolean {
  return node === PUSH_NODE && file.startsWith(KEY_PREFIX);
}

function isStored({ to }: FileRange, known: Position): boolean {
  return to.stdout <= known.stdout && to.stderr <= known.stderr;
}

function isSame(a: Position, b: Position): boolean {
  return a.stdout === b.stdout && a.stderr === b.stderr;
}
