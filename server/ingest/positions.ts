/**
 * How far each log file, and which pushes, have been stored: the store's half of exactly once (DESIGN §2). Changed only
 * by durable batches, saved with the manifest and rebuilt from the WAL, so it always agrees with the rows.
 *
 * A file belongs to the node that sends it: the same name on another node is another file, so that no agent can move
 * the positions of another. A push with an idempotency key is a file without a node, see stored-pushes.ts. What the
 * server itself records about its cluster are files of CLUSTER_NODE, see ../kubernetes/recorder.ts.
 */
import { CorruptionError, TooManyFilesError } from '../../shared/errors.ts';
import { type Batch, type FileRange, type Position, POSITION_START, type PositionsAnswer } from '../../shared/wire.ts';
import {
  FILES_MAX,
  FILES_PER_NODE_MAX,
  GONE_FILE_KEPT_MS,
  NODE_UNSEEN_MS_MAX,
  RETRY_AFTER_ROOM_SECONDS,
} from '../limits.ts';
import { CLUSTER_NODE, type PositionJudgement, PUSH_NODE, type StoredPositions } from '../store/positions.ts';
import type { JsonValue } from '../../shared/json-value.ts';
import { positionsProblem } from './check-positions.ts';
import { type SavedPushes, StoredPushes } from './stored-pushes.ts';

interface KnownFile {
  readonly position: Position;
  /** When the file was reported gone; undefined while it is on its node. */
  readonly goneMs: number | undefined;
}

interface KnownNode {
  readonly files: Map<string, KnownFile>;
  seenMs: number;
}

/** The form in which positions are saved; `files` maps a file to [stdout, stderr] or [stdout, stderr, gone since]. */
interface SavedPositions extends SavedPushes {
  readonly nodes: Readonly<Record<string, { seenMs: number; files: Readonly<Record<string, readonly number[]>> }>>;
}

export class Positions implements StoredPositions {
  readonly #now: () => number;
  readonly #keepsAll: () => boolean;
  readonly #nodes = new Map<string, KnownNode>();
  readonly pushes = new StoredPushes();

  /**
   * @param now  epoch milliseconds, of a clock that does not jump: see ExpiryClock.steadyNow
   * @param keepsAll  true while nothing may be forgotten, however old it seems
   */
  constructor(now: () => number, keepsAll: () => boolean = () => false) {
    this.#now = now;
    this.#keepsAll = keepsAll;
  }

  get fileCount(): number {
    let count = 0;
    for (const { files } of this.#nodes.values()) count += files.size;
    return count;
  }

  get newestMs(): number | undefined {
    let newestMs = this.pushes.newestMs;
    for (const { seenMs } of this.#nodes.values()) newestMs = Math.max(newestMs ?? seenMs, seenMs);
    return newestMs;
  }

  known(node: string, file: string): Position {
    if (node === PUSH_NODE) return { stdout: this.pushes.end(file), stderr: 0 };
    return this.#nodes.get(node)?.files.get(file)?.position ?? POSITION_START;
  }

  nodes(): Iterable<string> {
    return this.#nodes.keys();
  }

  *all(node: string): Generator<readonly [file: string, position: Position]> {
    for (const [file, { position }] of this.#nodes.get(node)?.files ?? []) yield [file, position];
  }

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

  assertRoom({ node, files }: Batch): void {
    if (node === PUSH_NODE || node === CLUSTER_NODE) return;
    const known = this.#nodes.get(node)?.files;
    const newCount = files.filter(({ file }) => known?.has(file) !== true).length;
    if (newCount === 0) return;
    const count = known?.size ?? 0;
    if (count + newCount > FILES_PER_NODE_MAX) throw tooManyFiles(`the node ${node} has`, count, FILES_PER_NODE_MAX);
    if (this.fileCount + newCount > FILES_MAX) throw tooManyFiles('all nodes have', this.fileCount, FILES_MAX);
  }

  judge({ node, files, gone }: Batch): PositionJudgement {
    const reportsNewlyGone = gone.some((file) => {
      const known = this.#nodes.get(node)?.files.get(file);
      return known !== undefined && known.goneMs === undefined;
    });
    if (
      files.length > 0 &&
      !reportsNewlyGone &&
      files.every((range) => isStored(range, this.known(node, range.file)))
    ) {
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
      if (node === PUSH_NODE) this.pushes.set(file, to.stdout, nowMs);
      else this.#setFile(node, file, { position: to, goneMs: undefined }, nowMs);
    }
    for (const file of gone) {
      const known = this.#nodes.get(node)?.files.get(file);
      if (known !== undefined) this.#setFile(node, file, { ...known, goneMs: known.goneMs ?? nowMs }, nowMs);
    }
  }

  /** Forgets what will not be asked for any more. Must be called at intervals. */
  expire(): void {
    const nowMs = this.#now();
    if (this.#keepsAll()) return;
    for (const [node, { files, seenMs }] of this.#nodes) {
      if (nowMs - seenMs > NODE_UNSEEN_MS_MAX) files.clear();
      for (const [file, { goneMs }] of files) {
        if (goneMs !== undefined && nowMs - goneMs > GONE_FILE_KEPT_MS) files.delete(file);
      }
      if (files.size === 0) this.#nodes.delete(node);
    }
    this.pushes.expire(nowMs);
  }

  save(): JsonValue {
    // Assigning would fail for the name `__proto__`.
    const nodes = Object.fromEntries(
      [...this.#nodes].map(([node, { files, seenMs }]) => [node, { seenMs, files: savedFiles(files) }]),
    );
    return { nodes, ...this.pushes.save() };
  }

  restore(saved: JsonValue): void {
    const problem = positionsProblem(saved);
    if (problem !== undefined) throw new CorruptionError(`the saved positions cannot be used: ${problem}`);
    this.#nodes.clear();
    this.pushes.clear();
    if (saved === null) return;
    const { nodes, ...pushes } = saved as unknown as SavedPositions;
    for (const [node, { seenMs, files }] of Object.entries(nodes)) {
      for (const [file, [stdout = 0, stderr = 0, goneMs]] of Object.entries(files)) {
        this.#setFile(node, file, { position: { stdout, stderr }, goneMs }, seenMs);
      }
    }
    this.pushes.restore(pushes);
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

function isStored({ to }: FileRange, known: Position): boolean {
  return to.stdout <= known.stdout && to.stderr <= known.stderr;
}

function isSame(a: Position, b: Position): boolean {
  return a.stdout === b.stdout && a.stderr === b.stderr;
}

function tooManyFiles(who: string, count: number, countMax: number): TooManyFilesError {
  const message = `${who} ${count} log files, there is room for ${countMax}: new ones wait until old ones are forgotten`;
  return new TooManyFilesError(message, RETRY_AFTER_ROOM_SECONDS);
}
