/**
 * How far each log file has been stored, and which pushes have been: the store's half of exactly once (DESIGN §2).
 * Changed only by durable batches, saved with the manifest and rebuilt from the WAL, so it always agrees with the rows.
 *
 * A push with an idempotency key is a file `key:<key>` of no node whose "offset" counts the row groups of the push. What
 * the server itself tells of its cluster are files `kubernetes/…`, see ../kubernetes/recorder.ts.
 */
import { type Batch, type FileRange, type Position, POSITION_START, type PositionsAnswer } from '../../shared/wire.ts';
import { GONE_FILE_KEPT_MS, IDEMPOTENCY_KEY_KEPT_MS, IDEMPOTENCY_KEYS_MAX, NODE_UNSEEN_MS_MAX } from '../limits.ts';
import type { BatchState } from '../store/batch-state.ts';
import type { JsonValue } from '../store/manifest.ts';

const KEY_PREFIX = 'key:';

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
  readonly node: string;
  /** When it was reported gone; undefined while it is on its node. */
  readonly goneMs: number | undefined;
}

interface KnownNode {
  readonly files: Set<string>;
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
  readonly #files = new Map<string, KnownFile>();
  readonly #nodes = new Map<string, KnownNode>();
  /** In the order of their last use. */
  readonly #keys = new Map<string, { readonly position: Position; readonly seenMs: number }>();

  /** @param now  epoch milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  get fileCount(): number {
    return this.#files.size;
  }

  known(file: string): Position {
    return (this.#files.get(file) ?? this.#keys.get(file))?.position ?? POSITION_START;
  }

  /** All files of a node that it did not report gone. Asking counts as a sign of life. */
  ofNode(node: string): PositionsAnswer {
    const known = this.#nodes.get(node);
    if (known === undefined) return { positions: [] };
    known.seenMs = this.#now();
    const positions = [];
    for (const file of known.files) {
      const { position, goneMs } = this.#files.get(file)!;
      if (goneMs === undefined) positions.push({ file, ...position });
    }
    return { positions };
  }

  judge({ files, gone }: Batch): Verdict {
    const isNew = gone.some((file) => this.#files.has(file) && this.#files.get(file)!.goneMs === undefined);
    if (files.length > 0 && !isNew && files.every((range) => isStored(range, this.known(range.file)))) {
      return { kind: 'repeat' };
    }
    const conflicts = files.filter(({ file, from }) => !isSame(from, this.known(file)));
    if (conflicts.length === 0) return { kind: 'accept' };
    return {
      kind: 'conflict',
      answer: { positions: conflicts.map(({ file }) => ({ file, ...this.known(file) })) },
    };
  }

  apply({ node, files, gone }: Batch): void {
    const nowMs = this.#now();
    for (const { file, to } of files) {
      if (file.startsWith(KEY_PREFIX)) this.#setKey(file, to, nowMs);
      else this.#setFile(file, { position: to, node, goneMs: undefined }, nowMs);
    }
    for (const file of gone) {
      const known = this.#files.get(file);
      if (known !== undefined) this.#setFile(file, { ...known, node, goneMs: known.goneMs ?? nowMs }, nowMs);
    }
  }

  /** Forgets what nobody will ask for any more. */
  expire(): void {
    const nowMs = this.#now();
    for (const [node, { files, seenMs }] of this.#nodes) {
      if (nowMs - seenMs > NODE_UNSEEN_MS_MAX) for (const file of files) this.#forget(file);
      else for (const file of files) if (this.#isLongGone(file, nowMs)) this.#forget(file);
      if (files.size === 0) this.#nodes.delete(node);
    }
    for (const [file, { seenMs }] of this.#keys) {
      if (nowMs - seenMs <= IDEMPOTENCY_KEY_KEPT_MS) break;
      this.#keys.delete(file);
    }
  }

  save(): JsonValue {
    const nodes: Record<string, { seenMs: number; files: Record<string, number[]> }> = {};
    for (const [node, { files, seenMs }] of this.#nodes) {
      const saved: Record<string, number[]> = {};
      for (const file of files) {
        const { position, goneMs } = this.#files.get(file)!;
        saved[file] = [position.stdout, position.stderr, ...(goneMs === undefined ? [] : [goneMs])];
      }
      nodes[node] = { seenMs, files: saved };
    }
    return { nodes, keys: [...this.#keys].map(([file, { position, seenMs }]) => [file, position.stdout, seenMs]) };
  }

  restore(saved: JsonValue): void {
    this.#files.clear();
    this.#nodes.clear();
    this.#keys.clear();
    if (saved === null) return;
    const { nodes, keys } = saved as unknown as SavedPositions;
    for (const [node, { seenMs, files }] of Object.entries(nodes)) {
      for (const [file, [stdout = 0, stderr = 0, goneMs]] of Object.entries(files)) {
        this.#setFile(file, { position: { stdout, stderr }, node, goneMs }, seenMs);
      }
    }
    for (const [file, rowGroups, seenMs] of keys) this.#setKey(file, { stdout: rowGroups, stderr: 0 }, seenMs);
  }

  #setFile(file: string, known: KnownFile, seenMs: number): void {
    const before = this.#files.get(file);
    if (before !== undefined && before.node !== known.node) this.#nodes.get(before.node)?.files.delete(file);
    this.#files.set(file, known);
    const node = this.#nodes.get(known.node);
    if (node === undefined) {
      this.#nodes.set(known.node, { files: new Set([file]), seenMs });
    } else {
      node.files.add(file);
      node.seenMs = seenMs;
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

  #isLongGone(file: string, nowMs: number): boolean {
    const { goneMs } = this.#files.get(file)!;
    return goneMs !== undefined && nowMs - goneMs > GONE_FILE_KEPT_MS;
  }

  #forget(file: string): void {
    const known = this.#files.get(file);
    if (known !== undefined) this.#nodes.get(known.node)?.files.delete(file);
    this.#files.delete(file);
  }
}

function isStored({ to }: FileRange, known: Position): boolean {
  return to.stdout <= known.stdout && to.stderr <= known.stderr;
}

function isSame(a: Position, b: Position): boolean {
  return a.stdout === b.stdout && a.stderr === b.stderr;
}
