/**
 * Which pushes with an idempotency key have been stored, and how far. A push is identified by its caller and key, and
 * by its content: a hash of its labels and its decompressed lines. In a batch it is the file
 *
 *     push:<hash of caller and key>/<hash of labels and lines>
 *
 * whose "offset" counts the lines that are stored, in every row group that was made from the push. Changed only by
 * durable batches, like positions, and saved with them.
 *
 * Other names are of pushes whose content is their key (`loki:<hash>`, see loki/push.ts), and of versions before these
 * hashes (`key:<key>`, whose offset counts row groups): their retries are recognized, too. They are counted apart, so that a
 * flood of them makes no key be forgotten.
 */
import { createHash } from 'node:crypto';
import type { FileRange } from '../../shared/wire.ts';
import { IDEMPOTENCY_KEY_KEPT_MS, IDEMPOTENCY_KEYS_MAX } from '../limits.ts';
import type { StoredPush } from '../store/positions.ts';

const PUSH_FILE = /^push:([\w-]{22})\/([\w-]{22})$/;
const OLD_PREFIX = 'key:';

interface KnownPush extends StoredPush {
  readonly seenMs: number;
}

/** Oldest first. */
export interface SavedPushes {
  /** Key, content, lines, seen. */
  readonly pushes: readonly (readonly [string, string, number, number])[];
  /** File of any other name, its offset, seen. */
  readonly keys: readonly (readonly [string, number, number])[];
}

/** 128 bits: two keys of one caller will never have the same hash. */
const HASH_CHARS = 22;

export function contentHash(): { update(bytes: Uint8Array | string): unknown; digest(): string } {
  const hash = createHash('sha256');
  return { update: (bytes) => hash.update(bytes), digest: () => hash.digest('base64url').slice(0, HASH_CHARS) };
}

/** @param caller  undefined where everyone is one caller */
export function pushKey(caller: string | undefined, idempotencyKey: string): string {
  const hash = contentHash();
  hash.update(JSON.stringify([caller ?? null, idempotencyKey]));
  return hash.digest();
}

/** Returns the range of a push's lines that a batch stores. */
export function pushRange(key: string, content: string, fromLine: number, toLine: number): FileRange {
  const file = `push:${key}/${content}`;
  return { file, from: { stdout: fromLine, stderr: 0 }, to: { stdout: toLine, stderr: 0 } };
}

/** Returns the file of a push with this key in older versions. */
export function oldKeyFile(idempotencyKey: string): string {
  return OLD_PREFIX + idempotencyKey;
}

/** Owns the known pushes; both maps are in the order of last use. */
export class StoredPushes {
  readonly #pushes = new Map<string, KnownPush>();
  /** By file, those of other names. */
  readonly #others = new Map<string, { readonly offset: number; readonly seenMs: number }>();

  get(key: string): StoredPush | undefined {
    return this.#pushes.get(key);
  }

  /** Returns how far the file of a push is stored. */
  end(file: string): number {
    const [, key, content] = PUSH_FILE.exec(file) ?? [];
    if (key === undefined) return this.#others.get(file)?.offset ?? 0;
    const known = this.#pushes.get(key);
    return known !== undefined && known.content === content ? known.lineCount : 0;
  }

  set(file: string, end: number, nowMs: number): void {
    const [, key, content] = PUSH_FILE.exec(file) ?? [];
    if (key === undefined || content === undefined) setLast(this.#others, file, { offset: end, seenMs: nowMs });
    else setLast(this.#pushes, key, { content, lineCount: end, seenMs: nowMs });
  }

  expire(nowMs: number): void {
    for (const known of [this.#pushes, this.#others]) {
      for (const [name, { seenMs }] of known) {
        if (nowMs - seenMs <= IDEMPOTENCY_KEY_KEPT_MS) break;
        known.delete(name);
      }
    }
  }

  /** Returns when a push was last used; undefined when none is known. */
  get newestMs(): number | undefined {
    const last = [...this.#pushes.values()].at(-1)?.seenMs;
    return last ?? [...this.#others.values()].at(-1)?.seenMs;
  }

  save(): SavedPushes {
    return {
      pushes: [...this.#pushes].map(([key, { content, lineCount, seenMs }]) => [key, content, lineCount, seenMs]),
      keys: [...this.#others].map(([file, { offset, seenMs }]) => [file, offset, seenMs]),
    };
  }

  /** @param saved  older versions have no `pushes` */
  restore({ pushes = [], keys }: Partial<SavedPushes> & Pick<SavedPushes, 'keys'>): void {
    this.clear();
    for (const [key, content, lineCount, seenMs] of pushes) setLast(this.#pushes, key, { content, lineCount, seenMs });
    for (const [file, offset, seenMs] of keys) setLast(this.#others, file, { offset, seenMs });
  }

  clear(): void {
    this.#pushes.clear();
    this.#others.clear();
  }
}

/** Forgets the oldest beyond the limit. */
function setLast<T>(known: Map<string, T>, name: string, value: T): void {
  known.delete(name);
  known.set(name, value);
  if (known.size <= IDEMPOTENCY_KEYS_MAX) return;
  for (const oldest of known.keys()) {
    known.delete(oldest);
    break;
  }
}
